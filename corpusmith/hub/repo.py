"""A repo of a Hub: its files and tags, and calls that are retried.

huggingface_hub gives up at the first error of most calls. `Repo.call` retries what may succeed
later, and turns a refusal into an error that names the remedy.
"""

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from huggingface_hub import HfApi, constants, get_token
from huggingface_hub.errors import (
    FileMetadataError,
    HfHubHTTPError,
    HFValidationError,
    HTTPError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
)
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils import validate_repo_id

from corpusmith.errors import UserError
from corpusmith.redaction import redact

REPO_TYPES = {"dataset": "dataset", "model": "model", "space": "space", "metric": "space"}
WAITS = (0.5, 1.0, 2.0, 4.0, 8.0)  # seconds before each further try
TOO_LARGE = (
    ". A proxy before the Hub may limit the size of a request, as nginx does to 1 MB by default: "
    "set client_max_body_size 0 there."
)
ADDRESS = re.compile(r"https?://[^\s'\"]+")
Result = TypeVar("Result")


@dataclass(frozen=True)
class HubTarget:
    """The Hub, account and mode of a release. Args:
    endpoint: Address of the Hub; without it ``HF_ENDPOINT``, or huggingface.co.
    token: Without it the one that `hf auth login` stored, or ``HF_TOKEN``.
    private: Create repos as private. False also makes an existing private repo public.
    dry_run: Plan the release and write nothing.
    pull_request: Open a pull request in place of the commit and the tag.
    overwrite: Replace files that somebody edited by hand since the last release.
    """

    endpoint: str | None = None
    token: str | None = field(default=None, repr=False)
    private: bool = True
    dry_run: bool = False
    pull_request: bool = False
    overwrite: bool = False


DEFAULT_TARGET = HubTarget()


@dataclass(frozen=True)
class RemoteFile:
    """A file of a repo at `revision`. `oid` is the SHA-256 of an LFS file, else the git hash."""

    path: str
    oid: str
    size: int
    lfs: bool
    revision: str


Content = Path | bytes | RemoteFile
Files = dict[str, Content]  # of a release, by their path in the repo


@dataclass(frozen=True)
class Standing:
    """The state of a repo: its head, files, tags (name to commit) and visibility.

    Without a head there is no repo yet.
    """

    head: str | None = None
    files: Mapping[str, RemoteFile] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    private: bool = False


class Repo:
    """A repo of the Hub that `target` names, under the target's account."""

    def __init__(self, kind: str, repo_id: str, target: HubTarget = DEFAULT_TARGET):
        if kind not in REPO_TYPES:
            raise UserError(f"{kind!r} can't be published: it is one of {', '.join(REPO_TYPES)}")
        if repo_id.count("/") != 1:
            raise UserError(
                f"{repo_id!r} names no repo: give NAMESPACE/NAME, such as your-name/corpusmith-ner"
            )
        try:
            validate_repo_id(repo_id)
        except HFValidationError:
            raise UserError(
                f"{repo_id!r} is no name for a repo: letters, digits, '-', '_' and '.', at most "
                "96, "
                "without '--' or '..' and without '-' or '.' at an end"
            ) from None
        self.kind, self.type, self.id, self.target = kind, REPO_TYPES[kind], repo_id, target
        self.api = HfApi(endpoint=target.endpoint, token=target.token, library_name="corpusmith")
        if urlsplit(self.api.endpoint).scheme == "http":
            # hf-xet does not fall back to LFS on a Hub without Xet; every Hub serves LFS.
            constants.HF_HUB_DISABLE_XET = True

    @property
    def url(self) -> str:
        return f"{self.api.endpoint}/{'' if self.type == 'model' else self.type + 's/'}{self.id}"

    def standing(self, revision: str = "main") -> Standing:
        """The repo's present state, read at one commit."""
        try:
            info = self.call(
                lambda: self.api.repo_info(self.id, repo_type=self.type, revision=revision)
            )
        except RepositoryNotFoundError:
            return Standing()
        head = str(info.sha)
        listed = partial(
            self.api.list_repo_tree, self.id, recursive=True, revision=head, repo_type=self.type
        )
        files = {}
        for item in self.call(lambda: list(listed())):
            if isinstance(item, RepoFile):
                oid = item.lfs.sha256 if item.lfs else item.blob_id
                files[item.path] = RemoteFile(item.path, oid, item.size, bool(item.lfs), head)
        refs = self.call(lambda: self.api.list_repo_refs(self.id, repo_type=self.type))
        return Standing(
            head, files, {tag.name: tag.target_commit for tag in refs.tags}, bool(info.private)
        )

    def show(self) -> None:
        """Make the repo visible to everybody."""
        self.call(
            partial(
                self.api.update_repo_settings, self.id, repo_type=self.type, visibility="public"
            )
        )

    def read(self, content: "Content") -> bytes:
        """The bytes of a file, wherever it is."""
        if isinstance(content, RemoteFile):
            content = self.download(content)
        return content.read_bytes() if isinstance(content, Path) else content

    def download(self, file: RemoteFile) -> Path:
        """A local copy of a file of the repo, from the cache where it was fetched before."""
        fetch = self.api.hf_hub_download
        return Path(
            self.call(
                lambda: fetch(self.id, file.path, repo_type=self.type, revision=file.revision)
            )
        )

    def may_write(self) -> None:
        """Check early that the account may publish.

        Raises:
            UserError: no token where one is needed, one that the Hub refuses, or one that may only
            read.
        """
        token = self.api.token or get_token()
        if not token and self.api.endpoint.startswith("https:"):
            raise UserError(f"No token found. {self.remedy}")
        if not token:
            return  # a local hub may need no token; otherwise it will refuse
        access = self.call(self.api.whoami).get("auth", {}).get("accessToken", {})
        if access.get("role") == "read":
            raise UserError(
                f"The token {access.get('displayName', '')!r} may only read. {self.remedy}"
            )

    def call(self, request: Callable[[], Result]) -> Result:
        """The result of a request, retried.

        Raises:
            UserError: the Hub refuses this account or this request, or it failed each time.
            HfHubHTTPError: 404 (missing), 409 (exists already) or 412 (moved on), which callers
            handle.
        """
        try:
            return retried(request)
        except (HfHubHTTPError, RuntimeError) as caught:
            # huggingface_hub wraps errors of uploads in RuntimeError
            error = caught if isinstance(caught, HfHubHTTPError) else caught.__cause__
            if not isinstance(error, HfHubHTTPError):
                raise
            status = error.response.status_code
            if isinstance(error, RepositoryNotFoundError) or status in (404, 409, 412):
                raise error from None
            if status in (401, 403):
                raise UserError(f"The Hub refuses this account ({status}): {self.remedy}") from None
            said = redact(self.without_token(str(error))) + (TOO_LARGE if status == 413 else "")
            raise UserError(f"The Hub refuses the request ({status}): {said}") from None
        except UserError as error:
            raise UserError(self.without_token(str(error)) + self.proxy_hint(error)) from None
        except ValueError as error:  # huggingface_hub refuses an address of another host
            if not (hint := self.proxy_hint(error)):
                raise
            raise UserError(f"The answer of the Hub can't be used.{hint}") from None

    def without_token(self, text: str) -> str:
        """The text without this account's token, which a Hub may echo in an error."""
        for token in (self.api.token, get_token()):
            text = text.replace(token, "[redacted]") if isinstance(token, str) and token else text
        return text

    def proxy_hint(self, error: BaseException) -> str:
        """A hint for a Hub that hands out addresses of another host than the endpoint's."""
        cause: BaseException | None = error
        while cause is not None and getattr(cause, "_request", None) is None:
            cause = cause.__cause__
        request = getattr(cause, "_request", None)
        address = str(request.url) if request else "".join(ADDRESS.findall(str(error))[:1])
        asked = urlsplit(address).netloc
        host = urlsplit(self.api.endpoint).netloc
        if asked in ("", host) or self.api.endpoint == "https://huggingface.co":
            return ""
        return (
            f" The Hub gave out the address {asked}, not {host}. A proxy before it must set the "
            "headers Host and X-Forwarded-Proto; or start the Hub with --url."
        )

    @property
    def remedy(self) -> str:
        """The remedy for an account that may not publish."""
        if not self.api.endpoint.startswith("https://huggingface.co"):
            return (
                f"Publishing to {self.api.endpoint} needs a token that may write to "
                f"{self.id.partition('/')[0]}. Ask whoever runs this Hub for one, then set "
                "HF_TOKEN "
                "to it, or run: hf auth login"
            )
        return (
            f"Publishing to {self.api.endpoint} needs a token that may write. Make one at "
            f"{self.api.endpoint}/settings/tokens/new?tokenType=write, then run: hf auth login"
        )


def retried(call: Callable[[], Result]) -> Result:
    """The result of `call`, tried again after 429, 5xx and broken connections; it must be safe to
    repeat.

    Raises:
        UserError: the Hub failed each time.
    """
    failures = 0
    while True:
        try:
            return call()
        except (HTTPError, OSError, RuntimeError, json.JSONDecodeError) as error:
            if not passing(error):
                raise
            if failures == len(WAITS):
                raise UserError(
                    f"The Hub failed {failures + 1} times in a row, at last with: "
                    f"{redact(str(error))}. Run the same command again "
                    "later: a release resumes where it stopped."
                ) from error
            time.sleep(max(WAITS[failures], retry_after(error)))
            failures += 1


def passing(error: BaseException) -> bool:
    """Whether another try may succeed: the Hub is busy or failing, or the connection broke."""
    if isinstance(
        error, (RuntimeError, LocalEntryNotFoundError)
    ):  # huggingface_hub wraps what a transfer met
        cause = error.__cause__
        lapsed = (
            isinstance(cause, HfHubHTTPError) and cause.response.status_code == 403
        )  # an upload address is signed
        return lapsed or (cause is not None and passing(cause))
    if isinstance(error, HfHubHTTPError):
        return error.response.status_code == 429 or error.response.status_code >= 500
    # A proxy's error page is not JSON, or lacks the Hub's headers.
    return isinstance(error, (HTTPError, ConnectionError, FileMetadataError, json.JSONDecodeError))


def retry_after(error: BaseException) -> float:
    """Seconds the Hub asked to wait, at most a minute."""
    asked = (
        error.response.headers.get("Retry-After", "") if isinstance(error, HfHubHTTPError) else ""
    )
    return min(float(asked), 60.0) if asked.isdigit() else 0.0
