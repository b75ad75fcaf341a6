"""Call the named endpoints of the running page with `gradio_client` and an MCP client."""

import asyncio
import json
import urllib.error
import urllib.request
from typing import Any

import pytest

pytestmark = pytest.mark.slow
TEXT = "BRCA1 causes asthma."


@pytest.fixture(scope="module")
def client(app) -> Any:
    from gradio_client import Client

    return Client(app.url, verbose=False)


def test_extract(client: Any) -> None:
    found = client.predict(TEXT, api_name="/extract")
    assert [(m["text"], m["start"], m["end"], m["label"]) for m in found] == [
        ("BRCA1", 0, 5, "Gene"),
        ("asthma", 13, 19, "Disease"),
    ]
    assert found[1]["concept_url"] == "https://identifiers.org/MESH:D001249"
    assert client.predict(TEXT, model="gene", threshold=0.9, api_name="/extract") == found[:1]


def test_relations(client: Any) -> None:
    pairs = client.predict(TEXT, api_name="/relations")
    assert [(p["head"]["text"], p["tail"]["text"], p["label"]) for p in pairs] == [
        ("BRCA1", "asthma", "related")
    ]


def test_batch(client: Any) -> None:
    documents = client.predict([TEXT, "", "Nothing."], api_name="/batch")
    assert [[m["text"] for m in document["mentions"]] for document in documents] == [
        ["BRCA1", "asthma"],
        [],
        [],
    ]


def test_only_three_endpoints_are_offered_with_types(client: Any) -> None:
    described = client.view_api(return_format="dict")["named_endpoints"]
    assert set(described) == {"/extract", "/relations", "/batch"}
    extract = described["/extract"]
    assert [p["type"]["type"] for p in extract["parameters"]] == [
        *("string", "string", "number", "boolean")
    ]
    assert set(extract["returns"][0]["type"]["items"]["properties"]) >= {
        "start",
        "end",
        "label",
        "score",
    }


def test_error_message_reaches_the_caller(client: Any) -> None:
    from gradio_client.exceptions import AppError

    with pytest.raises(AppError, match="There is no text yet"):
        client.predict("  ", api_name="/extract")
    with pytest.raises(AppError, match="no such model"):
        client.predict(TEXT, model="bert-base-uncased", api_name="/extract")


def test_mcp_tools_are_described_and_answer(app) -> None:
    from mcp import ClientSession
    from mcp.client.streamable_http import streamable_http_client

    async def talk() -> tuple[dict, list]:
        async with (
            streamable_http_client(app.url + "gradio_api/mcp/") as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            tools = {tool.name: tool for tool in (await session.list_tools()).tools}
            calls = {
                "extract": {"text": TEXT},
                "relations": {"text": TEXT},
                "batch": {"texts": [TEXT]},
            }
            names = {name: next(n for n in tools if n.endswith(name)) for name in calls}
            return tools, [await session.call_tool(names[name], calls[name]) for name in calls]

    tools, answers = asyncio.run(talk())
    assert len(tools) == 3
    for tool in tools.values():
        assert tool.description.startswith("Find the")
        assert all(about.get("description") for about in tool.inputSchema["properties"].values())
    assert [answer.isError for answer in answers] == [False] * 3
    contents = [json.loads(answer.content[0].text) for answer in answers]
    assert [m["text"] for m in contents[0]] == ["BRCA1", "asthma"]
    assert contents[1][0]["tail"]["text"] == contents[2][0]["mentions"][1]["text"] == "asthma"


def test_path_sent_by_visitor_is_not_read(app) -> None:
    """The events of the Files tab accept only files uploaded here, for any client."""
    config = json.load(urllib.request.urlopen(app.url + "config"))
    events = [
        d
        for d in config["dependencies"]
        if any("upload" in str(t) or "change" in str(t) for t in d["targets"])
    ]
    assert events
    for event in events:
        for path in ("/etc/passwd", "../../../../etc/passwd", "space/app.py"):
            file = {"path": path, "meta": {"_type": "gradio.FileData"}}
            body = json.dumps(
                {"data": [file], "fn_index": event["id"], "session_hash": "visitor"}
            ).encode()
            request = urllib.request.Request(
                app.url + "gradio_api/run/predict", body, {"Content-Type": "application/json"}
            )
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(request)
            assert b"root:" not in refused.value.read()
    for address in (
        "gradio_api/file=/etc/passwd",
        "gradio_api/file=space/app.py",
        "gradio_api/file=../README.md",
    ):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(app.url + address)
        assert refused.value.code in (403, 404)


def test_text_is_not_logged(app, client: Any) -> None:
    from gradio_client.exceptions import AppError

    secret = "Zanzibar-7731"
    client.predict(f"{secret} has asthma.", api_name="/extract")
    with pytest.raises(AppError):
        client.predict(f"{secret}" * 4000, api_name="/extract")
    assert secret not in app.log.read_text()
    uploads = app.log.parent / "uploads"
    assert not any(
        secret in path.read_text(errors="ignore") for path in uploads.rglob("*") if path.is_file()
    )
