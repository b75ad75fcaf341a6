"""The rows of the shipped corpora keep the invariants, and the content hash is as recorded.

Of a large corpus only the first requests are built; CORPUSMITH_WHOLE_CORPORA=1 builds all of it.
"""

import json
import os
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from corpusmith.corpus.build import build
from corpusmith.corpus.filters.duplicates import find_duplicates
from corpusmith.corpus.rows import class_names
from corpusmith.lexicon.words import locate_words
from corpusmith.recipe.load import load_recipe, shipped_recipes
from corpusmith.recipe.plan import Plan
from corpusmith.teacher.transcript import transcript_path

CONTENT_HASHES = Path(__file__).with_name("content_hashes.json")
LARGE = ("anatomy", "bc5cdr-chemical", "bc5cdr-disease", "disease-chemical", "ncbi-disease")
REQUESTS = 400  # of a large corpus
ANSWERED = [name for name in shipped_recipes() if transcript_path(load_recipe(name)).exists()]


def spans_of_tags(row: dict, classes: list[str]) -> list[tuple[int, int, str]]:
    """Return (start, end, label) of each tagged mention of a row."""
    found: list[tuple[int, int, str]] = []
    words, starts, ends = locate_words(row["text"])
    assert words == row["tokens"]
    for start, end, tag in zip(starts, ends, row["ner_tags"], strict=True):
        if tag < 0:  # masked from the loss: uncertain
            continue
        if classes[tag].startswith("B-"):
            found.append((start, end, classes[tag][2:]))
        elif classes[tag].startswith("I-"):
            assert found and found[-1][2] == classes[tag][2:]
            found[-1] = (found[-1][0], end, found[-1][2])
    return found


def beginning_of(name: str, folder: Path) -> str:
    """Return the path of a recipe with the first requests of a shipped one, nothing borrowed."""
    transcript = load_recipe(name).transcript or name
    path = folder / f"{name}.yaml"
    own = {"extends": name, "name": name, "transcript": transcript}
    path.write_text(json.dumps(own | {"rows": REQUESTS, "borrow": []}), encoding="utf-8")
    return str(path)


@pytest.mark.slow
@pytest.mark.parametrize("name", ANSWERED)
def test_rows_keep_invariants(name: str, tmp_path: Path) -> None:
    cut = name in LARGE and not os.environ.get("CORPUSMITH_WHOLE_CORPORA")
    built = beginning_of(name, tmp_path) if cut else name
    recipe = load_recipe(built)
    facts = build(built, tmp_path)
    known = json.loads(CONTENT_HASHES.read_text(encoding="utf-8"))
    expected = known[f"{name}, first {REQUESTS}" if cut else name]
    assert facts["content_hash"] == expected, "other rows: raise RULES, then the known hash"
    shards = {
        split: sorted((tmp_path / "data" / name).glob(f"{split}-*.parquet"))
        for split in facts["splits"]
    }
    rows = [
        (split, row)
        for split, paths in shards.items()
        for path in paths
        for row in pq.read_table(path).to_pylist()
    ]
    assert len(rows) == sum(split["rows"] for split in facts["splits"].values()) > 100
    assert len({row["id"] for _, row in rows}) == len(rows)

    for _, row in rows:
        text = row["text"] if recipe.task == "ner" else row["source_text"]
        spans = row["entities"] if recipe.task == "ner" else [row["head"], row["tail"]]
        assert all(
            span["text"] and text[span["start"] : span["end"]] == span["text"] for span in spans
        )
        if recipe.task == "ner":
            told = [(span["start"], span["end"], span["label"]) for span in spans]
            assert spans_of_tags(row, class_names(recipe)) == told

    asked = {request.id: request for request in Plan(recipe).requests()}
    assert all(asked[row["request_id"]].split == split for split, row in rows)
    seeds = {
        split: {
            (seed.lexicon, part)
            for request in asked.values()
            if request.split == split
            for seed in request.seeds
            for part in seed.concept_id.split("|")
        }
        for split in shards
    }
    assert not any(seeds[a] & seeds[b] for a in seeds for b in seeds if a < b)
    assert (
        find_duplicates((row["text"] for _, row in rows), recipe.filters.near_duplicates).earlier
        < 0
    ).all()
