"""Documents a second of extraction beside transformers' pipeline and a spaCy pipe, with one model.

    python -m benchmarks.extract MODEL --documents 2000 --json extract.json

The documents are abstracts that a seeded generator makes of frames and names; none is real. Each
side runs in a process of its own, which loads the model and then is timed on all documents:

- `ours`: `Extractor.extract_iter`, with the backend that it chooses (int8 ONNX where MODEL has it);
- `pipeline`: `transformers.pipeline`, at the best of the batch sizes 1, 8 and 32 on a tenth;
- `spacy`: a blank English pipe with the component `corpusmith`.

`ratio` is ours over the pipeline. MODEL must be one that `corpusmith train` wrote.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator

SIDES = ("ours", "pipeline", "spacy")
NAMES = ("cystic fibrosis", "gout", "breast cancer", "asthma", "type 2 diabetes", "lupus")
FRAMES = (
    "Patients with {} were seen in the clinic for {} weeks.",
    "We screened {} families for {} and found no sign of it.",
    "The risk of {} was {} times higher in carriers.",
    "Mothers of children with {} took part in {} interviews.",
)


def abstracts(count: int, seed: int = 0) -> Iterator[str]:
    """Synthetic abstracts of four to twelve sentences."""
    draw = random.Random(seed)
    for _ in range(count):
        sentences = []
        for _ in range(draw.randint(4, 12)):
            slots = [draw.choice(NAMES), str(draw.randint(2, 40))]
            frame = draw.choice(FRAMES)
            sentences.append(frame.format(*(slots[::-1] if frame.startswith("We") else slots)))
        yield " ".join(sentences)


def ours(model: str, texts: list[str]) -> tuple[float, int]:
    from corpusmith.extraction.extract import Extractor

    extractor = Extractor.from_pretrained(model)
    start = time.perf_counter()
    found = sum(len(document.mentions or ()) for document in extractor.extract_iter(texts))
    return time.perf_counter() - start, found


def pipeline(model: str, texts: list[str]) -> tuple[float, int]:
    from transformers import pipeline as make

    tagger = make("token-classification", model=model, aggregation_strategy="first", device="cpu")
    tenth = texts[: max(len(texts) // 10, 1)]

    def seconds(size: int, part: list[str]) -> tuple[float, int]:
        start = time.perf_counter()
        found = sum(len(entities) for entities in tagger(part, batch_size=size))
        return time.perf_counter() - start, found

    best = min((1, 8, 32), key=lambda size: seconds(size, tenth))
    return seconds(best, texts)


def spacy(model: str, texts: list[str]) -> tuple[float, int]:
    import spacy as library

    import corpusmith.extraction.spacy_documents  # noqa: F401 (registers the component)

    nlp = library.blank("en")
    nlp.add_pipe("corpusmith", config={"model": model})
    start = time.perf_counter()
    found = sum(len(doc.ents) for doc in nlp.pipe(texts))
    return time.perf_counter() - start, found


def measure(side: str, model: str, count: int) -> dict[str, float]:
    """What a process of its own measures."""
    line = [sys.executable, "-m", "benchmarks.extract", model, "--documents", str(count)]
    done = subprocess.run([*line, "--side", side], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--documents", type=int, default=2000)
    parser.add_argument("--json")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.side:
        texts = list(abstracts(given.documents))
        seconds, found = {"ours": ours, "pipeline": pipeline, "spacy": spacy}[given.side](
            given.model, texts
        )
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        facts = {"documents_per_second": len(texts) / seconds, "megabytes": memory}
        print(json.dumps(facts | {"mentions": found}))
        return
    figures: dict = {side: measure(side, given.model, given.documents) for side in SIDES}
    rates = {side: figures[side]["documents_per_second"] for side in SIDES}
    figures |= {"documents": given.documents, "ratio": rates["ours"] / rates["pipeline"]}
    for side in SIDES:
        of = figures[side]
        print(f"{side:<9} {rates[side]:8.1f} documents/s  {of['megabytes']:6.0f} MB")
    if given.json:
        with open(given.json, "w") as file:
            json.dump(figures, file, indent=2)


if __name__ == "__main__":
    main()
