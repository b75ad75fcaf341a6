"""A minute of generated requests to every endpoint: no 5xx answer, and the page still runs.
CORPUSMITH_FUZZ_SECONDS=600 makes the run longer.
"""

import json
import os
import random
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.slow
SECONDS = float(os.environ.get("CORPUSMITH_FUZZ_SECONDS", 60))

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=[]), max_size=40)
    | st.sampled_from(["asthma", "", "disease", "gene", "Together", "Side by side", "../x", "\0"])
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["path", "meta", "text", "_type", "url"]), inner)
    ),
    max_leaves=8,
)
files = st.sampled_from(
    [
        b"text\nasthma\n",
        b"id,text\n1\n",
        b'{"text": "asthma"}\n',
        b"\xff\xfe\x00",
        b'text\n"open',
        b"",
    ]
) | st.binary(max_size=60)


@st.composite
def requests(draw: st.DrawFn, events: list[dict[str, Any]]) -> tuple[str, str, Any]:
    """(method, path, body) of a request: mostly well-formed, with wrong values."""
    kind = draw(st.sampled_from(["call", "v2", "run", "join", "raw", "get", "mcp"]))
    name = draw(st.sampled_from(["extract", "relations", "batch", "none", "predict", ""]))
    data = draw(st.lists(values, max_size=6))
    if kind == "call":
        return "POST", f"call/{name}", {"data": data}
    if kind == "v2":
        known = st.sampled_from(["text", "texts", "model", "threshold", "oauth_token", "x"])
        return "POST", f"call/v2/{name}", draw(st.dictionaries(known, values))
    event = draw(st.sampled_from(events))
    fitting = [draw(values) for _ in event["inputs"]]
    body = {
        "data": draw(st.sampled_from([data, fitting])),
        "fn_index": draw(st.sampled_from([event["id"], -1, 10**9, "1", None, True, 1.5])),
        "session_hash": draw(st.sampled_from(["a", "b", None, "\0", 7])),
    } | draw(st.dictionaries(st.sampled_from(["event_data", "trigger_id", "api_name"]), values))
    if kind in ("run", "join"):
        return "POST", draw(st.sampled_from(["run/predict", f"run/{name}", "queue/join"])), body
    if kind == "mcp":
        call = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": draw(st.sampled_from(["tools/call", "tools/list", "initialize", "x"])),
            "params": draw(values),
        }
        return "POST", "mcp/", draw(st.sampled_from([call, call | {"id": None}, draw(values)]))
    if kind == "raw":
        path = draw(st.sampled_from(["call/extract", "queue/join", "cancel", "reset", "upload"]))
        return "POST", path, draw(files)
    path = draw(
        st.sampled_from(["info", "openapi.json", "config", "heartbeat", "queue/status", "startup"])
        | st.text(st.sampled_from("abc/.%0=_-"), max_size=20)
        | st.sampled_from(["file=/etc/passwd", "call/extract/x", "deep_link", "file=%00", "user"])
    )
    return "GET", path, None


def test_no_request_is_answered_with_5xx(app) -> None:  # app: a running page
    import httpx

    client = httpx.Client(base_url=app.url + "gradio_api/", timeout=httpx.Timeout(20, read=20))
    config = client.get(app.url + "config").json()
    events = config["dependencies"]
    assert len(events) > 10
    until = time.monotonic() + SECONDS
    seen: dict[int, int] = {}

    @settings(
        max_examples=200,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(requests(events))
    def answered(request: tuple[str, str, Any]) -> None:
        method, path, body = request
        headers = {"accept": "application/json, text/event-stream"}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        if method == "POST":
            headers["content-type"] = "application/json"
        with client.stream(
            method, path, content=content if method == "POST" else None, headers=headers
        ) as answer:
            status = answer.status_code
            streams = "text/event-stream" in answer.headers.get("content-type", "")
            if not streams:
                answer.read()
        seen[status] = seen.get(status, 0) + 1
        full = status == 503 and b"waiting" in answer.content
        assert status < 500 or full, (request, "" if streams else answer.text[:300])

    while time.monotonic() < until:
        answered()
    assert seen.get(200, 0) > 50 and seen.get(422, 0) > 50, seen
    assert app.alive()
    again = client.post("call/extract", json={"data": ["asthma"]}).json()["event_id"]
    assert "MESH:D001249" in client.get(f"call/extract/{again}").text


def test_no_upload_is_answered_with_5xx(app) -> None:  # app: a running page
    import httpx

    client = httpx.Client(base_url=app.url + "gradio_api/", timeout=60)
    config = client.get(app.url + "config").json()
    file = next(
        c["id"]
        for c in config["components"]
        if c["type"] == "file" and c["props"].get("label") == "File"
    )
    look = next(d["id"] for d in config["dependencies"] if [file, "upload"] in d["targets"])
    dice = random.Random(7)
    until = time.monotonic() + SECONDS / 6
    parts = [*b',\t"\n\r{}[]: \xff\0', *b"=+-@"]
    words = [b"text", b"id", b"asthma", b"null", "é".encode(), "\u2028".encode()]
    alphabet = [*(bytes([part]) for part in parts), *words]
    count = 0
    while time.monotonic() < until:
        content = b"".join(dice.choices(alphabet, k=dice.randrange(40)))
        name = "a" + dice.choice([".csv", ".tsv", ".jsonl", ".txt", "", ".exe", ".CSV"])
        uploaded = client.post("upload", files={"files": (name, content)})
        assert uploaded.status_code < 500, (name, content, uploaded.text)
        if uploaded.status_code == 200:
            data = {"path": uploaded.json()[0], "meta": {"_type": "gradio.FileData"}}
            body = {"data": [data], "fn_index": look, "session_hash": "fuzz"}
            answer = client.post("run/predict", json=body)
            assert answer.status_code < 500, (name, content, answer.text)
            count += 1
    assert count > 20 and app.alive()
