"""After its retention time, a planted text is in no log, file or object of the server."""

import json
import logging
import os
import subprocess
import sys
import time
import traceback
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.space.conftest import free_port

MARKER = ("Zanzibar", "7731")  # joined where it is used, so that no source file contains it

# The page as `space/app.py` runs it; on a line of input it prints the objects that hold the marker.
SERVER = """
import gc, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from corpusmith.extraction.assist.served import assisted_reader
from corpusmith.space.page import build_page, launch_options
from corpusmith.space.service import Service
from corpusmith.space.settings import read_settings
folder = Path(sys.argv[1]) / "space"
page = build_page(Service(read_settings(folder), assisted_reader))
page.launch(**launch_options(page, folder), prevent_thread_lock=True, quiet=True)
print("ready", flush=True)
for line in sys.stdin:
    gc.collect()
    marker = "-".join(("Zanzibar", "7731"))
    found = []
    for holder in gc.get_objects():
        for part in gc.get_referents(holder):
            if isinstance(part, str) and part is not marker and marker in part:
                found.append(type(holder).__name__)
            if isinstance(part, (bytes, bytearray)) and marker.encode() in part:
                found.append(type(holder).__name__)
    sessions = len(page.app.state_holder.session_data)
    print(f"sessions {sessions} found {sorted(set(found))}", flush=True)
"""


@pytest.fixture(scope="module")
def server(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("privacy")
    port = str(free_port())
    variables = {
        "GRADIO_SERVER_PORT": port,
        "GRADIO_TEMP_DIR": str(folder / "files"),
        "TMPDIR": str(folder),
        "CORPUSMITH_FORGET_AFTER": "4",
    }
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(Path.cwd())],
            env=os.environ | environment | variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            cwd=folder,
        )
        assert process.stdout is not None and process.stdin is not None
        while (line := process.stdout.readline().strip()) != "ready":
            assert line or process.poll() is None, (folder / "log.txt").read_text()

        def scan() -> str:
            process.stdin.write("scan\n")
            process.stdin.flush()
            while not (answer := process.stdout.readline()).startswith("sessions"):
                assert answer
            return answer.strip()

        yield f"http://127.0.0.1:{port}/", folder, scan
        process.terminate()
        process.wait(60)


@pytest.mark.slow
def test_planted_text_is_removed_after_its_time(server) -> None:
    import httpx

    url, folder, scan = server
    text = "-".join(MARKER) + " has asthma."
    api = httpx.Client(base_url=url + "gradio_api/", timeout=60)
    # Fetched answers and an unfetched one; arguments are missing, wrong or too many.
    for name, data in (
        ("extract", [text]),
        ("relations", [text]),
        ("batch", [[text]]),
        ("extract", [text * 4000]),
        ("extract", [[text]]),
        ("extract", [text, text]),
        ("extract", [text, "", text]),
        ("batch", [text]),
        ("extract", []),
        ("extract", [text, "", 0.5, text]),
    ):
        joined = api.post(f"call/{name}", json={"data": data}).json()
        if "event_id" in joined:
            api.get(f"call/{name}/{joined['event_id']}")
    api.post("call/extract", json={"data": [text]})
    api.post("call/v2/extract", json={"text": text, "model": text})
    # The page's own events in a session, well-formed and malformed.
    config = api.get(url + "config").json()
    for event in config["dependencies"]:
        for filler in (text, None, [text], {"text": text}, {"path": text}):
            body = {
                "data": [filler] * len(event["inputs"]),
                "fn_index": event["id"],
                "session_hash": "visitor",
            }
            api.post("queue/join" if event["queue"] else "run/predict", json=body)
    find = next(c["id"] for c in config["components"] if c["props"].get("elem_id") == "find")
    event = next(d for d in config["dependencies"] if [find, "click"] in d["targets"])
    models = ["disease", "gene"]
    body = {
        "data": [text, models, False, 0.5, "Together"],
        "fn_index": event["id"],
        "session_hash": "visitor",
    }
    api.post("queue/join", json=body)
    assert api.get("deep_link", params={"session_hash": "visitor"}).status_code == 404
    time.sleep(2)
    assert "[]" not in scan(), "the answer is in memory while the threshold needs it"
    for _ in range(30):
        time.sleep(1)
        if (answer := scan()) == "sessions 0 found []":
            break
    assert answer == "sessions 0 found []"
    marker = "-".join(MARKER).encode()
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert [path for path in files if marker in path.read_bytes()] == []


def test_log_holds_place_and_type_of_error_but_no_message(
    capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("gradio")
    from corpusmith.space import privacy

    monkeypatch.setattr(traceback, "print_exc", traceback.print_exc)
    monkeypatch.setattr(logging.Formatter, "formatException", logging.Formatter.formatException)
    privacy.log_no_messages()
    secret = "-".join(MARKER)
    try:
        json.loads(f'"{secret}')
    except ValueError as error:
        try:
            raise RuntimeError(secret) from error
        except RuntimeError:
            traceback.print_exc()
            record = logging.LogRecord("x", 40, "", 1, "failed", None, sys.exc_info())
            print(logging.Formatter().format(record))
    shown = capsys.readouterr()
    for text in (shown.err, shown.out):
        assert "RuntimeError" in text and "test_privacy.py" in text and secret not in text


def test_session_holds_no_copy_of_the_page(service) -> None:
    """Each API call is a session; copies of all components took half of the event loop's time."""
    pytest.importorskip("gradio")
    from gradio.state_holder import SessionState

    from corpusmith.space.page import build_page

    page = build_page(service)
    session = SessionState(page)
    assert len(session.blocks_config.blocks) > 20, "events find their components"
    for number in list(session.blocks_config.blocks):
        session._update_config(number)
        session._update_value_in_config(number, "-".join(MARKER))
    assert session.config_values == {}


def test_fetched_answers_are_dropped_at_once_and_others_after_an_hour() -> None:
    pytest.importorskip("gradio")
    from corpusmith.space.privacy import forget_answers

    now = time.time()
    ages = {"fetched": 0, "unfetched": 0, "old": 4000, "waiting": 4000}
    queue = SimpleNamespace(
        active_jobs=[None],
        event_queue_per_concurrency_id={
            "files": SimpleNamespace(queue=[SimpleNamespace(_id="waiting")])
        },
        event_analytics={n: {"session_hash": n, "time": now - age} for n, age in ages.items()},
        event_ids_to_events=dict(ages),
        pending_messages_per_session=dict(ages),
        pending_event_ids_session={n: {n} - {"fetched"} for n in ages},
    )
    forget_answers(queue)
    for kept in (
        queue.event_analytics,
        queue.event_ids_to_events,
        queue.pending_messages_per_session,
        queue.pending_event_ids_session,
    ):
        assert list(kept) == ["unfetched", "waiting"]
