"""Random requests to every endpoint of the local Hub: no 500 and no dropped connection."""

import json
import os
import time

import pytest
from huggingface_hub import HfApi
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpusmith.hub.local.server import API, BESIDE_REPO
from tests.hub import http

pytestmark = pytest.mark.slow
SECONDS = float(os.environ.get("CORPUSMITH_FUZZ_SECONDS", "60"))
ROUTES = [(method, path) for method, path, _ in API]
ROUTES += [
    (method, prefix + "/{namespace}/{name}" + path)
    for method, path, _ in BESIDE_REPO
    for prefix in ("", "/datasets")
]
KNOWN = {
    "kind": ["models", "datasets", "spaces"],
    "namespace": ["lab"],
    "name": ["notes", "other"],
    "rev": ["main", "HEAD", "v1", "refs%2Fpr%2F1", "refs%2Fheads%2Fmain"],
    "number": ["1", "2"],
    "branch": ["main", "dev"],
    "path:path": ["README.md", "data", "data/a.txt"],
}
KEYS = [
    *("name", "organization", "type", "visibility", "private", "sdk", "fromRepo", "toRepo"),
    *("content", "repoType", "title", "namespace", "description", "item", "id", "note", "tag"),
    *("message", "startingPoint", "gated", "files", "path", "sample", "size", "objects", "oid"),
    *("key", "value", "summary", "parentCommit", "encoding", "algo", "paths", "expand"),
    *("pullRequest", "operation"),
]
text = st.one_of(
    st.sampled_from(
        ["lab/notes", "lab", "notes", "model", "dataset", "main", "v1", "a" * 64, "\ud800"]
    ),
    st.text(max_size=20),
    st.text(st.characters(categories=["Cs", "Cc", "Nd"]), max_size=5),
)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), text),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)
    ),
    max_leaves=12,
)
bodies = st.one_of(
    st.dictionaries(st.sampled_from(KEYS), values, max_size=8).map(json.dumps),
    st.lists(
        st.fixed_dictionaries(
            {
                "key": st.sampled_from(["header", "file", "lfsFile", "deletedFile", "x"]),
                "value": st.dictionaries(st.sampled_from(KEYS), values, max_size=5),
            }
        ),
        max_size=4,
    ).map(lambda lines: "\n".join(map(json.dumps, lines))),
    values.map(json.dumps),
    st.binary(max_size=200).map(lambda raw: raw.decode("latin-1")),
    st.builds("---\n{}\n---\n".format, st.text(max_size=80)).map(
        lambda card: json.dumps({"content": card, "repoType": "model"})
    ),
)


def quoted(raw: str) -> str:
    from urllib.parse import quote

    return quote(raw, safe="%/", errors="surrogatepass")


@st.composite
def requests(draw) -> tuple[str, str, str, dict[str, str]]:
    """(method, path with query, body, headers)"""
    method, path = draw(st.sampled_from(ROUTES))
    for name, known in KNOWN.items():
        if f"{{{name}}}" in path:
            path = path.replace(f"{{{name}}}", draw(st.sampled_from(known) | text.map(quoted)))
    while "{" in path:
        start, end = path.index("{"), path.index("}")
        path = path[:start] + quoted(draw(text)) + path[end + 1 :]
    query = draw(
        st.dictionaries(
            st.sampled_from(
                [
                    "limit",
                    "cursor",
                    "sort",
                    "filter",
                    "search",
                    "expand",
                    "recursive",
                    "p",
                    "size",
                    "status",
                    "signature",
                    "create_pr",
                    "gated",
                    "owner",
                    "item",
                    "author",
                ]
            ),
            st.sampled_from(["1", "-1", "x", "true", "%00", "9" * 30, "lab"]),
            max_size=3,
        )
    )
    asked = "&".join(f"{key}={value}" for key, value in query.items())
    headers = draw(
        st.dictionaries(
            st.sampled_from(["Accept", "Content-Type", "Range", "Authorization"]),
            st.sampled_from(["text/html", "application/json", "bytes=5-1", "Basic x", "Bearer é"]),
            max_size=2,
        )
    )
    return method, f"{path}?{asked}" if asked else path, draw(bodies), headers


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory):
    from tests.fixtures.hub import Loopback

    server = Loopback(tmp_path_factory.mktemp("fuzzed"))
    yield server
    server.stop()


def is_timeout(error: BaseException) -> bool:
    """Whether the time is over: hypothesis may put several timeouts into one group."""
    if isinstance(error, TimeoutError):
        return True
    inside = getattr(error, "exceptions", ())
    return bool(inside) and all(map(is_timeout, inside))


def test_random_requests_never_cause_a_500(fuzzed) -> None:
    api = HfApi(endpoint=fuzzed.url, token="any-token")
    deadline, seen = time.monotonic() + SECONDS, set()

    @settings(
        max_examples=10**6,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    @given(requests())
    def send(request: tuple[str, str, str, dict[str, str]]) -> None:
        method, path, body, headers = request
        if time.monotonic() > deadline:
            raise TimeoutError
        if len(seen) % 50 == 0:
            for name in ("notes", "other"):  # a random request may delete or move them
                api.create_repo(f"lab/{name}", exist_ok=True)
        seen.add((method, path, body))
        content = body.encode("utf-8", "surrogatepass")
        sent = {key: value.encode("latin-1") for key, value in headers.items()}
        answer = http._client.request(
            method,
            f"{fuzzed.url}{path}",
            content=None if method == "GET" else content,
            headers=sent,
        )
        assert answer.status_code < 500 or "info/refs" in path, (request, answer.text)

    try:
        send()
    except BaseException as error:
        if not is_timeout(error):
            raise
    assert len(seen) > 200, "requests were sent"
