"""The web pages: a list of repositories, and for each one its card, versions and files."""

import re
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin

import yaml
from jinja2 import Environment, FileSystemLoader
from markdown_it import MarkdownIt
from markupsafe import Markup
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from corpusmith.hub.local import collection, repos
from corpusmith.hub.local.auth import Call
from corpusmith.hub.local.objects import HubError
from corpusmith.hub.local.store import KINDS

TEMPLATES = Path(__file__).parent / "templates"
ENVIRONMENT = Environment(
    loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True
)
ENVIRONMENT.filters["yaml"] = partial(yaml.safe_dump, sort_keys=False, allow_unicode=True)
# Cards are untrusted: no scripts, and nothing from other origins.
POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


def render(template: str, call: Call, **facts: Any) -> HTMLResponse:
    text = ENVIRONMENT.get_template(template).render({"user": call.user, "call": call, **facts})
    headers = {"Content-Security-Policy": POLICY, "Referrer-Policy": "same-origin"}
    return HTMLResponse(text.encode("utf-8", "replace"), headers=headers)


def harmless(html: str) -> str:
    """Keep tags that only format and have no attributes. Turn others into text; drop comments."""
    first, *others = html.split("<!--")
    text = "".join([first, *(other.partition("-->")[2] for other in others)])
    text = text.replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"&lt;(/?(?:b|br|details|em|i|kbd|strong|sub|summary|sup))&gt;", r"<\1>", text)


def address_below(base: str, address: str) -> str:
    try:
        return address if address.startswith("#") else urljoin(base, address)
    except ValueError:  # no address at all, such as http://[
        return "#"


def card_html(markdown: str, base: str) -> Markup:
    """GitHub's Markdown as HTML. Relative addresses are files of the repository, below `base`."""
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    tokens = parser.parse(markdown)
    for token, text in zip(tokens, [*tokens[1:], *tokens[:1]], strict=True):
        if token.type == "heading_open":
            token.attrSet("id", re.sub(r"[^\w-]", "", text.content.lower().replace(" ", "-")))
        if "style" in token.attrs:  # a column's alignment, which the policy does not let through
            token.attrs["class"] = str(token.attrs.pop("style")).removeprefix("text-align:")
        for part in (token, *(token.children or [])):
            if part.type in ("html_block", "html_inline"):
                part.content = harmless(part.content)
            for attribute in part.attrs.keys() & {"src", "href"}:
                part.attrSet(attribute, address_below(base, str(part.attrs[attribute])))
    return Markup(parser.renderer.render(tokens, parser.options, {}))


def index(call: Call) -> Response:
    found = {kind: repos.visible(call, kind) for kind in KINDS}
    return render("index.html", call, found=found, collections=collection.every(call))


def repository(call: Call) -> Response:
    repo = call.repo()
    number = call.args.get("number")
    revision = f"refs/pr/{number}" if number else call.args.get("rev", "main")
    commit = repo.resolve(revision)
    folder = call.args.get("path", "").strip("/")
    shown = {
        path: entry
        for path, entry in commit.files.items()
        if not folder or path.startswith(f"{folder}/")
    }
    if not shown:
        raise HubError(404, f"{folder} is no folder at {revision}", "EntryNotFound")
    data, markdown = repos.read_card(repo, commit)
    raw = f"/{repo.url_path}/resolve/{quote(revision, safe='')}/"
    versions = [
        (name, repo.resolve(oid), message) for name, (oid, message) in repo.refs("tags").items()
    ]
    return render(
        "repo.html",
        call,
        repo=repo,
        settings=repo.settings,
        revision=revision,
        commit=commit,
        raw=raw,
        metadata=data,
        card=card_html(markdown, raw),
        files=shown,
        branches=repo.refs("heads"),
        versions=sorted(versions, key=lambda version: version[1].date, reverse=True),
        history=[*islice(repo.history(commit), 20)],
    )


def collected(call: Call) -> Response:
    return render("collection.html", call, collection=collection.find(call))


def login(call: Call) -> Response:
    if call.user is None:
        raise HubError(401, "A token is needed.")
    return RedirectResponse("/")


def refused(call: Call, error: HubError) -> Response:
    """A refusal as a page. A 401 makes the browser ask for name and password (the token)."""
    if error.status_code == 401:
        return Response(
            error.detail, 401, {"WWW-Authenticate": 'Basic realm="local Hub", charset="UTF-8"'}
        )
    response = render("refused.html", call, message=error.detail)
    response.status_code = error.status_code
    return response


def style(call: Call) -> Response:
    return FileResponse(TEMPLATES / "style.css")


def no_git(call: Call) -> Response:
    """The answer to `git clone`: git prints it."""
    repo = call.repo()
    kind = f" --repo-type {repo.kind[:-1]}" if repo.kind != "models" else ""
    text = (
        "This Hub does not speak git. Download the files with:\n"
        f"HF_ENDPOINT={call.base_url} hf download {repo.id}{kind} --local-dir "
        f"{repo.id.split('/')[1]}\n"
    )
    return Response(text, 501, media_type="text/plain")
