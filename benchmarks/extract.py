"""Documents a second of `corpusmith extract` beside transformers' pipeline and a spaCy pipe.

    python -m benchmarks.extract MODEL --documents 10000 --json extract.json

MODEL must be one that `corpusmith train` wrote and `corpusmith export` exported. The documents are
made by a seeded generator of frames and names, and none is real: one sentence each, or with
`--abstracts` four to twelve. Each side runs in a process of its own:

- `extractor`: `EntityExtractor.extract`, one thread, on texts in memory: the rate of the model;
- `extract-1`, `extract-2`: `corpusmith extract --executor local` with 1 and 2 workers, from a file
  to a file, the start of Python and the loading of the model included;
- `pipeline`: `transformers.pipeline`, at the best of the batch sizes 1, 8 and 32 on a tenth of its
  documents, one thread;
- `spacy`: a blank English pipe whose component runs that pipeline on each batch, as
  spacy-huggingface-pipelines does (0.0.4 needs transformers before 5);
- `spacy-corpusmith`: a blank English pipe with our component.

The last three get at most `--peers` documents. CPU time is less affected by other work on the
machine than time is; that of a command counts its start. Memory is that of the largest process.
`ratio` is extract-1 over the pipeline. `--rounds` repeats all sides in turn and takes the medians.
"""

import argparse
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

NAMES = ("cystic fibrosis", "gout", "breast cancer", "asthma", "type 2 diabetes", "lupus")
FRAMES = (
    "Patients with {} were seen in the clinic for {} weeks.",
    "We screened {} families for {} and found no sign of it.",
    "The risk of {} was {} times higher in carriers.",
    "Mothers of children with {} took part in {} interviews.",
)
BATCH_SIZES = (1, 8, 32)
SAMPLED = 0.2  # seconds between looks at the processes of a command
Timed = tuple[float, float, int]  # seconds, seconds of CPU, mentions


def abstracts(count: int, seed: int = 0, sentences: tuple[int, int] = (4, 12)) -> Iterator[str]:
    """Synthetic texts of so many sentences, from the first number to the second."""
    draw = random.Random(seed)
    for _ in range(count):
        made = []
        for _ in range(draw.randint(*sentences)):
            slots = [draw.choice(NAMES), str(draw.randint(2, 40))]
            frame = draw.choice(FRAMES)
            made.append(frame.format(*(slots[::-1] if frame.startswith("We") else slots)))
        yield " ".join(made)


def write_documents(path: Path, count: int, sentences: tuple[int, int]) -> None:
    with path.open("w") as file:
        for number, text in enumerate(abstracts(count, sentences=sentences)):
            file.write(json.dumps({"id": f"synthetic-{number}", "text": text}) + "\n")


def texts_of(path: Path, most: int | None = None) -> list[str]:
    with path.open() as file:
        return [json.loads(line)["text"] for line in islice(file, most)]


def timed(work: Callable[[], int]) -> Timed:
    start, used = time.perf_counter(), time.process_time()
    found = work()
    return time.perf_counter() - start, time.process_time() - used, found


def extractor(model: str, texts: list[str]) -> Timed:
    from corpusmith.inference import EntityExtractor

    own = EntityExtractor.from_pretrained(model, threads=1)
    slices = [texts[at : at + 3000] for at in range(0, len(texts), 3000)]
    return timed(lambda: sum(len(found) for part in slices for found in own.extract(part)))


def pipeline(model: str, texts: list[str]) -> Timed:
    tagger = tagger_of(model)

    def seconds(size: int, part: list[str]) -> Timed:
        return timed(lambda: sum(len(found) for found in tagger(part, batch_size=size)))

    tenth = texts[: max(len(texts) // 10, 1)]
    best = min(BATCH_SIZES, key=lambda size: seconds(size, tenth))
    return seconds(best, texts)


def tagger_of(model: str) -> Callable:
    import torch
    from transformers import pipeline as make

    torch.set_num_threads(1)
    return make("token-classification", model=model, aggregation_strategy="first", device="cpu")


def spacy(model: str, texts: list[str]) -> Timed:
    import spacy as library
    from spacy.util import filter_spans, minibatch

    tagger = tagger_of(model)

    class Component:
        def __call__(self, doc):
            return next(self.pipe([doc]))

        def pipe(self, stream, batch_size=128):
            for docs in minibatch(stream, batch_size):
                found = tagger([doc.text for doc in docs], batch_size=8)
                for doc, entities in zip(docs, found, strict=True):
                    spans = [
                        doc.char_span(
                            e["start"], e["end"], e["entity_group"], alignment_mode="expand"
                        )
                        for e in entities
                    ]
                    doc.set_ents(filter_spans([span for span in spans if span is not None]))
                    yield doc

    library.Language.factory("pipeline", func=lambda nlp, name: Component())
    nlp = library.blank("en")
    nlp.add_pipe("pipeline")
    return timed(lambda: sum(len(doc.ents) for doc in nlp.pipe(texts)))


def spacy_corpusmith(model: str, texts: list[str]) -> Timed:
    import spacy as library

    import corpusmith.extraction.spacy_documents  # noqa: F401 (registers the component)

    nlp = library.blank("en")
    nlp.add_pipe("corpusmith", config={"model": model})
    return timed(lambda: sum(len(doc.ents) for doc in nlp.pipe(texts)))


PEERS = {"pipeline": pipeline, "spacy": spacy, "spacy-corpusmith": spacy_corpusmith}
IN_MEMORY = {"extractor": extractor, **PEERS}
COMMANDS = {"extract-1": 1, "extract-2": 2}
SIDES = (*COMMANDS, *IN_MEMORY)
COMPARED = (
    ("extract-1", "extractor"),
    ("extract-2", "extract-1"),
    ("extract-1", "pipeline"),
    ("extract-1", "spacy"),
)


def measure(side: str, model: str, documents: Path, peers: int) -> dict[str, float]:
    """What a process of its own measures."""
    line = [sys.executable, "-m", "benchmarks.extract", model, "--in", str(documents)]
    line += ["--side", side, "--peers", str(peers)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    done = subprocess.run(line, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise SystemExit(f"{side}: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout.splitlines()[-1])


def figures_of(side: str, model: str, documents: Path, peers: int) -> dict[str, float]:
    """Measured in this process, which has done nothing else."""
    if side in COMMANDS:
        (seconds, cpu, found), count, megabytes = command(model, documents, COMMANDS[side])
    else:
        texts = texts_of(documents, peers if side in PEERS else None)
        (seconds, cpu, found), count = IN_MEMORY[side](model, texts), len(texts)
        megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "documents_per_second": count / seconds,
        "seconds": seconds,
        "documents_per_cpu_second": count / cpu,
        "mentions_a_document": found / count,
        "megabytes": megabytes,
        "load": os.getloadavg()[0],
    }


def command(model: str, documents: Path, workers: int) -> tuple[Timed, int, float]:
    """`corpusmith extract`: its time and mentions, its documents, megabytes of a process."""
    with TemporaryDirectory() as scratch:
        out = Path(scratch) / "found.jsonl"
        line = [sys.executable, "-m", "corpusmith", "extract", model, str(documents)]
        line += ["--out", str(out), "--executor", "local", "--workers", str(workers)]
        start = time.perf_counter()
        process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        cpu, megabytes = watched(process)
        seconds = time.perf_counter() - start
        if process.returncode:
            raise SystemExit(f"{' '.join(line)} failed: run it to see why")
        with out.open() as file:
            rows = [len(json.loads(line)["entities"]) for line in file]
    return (seconds, cpu, sum(rows)), len(rows), megabytes


def watched(process: subprocess.Popen) -> tuple[float, float]:
    """CPU seconds of a process and its workers until it ends, and the most memory one had."""
    import psutil

    cpu: dict[int, float] = {}
    megabytes = 0.0
    while process.poll() is None:
        with suppress(psutil.Error):
            parent = psutil.Process(process.pid)
            for one in (parent, *parent.children(recursive=True)):
                times = one.cpu_times()
                cpu[one.pid] = times.user + times.system
                megabytes = max(megabytes, one.memory_info().rss / 2**20)
        time.sleep(SAMPLED)
    return sum(cpu.values()), megabytes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--documents", type=int, default=10_000)
    parser.add_argument("--abstracts", action="store_true", help="4 to 12 sentences, not one")
    parser.add_argument("--peers", type=int, default=1000, help="documents of the peers")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--sides", default=",".join(SIDES))
    parser.add_argument("--json")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--in", dest="path", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.side:
        print(json.dumps(figures_of(given.side, given.model, given.path, given.peers)))
        return
    sides = given.sides.split(",")
    with TemporaryDirectory() as scratch:
        documents = Path(scratch) / "documents.jsonl"
        write_documents(documents, given.documents, (4, 12) if given.abstracts else (1, 1))
        rounds = [
            {side: measure(side, given.model, documents, given.peers) for side in sides}
            for _ in range(given.rounds)
        ]
    figures: dict = {
        side: {
            name: statistics.median(one[side][name] for one in rounds) for name in rounds[0][side]
        }
        for side in sides
    }
    for side, of in figures.items():
        print(
            f"{side:<16} {of['documents_per_second']:8.1f} documents/s "
            f"{of['documents_per_cpu_second']:8.1f} a CPU second {of['megabytes']:6.0f} MB "
            f"{of['seconds']:6.1f} s, load {of['load']:.1f}"
        )
    rates = {side: of["documents_per_second"] for side, of in figures.items()}
    for one, other in COMPARED:
        if one in rates and other in rates:
            times = rates[one] / rates[other]
            cpu = "documents_per_cpu_second"
            of_cpu = figures[one][cpu] / figures[other][cpu]
            figures[f"{one} / {other}"] = {"time": round(times, 3), "cpu": round(of_cpu, 3)}
            print(f"{one} / {other}: {times:.2f}, by CPU time {of_cpu:.2f}")
    if {"extract-1", "pipeline"} <= set(rates):
        figures["ratio"] = rates["extract-1"] / rates["pipeline"]
    if given.json:
        facts = {"documents": given.documents, "abstracts": given.abstracts}
        Path(given.json).write_text(json.dumps({**facts, **figures}, indent=2) + "\n")


if __name__ == "__main__":
    main()
