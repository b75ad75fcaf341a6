"""Read benchmarks as rows to score. A row is a sentence, or a document in document formats.

Files are read by `corpusmith.extraction.readers`, as in extraction.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from corpusmith.errors import MissingSplitError, UserError
from corpusmith.evaluation.metrics import spans
from corpusmith.evaluation.tagged import Span, TaggedText, renamed, tagged_text, tagged_tokens
from corpusmith.extraction.document import Document, Mention
from corpusmith.extraction.readers.read import DETECTED, SUFFIXES, Reading, read_documents
from corpusmith.extraction.schemes import NOT_RELATED, RELATED, checked_names

MASKED_ROWS = "rows with masked words (tag -1), left out"


@dataclass(frozen=True)
class LabelledText:
    """A text with a masked pair of entities; `label` is its class number."""

    id: str
    text: str
    label: Any


@dataclass(frozen=True)
class Benchmark:
    """The rows of one split.

    `source` is the argument of `read_benchmark`; `revision` is the commit of a Hub dataset.
    `notes` count what BIO tags can't express, and rows left out. `masked` are the rows left out
    because a word of them has no label (-1); such words are tagged O. `classes` are the relation
    classes, "no relation" first.
    """

    source: str
    split: str
    revision: str | None
    tagged: tuple[TaggedText, ...] = ()
    masked: tuple[TaggedText, ...] = ()
    labelled: tuple[LabelledText, ...] = ()
    notes: tuple[str, ...] = ()
    classes: tuple[str, ...] = ("unrelated", "related")

    @property
    def gold(self) -> list[int]:
        """The class number of each relation row."""
        return [row.label for row in self.labelled]

    @property
    def types(self) -> set[str]:
        """The entity types."""
        return {type_ for row in self.tagged for type_, _, _ in spans(row.tags)}


def read_benchmark(
    source: str,
    split: str,
    types: Mapping[str, str] | None = None,
    reading: Reading = DETECTED,
) -> Benchmark:
    """Read one split.

    Args:
        source: a file; a folder with `{split}.jsonl` (or .conll, .tsv, .csv, .pubtator, .xml, ...)
            or with BRAT's files, in it or in `{split}/`; a dataset folder; or a Hub id
            `id[:config][@revision]`.
        split: name of the file, folder or Hub split.
        types: new names of the benchmark's entity types, `{"SpecificDisease": "Disease"}`. Types
            that are not in it are left out. None keeps all types and names. Tags without a type
            (`B`) have the type `_`.
        reading: encoding, columns and format of files.

    Raises:
        UserError: when the source can't be read, or a line does not fit its format.
    """
    path = benchmark_path(source, split)
    revision, notes = None, Counter[str]()
    masked: list[TaggedText] = []
    marked: set[str] = set()  # types that the split has
    if path is None:
        rows, masked, revision = read_dataset(source, split)
        notes[MASKED_ROWS] += len(masked)
        notes += Counter()  # drops zeros
    else:
        documents = read_documents(path, reading)
        rows = benchmark_rows(only_types(documents, types, marked), path, notes)
    if not rows:
        raise MissingSplitError(f"{source} holds no row in its {split} split")
    if isinstance(rows[0], LabelledText):
        classes, labelled = numbered(rows, source)
        return Benchmark(source, split, revision, labelled=labelled, classes=classes)
    if not any(row.tokens for row in rows):
        raise UserError(f"{source} holds no word in its {split} split")
    tagged, left_out = (
        tuple(renamed(row, types) if types else row for row in part) for part in (rows, masked)
    )
    if types:
        marked |= Benchmark(source, split, None, tuple(rows)).types
        if unknown := set(types) - marked:
            raise UserError(
                f"{source} marks no {', '.join(sorted(unknown))} in its {split} split: its types "
                f"are {', '.join(sorted(marked)) or 'none'}"
            )
    counted = tuple(f"{what}: {count}" for what, count in notes.items())
    return Benchmark(source, split, revision, tagged=tagged, masked=left_out, notes=counted)


def benchmark_path(source: str, split: str) -> Path | None:
    """The file or BRAT folder of a split; None for a dataset folder or Hub id."""
    path = Path(source)
    if path.is_file():
        return path
    if not path.is_dir():
        return None
    files = [file for suffix in SUFFIXES if (file := path / f"{split}{suffix}").is_file()]
    if len(files) > 1:
        raise UserError(
            f"{source} has {' and '.join(f.name for f in files)}: give one of the files"
        )
    if files:
        return files[0]
    if any(file.suffix in (".ann", ".txt") for file in (path / split).glob("*")):
        return path / split
    if any(path.glob("*.ann")):
        return path
    if not (path / "data").is_dir():
        raise MissingSplitError(
            f"{source} has no {split} split: expected {split}.jsonl (or another format), BRAT "
            f"files in {split}/, or a "
            "dataset's data/"
        )
    return None


def benchmark_rows(documents: Iterable[Document], path: Path, notes: Counter) -> list[Any]:
    """Rows of documents, all of one kind. `notes` counts what tags can't express."""
    rows: list[Any] = []
    for number, document in enumerate(documents, 1):
        name = document.id or (f"{path.stem}-{number}" if is_json(path) else str(number))
        row = benchmark_row(document, name, notes)
        if rows and type(row) is not type(rows[0]):
            raise UserError(
                f"{document.where}: entities and relations in one file; put them into two "
                "benchmarks"
            )
        rows.append(row)
    return rows


def only_types(
    documents: Iterable[Document], types: Mapping[str, str] | None, marked: set[str]
) -> Iterator[Document]:
    """Documents with the mentions of `types` alone. Of overlapping mentions the longest is scored,
    and one that is not scored at all must not hide another. All types go into `marked`.
    """
    for document in documents:
        if types and document.mentions is not None and document.tags is None:
            marked.update(mention.label for mention in document.mentions)
            kept = [mention for mention in document.mentions if mention.label in types]
            document = replace(document, mentions=tuple(kept))
        yield document


def is_json(path: Path) -> bool:
    return SUFFIXES.get(path.suffix.lower()) == "json"


def benchmark_row(document: Document, name: str, notes: Counter) -> TaggedText | LabelledText:
    if document.tags is not None and document.tokens is not None:
        entities = tuple((m.start, m.end, m.label) for m in document.mentions or ())
        return TaggedText(name, document.text, entities, document.tokens, document.tags)
    if document.mentions is not None:
        if document.concept_relations:
            notes["relations between concepts, not read"] += document.concept_relations
        if document.event_lines:
            notes["lines of events, not read"] += document.event_lines
        return tagged_text(name, document.text, mention_spans(document.mentions, notes), notes)
    if document.tags is None and document.label is not None:
        return LabelledText(name, document.text, relation_label(document.label, document.where))
    raise UserError(
        f"{document.where}: no tokens with tags, no entities and no label; a benchmark "
        "needs one of them"
    )


def mention_spans(mentions: Sequence[Mention], notes: Counter) -> list[Span]:
    """Spans of mentions; a discontinuous one becomes one span, which `notes` counts."""
    notes["mentions in pieces, scored as one stretch"] += sum(bool(m.fragments) for m in mentions)
    notes += Counter()  # drops zeros
    return [(m.start, m.end, m.label) for m in mentions]


def relation_label(value: Any, where: str) -> int | str:
    """0 or 1 for a class that means unrelated or related; the name of any other class.

    Raises:
        UserError: when it is neither a name nor 0 or 1.
    """
    name = value.strip().lower() if isinstance(value, str) else value
    if isinstance(name, int | float) and name in (0, 1):
        return int(name)
    if isinstance(name, str) and name in RELATED | NOT_RELATED:
        return int(name in RELATED)
    if isinstance(value, str) and re.search(r"[^\W\d]", value):
        return value.strip()
    raise UserError(
        f"{where}: label {value!r} is no class; write 0 (unrelated) or 1 (related), or the name "
        "of a relation type"
    )


def numbered(
    rows: Sequence[LabelledText], source: str
) -> tuple[tuple[str, ...], tuple[LabelledText, ...]]:
    """The classes of relation rows, and the rows with the numbers of their classes."""
    named = sorted({row.label for row in rows if isinstance(row.label, str)})
    if not named:
        return Benchmark.classes, tuple(rows)
    mixed = next((row for row in rows if row.label == 1), None)
    if mixed:
        raise UserError(
            f"{source}: row {mixed.id} is labelled as related, and others by type "
            f"({', '.join(named)}): write the type of each related row"
        )
    classes = ("none", *named)
    number = {name: i for i, name in enumerate(classes)} | {0: 0}
    return classes, tuple(replace(row, label=number[row.label]) for row in rows)


def read_dataset(source: str, split: str) -> tuple[list, list[TaggedText], str | None]:
    """(rows, rows with masked words, commit) of a dataset folder or Hub dataset.

    Its columns are `tokens` and `ner_tags`, or `text` and `label`.
    """
    from corpusmith.training.data import load_corpus

    corpus = load_corpus(source, (split,))
    rows = corpus.splits[split]
    where = f"{source}, split {split}"
    if corpus.task == "relations":
        if any(not 0 <= label < len(corpus.labels) for label in rows["label"]):
            raise UserError(f"{where}: rows without a label (-1); this split is not annotated")
        labels = [relation_label(name, where) for name in corpus.labels]
        if len(labels) == 2:
            labels = [0, 1]  # whatever their names
        return (
            [
                LabelledText(str(r.get("id", n)), r["text"], labels[r["label"]])
                for n, r in enumerate(rows)
            ],
            [],
            corpus.revision,
        )
    names = dict(enumerate(checked_names(corpus.labels, where)))
    found: list[TaggedText] = []
    masked: list[TaggedText] = []
    for n, row in enumerate(rows):
        tagged = tagged_tokens(
            str(row.get("id", n)), row["tokens"], [names.get(t, "O") for t in row["ner_tags"]]
        )
        if "text" in row and "entities" in row:
            entities = tuple((e["start"], e["end"], e["label"]) for e in row["entities"])
            tagged = replace(tagged, text=row["text"], entities=entities)
        (found if names.keys() >= set(row["ner_tags"]) else masked).append(tagged)
    if masked and not found:
        raise UserError(f"{where}: every row has words without a tag (-1); it is not annotated")
    return found, masked, corpus.revision
