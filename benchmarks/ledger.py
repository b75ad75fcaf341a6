"""Rows a second of a large ledger: answers written by 500, found settled, and read by key.

    python -m benchmarks.ledger --rows 1000000 --json ledger.json

In wall and CPU time, at `--rows` and at a hundredth of it, each in a process of its own, with the
seconds of `corpusmith ledger show`. Nothing is sent. `ratio` is the rows a second found at
`--rows`, divided by those found at a hundredth of it.
"""

import argparse
import json
import multiprocessing
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def rates(n: int, ledger_path: str) -> dict[str, float]:
    """Rows a second of a ledger of n answers: written, found settled, read by key."""
    from corpusmith.teacher.ledger import Answer, Ledger
    from corpusmith.teacher.payload import payload_key

    def payload(i: int) -> dict[str, Any]:
        return {
            "model": "stub",
            "messages": [{"role": "user", "content": f"Write about {i} {'words ' * 40}"}],
            "seed": i,
        }

    def fill(numbers: range) -> None:
        for part in (numbers[i : i + 500] for i in range(0, len(numbers), 500)):
            keyed = [(payload_key(payload(i)), payload(i)) for i in part]
            ledger.add(keyed)
            ledger.record(
                Answer(key, f"Sentence of {'words ' * 20}", host="stub") for key, _ in keyed
            )

    last = min(n, 10_000)
    found: dict[str, float] = {}

    @contextmanager
    def timed(name: str) -> Iterator[None]:
        wall, cpu = time.monotonic(), time.process_time()
        yield
        found[name] = round(last / (time.monotonic() - wall))
        found[f"{name}_of_cpu"] = round(last / (time.process_time() - cpu))

    with Ledger(ledger_path) as ledger:
        fill(range(n - last))
        with timed("written"):
            fill(range(n - last, n))
        keys = [payload_key(payload(i)) for i in random.Random(0).sample(range(n), last)]
        with timed("found"):
            assert len(ledger.settled(keys)) == last
        with timed("read"):
            assert len(ledger.get_many(keys)) == last
        started = time.monotonic()
        assert (
            ledger.counts()["answered"] == n and ledger.totals() and not ledger.failures_by_reason()
        )
        return {**found, "show_seconds": round(time.monotonic() - started, 3)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for n in (max(1, args.rows // 100), args.rows):
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                figures[str(n)] = pool.apply(rates, (n, f"{folder}/ledger-{n}.sqlite"))
    few, many = figures.values()
    result = {"ratio": round(many["found"] / few["found"], 3), "rows_per_second": figures}
    print(json.dumps(result, indent=2))
    if args.json:
        args.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
