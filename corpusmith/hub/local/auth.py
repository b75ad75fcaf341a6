"""Identify the user of a request, and check what they may see and change.

Without a tokens file everybody is the user `local`; such a hub answers on the loopback only. The
file:

    [[user]]
    name = "ada"
    token = "hf_..."
    role = "write"          # or "read"
    orgs = ["oncology"]     # namespaces beside her own
"""

import base64
import hmac
import json
import sys
from functools import cached_property
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote

from pydantic import BaseModel, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse

from corpusmith.hub.local.cards.parse import encodable
from corpusmith.hub.local.objects import HubError
from corpusmith.hub.local.repository import Repository
from corpusmith.hub.local.store import KINDS, Store

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


class JsonAnswer(JSONResponse):
    """JSON in ASCII: it can say every string, lone surrogates included."""

    def render(self, content: Any) -> bytes:
        """Encode the content."""
        return json.dumps(content, separators=(",", ":")).encode("ascii")


class User(BaseModel, extra="forbid", frozen=True):
    name: str = Field(min_length=1)
    token: str = Field(min_length=8)
    role: Literal["read", "write"] = "read"
    orgs: tuple[str, ...] = ()

    def belongs_to(self, namespace: str) -> bool:
        return self is LOCAL or namespace in (self.name, *self.orgs)


class TokensFile(BaseModel, extra="forbid"):
    user: list[User] = Field(min_length=1)


LOCAL = User(name="local", token="any-token", role="write")


def read_users(tokens_file: Path) -> list[User]:
    """Raises ValueError that names the file and the entry that is wrong, and no token."""
    try:
        return TokensFile.model_validate(tomllib.loads(tokens_file.read_text("utf-8"))).user
    except ValidationError as error:
        wrong = [f"{'.'.join(map(str, found['loc']))}: {found['msg']}" for found in error.errors()]
        raise ValueError(f"{tokens_file}: {'; '.join(wrong)}") from None
    except (OSError, ValueError) as error:
        raise ValueError(f"{tokens_file}: {error}") from None


class Call:
    """One request, with the user who sends it and the repository that it names."""

    def __init__(self, request: Request, raw_body: bytes = b""):
        self.request, self.raw_body = request, raw_body
        self.query = request.query_params
        self.base_url = request.app.state.url or str(request.base_url).rstrip("/")
        self.args = {name: unquote(value) for name, value in request.path_params.items()}
        self.store: Store = request.app.state.store

    @cached_property
    def user(self) -> User | None:
        """The user of the token; None without one. Raises 401 for an unknown token."""
        users: list[User] | None = self.request.app.state.users
        scheme, _, token = self.request.headers.get("authorization", "").partition(" ")
        if users is None or not scheme:
            return LOCAL if users is None else None
        # `Bearer` is what the libraries send; `Basic`, with the token as the password, is what a
        # browser can.
        sent = (
            base64.b64decode(token).partition(b":")[2]
            if scheme.lower() == "basic"
            else token.strip().encode()
        )
        for user in users:
            if hmac.compare_digest(user.token.encode(), sent):
                return user
        raise HubError(
            401, "Invalid credentials: set HF_TOKEN to a token from this Hub's tokens file."
        )

    @property
    def body(self) -> dict[str, Any]:
        """The body as a JSON object."""
        body = json.loads(self.raw_body or b"{}")
        if not isinstance(body, dict):
            raise ValueError("the body is no JSON object")
        return body

    def text(self, name: str, default: str | None = None) -> str:
        """A string of the body.

        Raises 400 if it is something else, or missing without a default.
        """
        value = self.body.get(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, str):
            raise HubError(400, f'"{name}" must be a string.')
        return encodable(value)

    def number(self, name: str, default: int) -> int:
        """A whole number of the query that is not negative."""
        value = self.query.get(name, str(default))
        if not (value.isascii() and value.isdigit() and len(value) < 10):
            raise HubError(400, f'"{name}" must be a whole number.')
        return int(value)

    def flag(self, name: str) -> bool:
        return self.query.get(name, "").lower() in ("true", "1")

    def sees(self, namespace: str, private: bool) -> bool:
        user = self.user  # checked first: a wrong token is refused even if none is needed
        return not private or (user is not None and user.belongs_to(namespace))

    def writer(self, namespace: str) -> str:
        """The name of the user who asks, if they may change what is in `namespace`."""
        if self.user is None:
            raise HubError(
                401, "This needs a token: set HF_TOKEN to one from this Hub's tokens file."
            )
        if self.user.role != "write" or not self.user.belongs_to(namespace):
            raise HubError(
                403,
                f"{self.user.name} has no right to write to {namespace}: that takes role = "
                f'"write" and {namespace} among the orgs in this Hub\'s tokens file.',
            )
        return self.user.name

    @property
    def addressed(self) -> Repository:
        """The repository that the path names, which may not exist."""
        first = self.request.url.path.split("/")[1]
        kind = self.args.get("kind") or (first if first in KINDS else "models")
        return self.store.repo(kind, f"{self.args['namespace']}/{self.args['name']}")

    def repo(self, write: bool = False, named: Repository | None = None) -> Repository:
        """The repository that the path or the body names.

        Raises 404 if the user may not see it, as for a repository that is not there, and 401 or
        403 if they may not change it but `write` is wanted.
        """
        repo = named or self.addressed
        if not repo.exists or not self.sees(repo.namespace, repo.settings["private"]):
            raise HubError(404, "Repository not found", "RepoNotFound")
        if write:
            self.writer(repo.namespace)
        return repo

    def sign(self, *what: str) -> str:
        """The signature of an upload's address.

        The upload itself comes without the user's token.
        """
        return hmac.new(
            self.request.app.state.secret, json.dumps(what).encode(), "sha256"
        ).hexdigest()

    def signed_repo(self, signature: str, *what: str) -> Repository:
        """The repository of an upload. Raises 403 if this hub did not give out the address."""
        repo = self.addressed
        if not repo.exists or not hmac.compare_digest(
            self.sign(repo.url_path, *what).encode(), signature.encode()
        ):
            raise HubError(403, "This address was not given out by this hub.")
        return repo
