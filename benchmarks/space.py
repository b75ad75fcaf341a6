"""How fast the Space answers: one sentence in the server, one over HTTP, and twenty visitors beside a large file.

    python benchmarks/space.py --ner models/disease,models/gene --relation models/gad --json space.json
    python benchmarks/space.py --ner models/disease --rows 500 --visitors 4 --rounds 2       (a quick look)

`server_p50_ms` is `Service.extract` on one sentence by all models given; `end_to_end_p50_ms` is the same by `/extract`
over HTTP; `p95_ms` and `failed` are of `--visitors` at once, each `--rounds` times, while the Files tab reads `--rows`
rows for somebody else. The peer is transformers' `pipeline` (PyTorch, fp32, two threads), in turn on the same
sentences: `ratio` is its median over that of the first model here. Where the weights are missing, so is it.
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
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[1]
sys.path[0] = str(
    ROOT
)  # Python puts this file's folder there, and would take this file for the package `space`

from corpusmith.space.about import TEXT_EXAMPLES  # noqa: E402
from corpusmith.space.service import Service  # noqa: E402
from corpusmith.space.settings import read_settings  # noqa: E402

SENTENCES = [part.rstrip(".") + "." for _, text in TEXT_EXAMPLES for part in text.split(". ")]
TURNS = 60  # sentences timed alone


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--ner", required=True, help="model folders or Hub ids, separated by commas"
    )
    parser.add_argument("--relation", default="", help="a relation model")
    parser.add_argument("--rows", type=int, default=5_000)
    parser.add_argument("--visitors", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()

    environment = {
        "CORPUSMITH_NER_MODELS": options.ner,
        "CORPUSMITH_RELATION_MODEL": options.relation,
    }
    figures = in_process(Service(read_settings(ROOT / "space", environment)))
    with running_app(environment) as (url, started):
        figures |= {"start_seconds": started} | over_http(
            url, options.rows, options.visitors, options.rounds
        )
    for name, figure in figures.items():
        print(f"{name:28} {figure:,.4g}")
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
def running_app(environment: dict[str, str]) -> Iterator[tuple[str, float]]:
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
            yield url, time.monotonic() - begun
        finally:
            process.terminate()
            process.wait(30)


def over_http(url: str, rows: int, visitors: int, rounds: int) -> dict[str, float]:
    with httpx.Client(base_url=url, timeout=120) as client:
        alone = [ask(client, SENTENCES[turn % len(SENTENCES)]) for turn in range(TURNS + 5)][5:]
    file = FileVisitor(url, rows)
    file.begin()
    with ThreadPoolExecutor(visitors) as threads:
        visits = list(threads.map(lambda number: visit(url, number, rounds), range(visitors)))
    answered = [milliseconds for visited in visits for milliseconds in visited]
    times = [milliseconds for milliseconds in answered if milliseconds is not None]
    still_reading = file.reading()
    seconds, finished = file.finish()
    return {
        "end_to_end_p50_ms": statistics.median(t for t in alone if t is not None),
        "visitors": visitors,
        "p50_ms": statistics.median(times),
        "p95_ms": statistics.quantiles(times, n=20)[-1],
        "failed": len(answered) - len(times),
        "file_rows": rows,
        "file_seconds": seconds,
        "file_outlasted_visitors": float(still_reading),
        "file_finished": float(finished),
    }


def visit(url: str, number: int, rounds: int) -> list[float | None]:
    """One visitor's questions, one after the other."""
    with httpx.Client(base_url=url, timeout=120) as client:
        return [ask(client, SENTENCES[(number + turn) % len(SENTENCES)]) for turn in range(rounds)]


def ask(client: httpx.Client, text: str) -> float | None:
    """Milliseconds from asking `/extract` to the last byte of its answer; None when it failed."""
    begun = time.perf_counter()
    event = (
        client.post("gradio_api/call/extract", json={"data": [text, "", 0.5]})
        .json()
        .get("event_id")
    )
    answer = client.get(f"gradio_api/call/extract/{event}").text
    return 1000 * (time.perf_counter() - begun) if "event: complete" in answer else None


class FileVisitor:
    """Somebody who uploads a file on the Files tab and presses "Read the file", by what the browser would send."""

    def __init__(self, url: str, rows: int) -> None:
        self.client = httpx.Client(base_url=url, timeout=None)
        self.rows = rows
        self.thread = threading.Thread(target=self._watch)
        self.last = ""

    def begin(self) -> None:
        """Upload and start; returns when the first report of progress is there."""
        config = self.client.get("config").json()
        button = next(
            c["id"] for c in config["components"] if c["props"].get("elem_id") == "read-file"
        )
        event = next(d for d in config["dependencies"] if [button, "click"] in d["targets"])
        models = next(c for c in config["components"] if c["id"] == event["inputs"][2])["props"][
            "value"
        ]
        lines = "\n".join(
            f"Row {number}: {SENTENCES[number % len(SENTENCES)]}" for number in range(self.rows)
        )
        path = self.client.post(
            "gradio_api/upload", files={"files": ("rows.txt", lines.encode())}
        ).json()[0]
        file = {"path": path, "orig_name": "rows.txt", "meta": {"_type": "gradio.FileData"}}
        asked = {
            "data": [file, "text", models, 0.5],
            "fn_index": event["id"],
            "session_hash": "file-visitor",
        }
        self.begun = time.monotonic()
        self.client.post("gradio_api/queue/join", json=asked).raise_for_status()
        self.thread.start()
        while "texts" not in self.last and self.thread.is_alive():
            time.sleep(0.01)

    def _watch(self) -> None:
        with self.client.stream(
            "GET", "gradio_api/queue/data", params={"session_hash": "file-visitor"}
        ) as stream:
            for line in stream.iter_lines():
                self.last = line or self.last
                if "process_completed" in line:
                    break

    def reading(self) -> bool:
        return self.thread.is_alive()

    def finish(self) -> tuple[float, bool]:
        """Seconds from the start to the results, and whether there are any."""
        self.thread.join()
        self.client.close()
        return time.monotonic() - self.begun, '"success":true' in self.last.replace(" ", "")


if __name__ == "__main__":
    main()
