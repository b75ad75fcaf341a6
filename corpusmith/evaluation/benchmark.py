"""Benchmarks as rows to score: a sentence each, or a document where the format holds documents.

The files are read by `corpusmith.extraction.readers`, so that evaluation reads what extraction
reads.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from corpusmith.errors import UserError
from corpusmith.evaluation.metrics import spans
from corpusmith.extraction.document import Document, Mention
from corpusmith.extraction.readers.read import DETECTED, SUFFIXES, Reading, read_documents
from corpusmith.extraction.schemes import NOT_RELATED, RELATED, checked_names
from corpusmith.inference import WORDS, bio

Span = tuple[int, int, str]
"""[start, end) in characters, and the type."""


@dataclass(frozen=True)
class TaggedText:
    """A text with its entities twice: as characters (what a user sees) and as BIO tags (for the
    usual scores).
    """

    id: str
    text: str
    entities: tuple[Span, ...]
    tokens: tuple[str, ...]
    tags: tuple[str, ...]


@dataclass(frozen=True)
class LabelledText:
    """A text whose pair of entities is masked; label 1 is "related"."""

    id: str
    text: str
    label: int


@dataclass(frozen=True)
class Benchmark:
    """`source` as it was given; `revision` is the commit of a Hub dataset; `notes` say what tags
    can't express.
    """

    source: str
    split: str
    revision: str | None
    tagged: tuple[TaggedText, ...] = ()
    labelled: tuple[LabelledText, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def types(self) -> set[str]:
        """Of the entities."""
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
        types: what the entity types of the benchmark are called here, `{"SpecificDisease":
            "Disease"}`; types that it does not name are left out. None takes all as they are. Tags
            without a type (`B`) have the type `_`.
        reading: encoding, columns and format of files.

    Raises:
        UserError: when nothing can be read there, or a line does not fit its format.
    """
    path = benchmark_path(source, split)
    revision, notes = None, Counter[str]()
    if path is None:
        rows, revision = read_dataset(source, split)
    else:
        rows = benchmark_rows(read_documents(path, reading), path, notes)
    if not rows:
        raise UserError(f"{source} holds no row in its {split} split")
    if isinstance(rows[0], LabelledText):
        return Benchmark(source, split, revision, labelled=tuple(rows))
    if not any(row.tokens for row in rows):
        raise UserError(f"{source} holds no word in its {split} split")
    tagged = tuple(renamed(row, types) if types else row for row in rows)
    if types and (unknown := set(types) - Benchmark(source, split, None, tuple(rows)).types):
        known = ", ".join(sorted(Benchmark(source, split, None, tuple(rows)).types)) or "none"
        raise UserError(
            f"{source} marks no {', '.join(sorted(unknown))} in its {split} split: its types are "
            f"{known}"
        )
    counted = tuple(f"{what}: {count}" for what, count in notes.items())
    return Benchmark(source, split, revision, tagged=tagged, notes=counted)


def benchmark_path(source: str, split: str) -> Path | None:
    """The file or BRAT folder of a split; None of a dataset folder or Hub id."""
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
        raise UserError(
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


def is_json(path: Path) -> bool:
    return SUFFIXES.get(path.suffix.lower()) == "json"


def benchmark_row(document: Document, name: str, notes: Counter) -> TaggedText | LabelledText:
    if document.tags is not None and document.tokens is not None:
        entities = tuple((m.start, m.end, m.label) for m in document.mentions or ())
        return TaggedText(name, document.text, entities, document.tokens, document.tags)
    if document.mentions is not None:
        return tagged_text(name, document.text, mention_spans(document.mentions, notes), notes)
    if document.tags is None and document.label is not None:
        return LabelledText(name, document.text, relation_label(document.label, document.where))
    raise UserError(
        f"{document.where}: no tokens with tags, no entities and no label; a benchmark states "
        "what is right"
    )


def mention_spans(mentions: Sequence[Mention], notes: Counter) -> list[Span]:
    """Of a mention in pieces ("breast ... cancer") the whole stretch, which is noted."""
    notes["mentions in pieces, scored as one stretch"] += sum(bool(m.fragments) for m in mentions)
    notes += Counter()  # drops zeros
    return [(m.start, m.end, m.label) for m in mentions]


def relation_label(value: Any, where: str) -> int:
    """0 or 1 of a class: a number, or a name for related or unrelated.

    Raises:
        UserError: when it is anything else.
    """
    name = value.strip().lower() if isinstance(value, str) else value
    if isinstance(name, int | float) and name in (0, 1):
        return int(name)
    if isinstance(name, str) and name in RELATED | NOT_RELATED:
        return int(name in RELATED)
    raise UserError(f"{where}: label {value!r} is no class; write 0 (unrelated) or 1 (related)")


def read_dataset(source: str, split: str) -> tuple[list, str | None]:
    """(rows, commit) of a dataset folder or Hub dataset: `tokens` and `ner_tags`, or `text` and
    `label`.
    """
    from corpusmith.training.data import load_corpus

    corpus = load_corpus(source, (split,))
    rows = corpus.splits[split]
    where = f"{source}, split {split}"
    if corpus.task == "relations":
        if len(corpus.labels) > 2:
            raise UserError(f"{where}: {len(corpus.labels)} classes; two are scored here")
        if any(label not in (0, 1) for label in rows["label"]):
            raise UserError(f"{where}: rows without a label (-1); this split is not annotated")
        return [
            LabelledText(str(r.get("id", n)), r["text"], r["label"]) for n, r in enumerate(rows)
        ], corpus.revision
    names = checked_names(corpus.labels, where)
    found = []
    for n, row in enumerate(rows):
        if any(not 0 <= tag < len(names) for tag in row["ner_tags"]):
            raise UserError(f"{where}: rows without tags (-1); this split is not annotated")
        tagged = tagged_tokens(
            str(row.get("id", n)), row["tokens"], [names[t] for t in row["ner_tags"]]
        )
        if "text" in row and "entities" in row:
            entities = tuple((e["start"], e["end"], e["label"]) for e in row["entities"])
            tagged = replace(tagged, text=row["text"], entities=entities)
        found.append(tagged)
    return found, corpus.revision


def tagged_tokens(name: str, tokens: Sequence[str], tags: Sequence[str]) -> TaggedText:
    """From words; the text is the words with a space between each two, as the real one is not
    known.
    """
    if len(tokens) != len(tags):
        raise ValueError(f"row {name} has {len(tokens)} tokens and {len(tags)} tags")
    tags = tuple(bio(tags))
    starts = [0]
    for token in tokens:
        starts.append(starts[-1] + len(token) + 1)
    entities = tuple((starts[first], starts[last] - 1, type_) for type_, first, last in spans(tags))
    return TaggedText(name, " ".join(tokens), entities, tuple(tokens), tags)


def tagged_text(
    name: str, text: str, entities: Sequence[Span], notes: Counter | None = None
) -> TaggedText:
    """From characters. Of overlapping entities the longest stays; a word half in an entity is
    tagged as in it.

    `notes` counts both.
    """
    kept: list[Span] = []
    for start, end, type_ in sorted(
        set(entities), key=lambda entity: (entity[0] - entity[1], entity)
    ):
        if all(end <= other[0] or other[1] <= start for other in kept):
            kept.append((start, end, type_))
    words = WORDS.pre_tokenize_str(text)
    tags = tags_of([place for _, place in words], kept)
    if notes is not None:
        edges = {edge for _, place in words for edge in place}
        notes["nested or overlapping mentions, not scored (the longest one is)"] += len(
            set(entities)
        ) - len(kept)
        notes["mentions that begin or end inside a word, scored as whole words"] += sum(
            not {start, end} <= edges for start, end, _ in kept
        )
        notes += Counter()  # drops zeros
    return TaggedText(
        name, text, tuple(sorted(kept)), tuple(word for word, _ in words), tuple(tags)
    )


def tags_of(places: Sequence[tuple[int, int]], entities: Iterable[Span]) -> list[str]:
    """BIO tags of words at [start, end) for entities that don't overlap."""
    tags = ["O"] * len(places)
    for start, end, type_ in sorted(entities):
        inside = [i for i, (first, last) in enumerate(places) if first < end and start < last]
        for i in inside:
            tags[i] = f"{'B' if i == inside[0] else 'I'}-{type_}"
    return tags


def renamed(row: TaggedText, types: Mapping[str, str]) -> TaggedText:
    """With the types of `types` under their new names, and without all others."""
    entities = tuple(
        (start, end, types[type_]) for start, end, type_ in row.entities if type_ in types
    )
    return replace(row, entities=entities, tags=tuple(renamed_tags(row.tags, types)))


def renamed_tags(tags: Sequence[str], types: Mapping[str, str]) -> list[str]:
    """BIO tags with the types of `types` under their new names, and without all others."""
    found = ["O"] * len(tags)
    for type_, first, last in spans(tags):
        if type_ in types:
            found[first:last] = [f"B-{types[type_]}"] + [f"I-{types[type_]}"] * (last - first - 1)
    return found
