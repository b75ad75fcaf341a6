"""Requests a second through plan, ledger and verification, beside a bare client and a peer.

    python -m benchmarks.teacher --json teacher.json
    python -m benchmarks.teacher --parts throughput --requests 2000
    python -m benchmarks.teacher --parts peer --peer-python VENV/bin/python

VENV holds bespokelabs-curator. A stub on the loopback answers after a fixed latency with a sentence
that holds the names asked for. Every run is a process of its own. `ratio` is requests/s at 1 s
latency with 256 in flight, divided by the ideal 256. `throughput_ratio` is requests/s at 100 ms
with 256 in flight, divided by those of `AsyncOpenAI` with a semaphore, run in turn, by the medians.
Then CPU time a request of both, peak memory after 1,000 requests and after `--many`, and the time
to resume those.
"""

import argparse
import asyncio
import json
import multiprocessing
import resource
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.stub_teacher import sentence_for, stub

IN_FLIGHT = 256
RECIPE = "ncbi-disease"
PEER = """
import importlib.util, os, sys, time
litellm = importlib.util.find_spec("litellm").submodule_search_locations[0]
# A copy that curator's dependency ships; else it is downloaded.
os.environ["TIKTOKEN_CACHE_DIR"] = litellm + "/litellm_core_utils/tokenizers"
from bespokelabs import curator
url, prompts = sys.argv[1], open(sys.argv[2]).read().splitlines()
limits = {"max_tokens": 100}
llm = curator.LLM(model_name="stub", backend="openai", generation_params=limits, backend_params={
    "base_url": url, "api_key": "none", "max_concurrent_requests": int(sys.argv[3]),
    "max_requests_per_minute": 10**7, "max_tokens_per_minute": 10**10})
started = time.monotonic()
assert len(llm(prompts).dataset) == len(prompts)
print("seconds", time.monotonic() - started)
"""
Measure = Callable[..., dict[str, float]]


def ours(url: str, n: int, ledger_path: str) -> dict[str, float]:
    """Plan, ask, record and verify every answer; lexicons are loaded untimed."""
    from corpusmith.corpus.generate import ShardPayloads, verifying
    from corpusmith.corpus.verify import Verifier
    from corpusmith.recipe.plan import Plan
    from corpusmith.teacher.client import generate
    from corpusmith.teacher.ledger import Ledger
    from corpusmith.teacher.limits import AskLimits

    plan = Plan(recipe_of(n))
    verifier = Verifier(plan.recipe, plan.lexicons)
    for index in range(20):  # lexicons are indexed for the first sentence with their seeds
        request = plan.request(index)
        verifier.verify(request, sentence_for(request.payload))
    with Ledger(ledger_path) as ledger:
        started, cpu = time.monotonic(), time.process_time()
        progress = generate(
            ShardPayloads(plan),
            ledger,
            base_url=url,
            limits=AskLimits(concurrency=IN_FLIGHT),
            verify=verifying(plan),
        )
        figures = measured(n, started, cpu)
    assert (
        progress.pending == 0
        and progress.failed == 0
        and (progress.before == n or progress.accepted)
    )
    return figures


def resumed(url: str, n: int, ledger_path: str) -> dict[str, float]:
    """Look up every answer of given requests: resuming without the plan."""
    from corpusmith.teacher.client import generate

    return asked_again(generate, planned(n), url, n, ledger_path)


def finished(url: str, n: int, ledger_path: str) -> dict[str, float]:
    """Repeat `corpusmith generate` of a run that is known to be finished."""
    from corpusmith.corpus.generate import generate

    return asked_again(generate, recipe_of(n), url, n, ledger_path)


def asked_again(
    generate: Callable[..., Any], asked: Any, url: str, n: int, ledger_path: str
) -> dict[str, float]:
    """Ask for what the ledger has answered already."""
    from corpusmith.teacher.ledger import Ledger
    from corpusmith.teacher.limits import AskLimits

    with Ledger(ledger_path) as ledger:
        started, cpu = time.monotonic(), time.process_time()
        limits = AskLimits(concurrency=IN_FLIGHT)
        assert generate(asked, ledger, base_url=url, limits=limits).before == n
        return measured(n, started, cpu)


def bare(url: str, n: int, _: str) -> dict[str, float]:
    """What a user would write: a task a request, a semaphore, answers in a list."""
    from openai import AsyncOpenAI

    prompts = planned(n)

    async def run() -> list[str | None]:
        semaphore = asyncio.Semaphore(IN_FLIGHT)

        async def ask(payload: dict[str, Any]) -> str | None:
            async with semaphore:
                return (await client.chat.completions.create(**payload)).choices[0].message.content

        async with AsyncOpenAI(base_url=url, api_key="none", timeout=600.0) as client:
            return await asyncio.gather(*map(ask, prompts))

    started, cpu = time.monotonic(), time.process_time()
    assert len(asyncio.run(run())) == n
    return measured(n, started, cpu)


def recipe_of(n: int) -> Any:
    """A recipe that plans n requests to the stub, and borrows no others."""
    from corpusmith.corpus.generate import resized

    return resized(RECIPE, n, "stub").own()


def planned(n: int) -> list[dict[str, Any]]:
    from corpusmith.recipe.plan import Plan

    return [request.payload for request in Plan(recipe_of(n)).requests()]


def measured(n: int, started: float, cpu: float) -> dict[str, float]:
    seconds = time.monotonic() - started
    return {
        "seconds": round(seconds, 3),
        "requests_per_second": round(n / seconds, 1),
        "cpu_ms_per_request": round((time.process_time() - cpu) / n * 1000, 3),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }


def apart(run: Measure, *args: Any) -> dict[str, float]:
    """The figures of a run in a fresh process, so that memory and CPU time are its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(run, args)


def latency(args: argparse.Namespace, folder: str) -> dict[str, Any]:
    with stub(1.0) as (url, _):
        figures = apart(ours, url, args.requests * 5, f"{folder}/latency.sqlite")
    return {"latency_1s": figures, "ratio": round(figures["requests_per_second"] / IN_FLIGHT, 3)}


def throughput(args: argparse.Namespace, folder: str) -> dict[str, Any]:
    rounds: dict[str, list[dict[str, float]]] = {"ours": [], "bare": []}
    with stub(0.1) as (url, _):
        for i in range(args.rounds):
            rounds["ours"].append(
                apart(ours, url, args.requests, f"{folder}/throughput-{i}.sqlite")
            )
            rounds["bare"].append(apart(bare, url, args.requests, ""))
    rate = {
        name: statistics.median(run["requests_per_second"] for run in runs)
        for name, runs in rounds.items()
    }
    cpu = {
        name: statistics.median(run["cpu_ms_per_request"] for run in runs)
        for name, runs in rounds.items()
    }
    return {
        "throughput_100ms": rounds,
        "throughput_ratio": round(rate["ours"] / rate["bare"], 3),
        "cpu_ratio": round(cpu["ours"] / cpu["bare"], 3),
    }


def memory(args: argparse.Namespace, folder: str) -> dict[str, Any]:
    with stub(0.0) as (url, served):
        few = apart(ours, url, 1000, f"{folder}/few.sqlite")
        many = apart(ours, url, args.many, f"{folder}/many.sqlite")
        sent = served.value
        again = apart(ours, url, args.many, f"{folder}/many.sqlite")
        found = apart(resumed, url, args.many, f"{folder}/many.sqlite")
        apart(finished, url, args.many, f"{folder}/many.sqlite")
        known = apart(finished, url, args.many, f"{folder}/many.sqlite")
        sent_again = served.value - sent
    return {
        "peak_mb": {"1000": few["peak_mb"], str(args.many): many["peak_mb"]},
        "ledger_bytes_per_request": Path(f"{folder}/many.sqlite").stat().st_size // args.many,
        "resume": {
            "requests": args.many,
            "seconds": known["seconds"],
            "seconds_of_the_teacher": found["seconds"],
            "seconds_with_planning": again["seconds"],
            "sent": sent_again,
        },
    }


def peer(args: argparse.Namespace, folder: str) -> dict[str, Any]:
    """The same prompts through curator, in turn with ours, without its cache of whole runs."""
    prompts = Path(folder) / "prompts.txt"
    prompts.write_text(
        "\n".join(" ".join(p["messages"][1]["content"].split()) for p in planned(args.requests))
    )
    script = Path(folder) / "peer.py"
    script.write_text(PEER)
    rates: dict[str, list[float]] = {"ours": [], "curator": []}
    with stub(0.1) as (url, _):
        for i in range(args.rounds):
            rates["ours"].append(
                apart(ours, url, args.requests, f"{folder}/peer-{i}.sqlite")["requests_per_second"]
            )
            environment = {
                "CURATOR_CACHE_DIR": f"{folder}/curator-{i}",
                "TELEMETRY_ENABLED": "0",
                "PATH": "/usr/bin:/bin",
            }
            command = [args.peer_python, str(script), url, str(prompts), str(IN_FLIGHT)]
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, timeout=600
            )
            if done.returncode:
                raise SystemExit(f"curator failed:\n{done.stderr[-2000:]}")
            rates["curator"].append(
                round(args.requests / float(done.stdout.rsplit("seconds", 1)[1]), 1)
            )
    ratio = statistics.median(rates["ours"]) / statistics.median(rates["curator"])
    return {"peer": rates, "peer_ratio": round(ratio, 3)}


PARTS = {
    "latency": latency,
    "throughput": throughput,
    "memory": memory,
    "peer": peer,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--parts", default="latency,throughput,memory", help=f"of {', '.join(PARTS)}"
    )
    parser.add_argument("--requests", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--many", type=int, default=100_000)
    parser.add_argument("--peer-python")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    parts = args.parts.split(",") + (
        ["peer"] if args.peer_python and "peer" not in args.parts else []
    )
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for part in parts:
            figures |= PARTS[part](args, folder)
    print(json.dumps(figures, indent=2))
    if args.json:
        args.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
