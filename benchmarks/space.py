"""How fast the Space answers: alone, and with visitors, queued files and a hostile CSV at once.

    python -m benchmarks.space --ner models/disease --relation models/gad --json space.json
    python -m benchmarks.space --ner models/disease --files 3 --visitors 4 --rounds 2    # quick

`server_p50_ms` is `Service.extract` on one sentence by all models, `end_to_end_p50_ms` the same
by `/extract` over HTTP. `p95_ms` and `failed` are of `--visitors` at once, who ask `--rounds`
times and pause `--pause` seconds after each answer. Meanwhile `--files` files of `--rows` rows
wait in the queue, and somebody uploads a CSV of 2.4 million columns again and again.
`memory_*_mb` is the resident memory of the server: after the first questions, at its peak, and a
minute and a half after the last answer. `load` is the machine's at the end of the visits. The peer
is transformers' `pipeline` (PyTorch, fp32, two threads) in turn on the same sentences: `ratio` is
its median over that of the first model here. Without weights in its folder there is no peer.
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[1]
sys.path[0] = str(ROOT)  # in place of this file's folder

from corpusmith.space.service import Service  # noqa: E402
from corpusmith.space.settings import read_settings  # noqa: E402

SENTENCES = [
    "Variants of MSH6 were found in most families with endometrial cancer.",
    "Cyclosporine was stopped because of hypertension, which then receded.",
    "Both siblings had tremor, raised liver enzymes and a frameshift in ATP7B.",
    "Supernatants were kept at four degrees and measured within a day.",
    "No link between the APOE genotype and migraine was seen in either cohort.",
]
TURNS = 60  # sentences timed alone
REST = 90  # seconds until memory is measured again
HOSTILE = b",".join([b"c"] * 2_400_000)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--ner", required=True, help="models, separated by commas")
    parser.add_argument("--relation", default="", help="a relation model")
    parser.add_argument("--files", type=int, default=65, help="files that wait in the queue")
    parser.add_argument("--rows", type=int, default=50, help="rows of each file")
    parser.add_argument("--visitors", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--pause", type=float, default=3, help="seconds between a visitor's texts")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    environment = {
        "CORPUSMITH_NER_MODELS": options.ner,
        "CORPUSMITH_RELATION_MODEL": options.relation,
    }
    figures = in_process(Service(read_settings(ROOT / "space", environment)))
    with running_app(environment) as (url, process, started):
        figures |= {"start_seconds": started} | over_http(url, process.pid, options)
    print(*(f"{name:28} {figure:,.4g}" for name, figure in figures.items()), sep="\n")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


def in_process(service: Service) -> dict[str, float]:
    """Medians of one sentence at a time, ours and the peer's in turn."""
    first = next(iter(service.extractors))
    peer = pipeline_of(service.folders[first])
    timed: dict[str, list[float]] = {"server": [], "one model": [], "peer": []}
    for turn in range(TURNS + 5):
        sentence = SENTENCES[turn % len(SENTENCES)]
        calls: dict[str, Callable[[], Any]] = {
            "server": partial(service.extract, sentence),
            "one model": partial(service.extract, sentence, first),
        }
        if peer:
            calls["peer"] = partial(peer, sentence)
        for name, call in calls.items():
            begun = time.perf_counter()
            call()
            if turn >= 5:  # the first ones warm up
                timed[name].append(1000 * (time.perf_counter() - begun))
    figures = {
        "server_p50_ms": statistics.median(timed["server"]),
        "one_model_p50_ms": statistics.median(timed["one model"]),
    }
    if peer:
        figures["pipeline_p50_ms"] = statistics.median(timed["peer"])
        figures["ratio"] = figures["pipeline_p50_ms"] / figures["one_model_p50_ms"]
    return figures


def pipeline_of(folder: Path) -> Callable[[str], Any] | None:
    if not find_spec("transformers") or not (folder / "model.safetensors").exists():
        return None
    import torch
    from transformers import pipeline

    torch.set_num_threads(2)
    return pipeline("token-classification", model=str(folder), aggregation_strategy="first")


@contextmanager
def running_app(
    environment: dict[str, str],
) -> Iterator[tuple[str, subprocess.Popen, float]]:
    """The page as a process of its own, and how many seconds it took to answer."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url, begun = f"http://127.0.0.1:{port}/", time.monotonic()
    with tempfile.TemporaryDirectory() as uploads, open(os.devnull, "wb") as silence:
        variables = (
            os.environ | environment | {"GRADIO_SERVER_PORT": str(port), "GRADIO_TEMP_DIR": uploads}
        )
        process = subprocess.Popen(
            [sys.executable, ROOT / "space/app.py"], env=variables, stdout=silence
        )
        try:
            while True:
                try:
                    httpx.get(url, timeout=30)
                    break
                except httpx.TransportError:
                    if process.poll() is not None:
                        raise SystemExit("the app did not start; see above") from None
                    time.sleep(0.1)
            yield url, process, time.monotonic() - begun
        finally:
            process.terminate()
            process.wait(30)


def over_http(url: str, pid: int, options: argparse.Namespace) -> dict[str, float]:
    with httpx.Client(base_url=url, timeout=120) as client:
        alone = [ask(client, SENTENCES[turn % len(SENTENCES)]) for turn in range(TURNS + 5)][5:]
    at_start = memory(pid)
    files = [FileVisitor(url, options.rows) for _ in range(options.files)]
    done = threading.Event()
    peaks: list[float] = []
    with (
        ThreadPoolExecutor(options.files + 2) as threads,
        ProcessPoolExecutor(1, get_context("spawn")) as machine,
    ):
        watching = threads.submit(watch_memory, pid, done, peaks)
        hostile = threads.submit(upload_again_and_again, url, done)
        reading = [threads.submit(file.read) for file in files]
        for file in files:
            file.joined.wait(300)
        visits = machine.submit(visit_together, url, options).result()
        still_reading = sum(not future.done() for future in reading)
        finished = [future.result() for future in reading]
        load = os.getloadavg()[0]
        done.set()
        watching.result()
        hostile_calls = hostile.result()
    time.sleep(REST)
    answered = [milliseconds for visited in visits for milliseconds in visited]
    times = [milliseconds for milliseconds in answered if milliseconds is not None]
    return {
        "load": load,
        "end_to_end_p50_ms": statistics.median(t for t in alone if t is not None),
        "visitors": options.visitors,
        "p50_ms": statistics.median(times),
        "p95_ms": statistics.quantiles(times, n=20)[-1],
        "failed": len(answered) - len(times),
        "files": options.files,
        "files_finished": sum(finished),
        "files_left_after_visitors": still_reading,
        "hostile_uploads": hostile_calls,
        "memory_start_mb": at_start,
        "memory_peak_mb": max(peaks),
        "memory_after_mb": memory(pid),
    }


def memory(pid: int) -> float:
    """Resident megabytes of a process (Linux)."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def watch_memory(pid: int, done: threading.Event, peaks: list[float]) -> None:
    while not done.is_set():
        peaks.append(memory(pid))
        time.sleep(0.05)


def upload_again_and_again(url: str, done: threading.Event) -> int:
    """Upload the hostile CSV and have it checked, until `done`; how many times."""
    calls = 0
    with httpx.Client(base_url=url, timeout=300) as client:
        _, look = component_event(client, "file", "File", "upload")
        while not done.is_set():
            file = uploaded(client, "h.csv", HOSTILE)
            asked = {"data": [file], "fn_index": look, "session_hash": f"hostile-{calls}"}
            answer = client.post("gradio_api/run/predict", json=asked)
            if "line of column names is longer" not in answer.text:
                raise SystemExit(f"the hostile CSV was not refused: {answer.text[:200]}")
            calls += 1
    return calls


def uploaded(client: httpx.Client, name: str, content: bytes) -> dict[str, Any]:
    path = client.post("gradio_api/upload", files={"files": (name, content)}).json()[0]
    return {"path": path, "orig_name": name, "meta": {"_type": "gradio.FileData"}}


def component_event(client: httpx.Client, kind: str, label: str, event: str) -> tuple[int, int]:
    """Ids of a component and of what runs on its event."""
    config = client.get("config").json()
    found = next(
        c["id"]
        for c in config["components"]
        if c["type"] == kind and label in (c["props"].get("label"), c["props"].get("elem_id"))
    )
    return found, next(d["id"] for d in config["dependencies"] if [found, event] in d["targets"])


def visit_together(url: str, options: argparse.Namespace) -> list[list[float | None]]:
    """All visits, in a process of their own: they don't wait for the uploaders' threads."""
    with ThreadPoolExecutor(options.visitors) as threads:
        visiting = partial(visit, url, options=options)
        return list(threads.map(visiting, range(options.visitors)))


def visit(url: str, number: int, options: argparse.Namespace) -> list[float | None]:
    """One visitor's questions, with a pause to read each answer."""
    answers: list[float | None] = []
    time.sleep(options.pause * number / options.visitors)
    # The server closes idle connections, and httpx does not open them again as browsers do.
    limits = httpx.Limits(max_keepalive_connections=0)
    with httpx.Client(base_url=url, timeout=120, limits=limits) as client:
        for turn in range(options.rounds):
            answers.append(ask(client, SENTENCES[(number + turn) % len(SENTENCES)]))
            time.sleep(options.pause)
    return answers


def ask(client: httpx.Client, text: str) -> float | None:
    """Milliseconds from asking `/extract` to the last byte of its answer; None when it failed."""
    begun = time.perf_counter()
    asked = client.post("gradio_api/call/extract", json={"data": [text, "", 0.5]}).json()
    event = asked.get("event_id")
    answer = client.get(f"gradio_api/call/extract/{event}").text
    return 1000 * (time.perf_counter() - begun) if "event: complete" in answer else None


class FileVisitor:
    """A visitor who uploads a file and presses "Read the file", as the browser does."""

    def __init__(self, url: str, rows: int) -> None:
        self.url = url
        self.rows = rows
        self.joined = threading.Event()

    def read(self) -> bool:
        """Whether the file was read to its end."""
        session = f"file-{id(self)}"
        with httpx.Client(base_url=self.url, timeout=None) as client:
            config = client.get("config").json()
            _, event_id = component_event(client, "button", "read-file", "click")
            event = next(d for d in config["dependencies"] if d["id"] == event_id)
            models = next(c for c in config["components"] if c["id"] == event["inputs"][2])
            lines = "\n".join(
                f"Row {number}: {SENTENCES[number % len(SENTENCES)]}" for number in range(self.rows)
            )
            file = uploaded(client, "r.txt", lines.encode())
            inputs = [file, "text", models["props"]["value"], 0.5]
            asked = {"data": inputs, "fn_index": event_id, "session_hash": session}
            joined = client.post("gradio_api/queue/join", json=asked)
            self.joined.set()
            if joined.status_code != 200:
                return False
            answer = {"url": "gradio_api/queue/data", "params": {"session_hash": session}}
            with client.stream("GET", **answer) as stream:
                for line in stream.iter_lines():
                    if "process_completed" in line:
                        return '"success":true' in line.replace(" ", "")
        return False


if __name__ == "__main__":
    main()
