"""Benchmarks as rows, from the files they come in: JSON Lines, CoNLL, BRAT, PubTator, BioBERT's relation TSV, the Hub.

A row is a sentence, or a whole document where the format holds documents (BRAT, PubTator).
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from corpusmith.errors import UserError
from corpusmith.evaluation.metrics import spans
from corpusmith.inference import WORDS

Span = tuple[int, int, str]
"""[start, end) in characters, and the type."""

SUFFIXES = (".jsonl", ".conll", ".iob", ".bio", ".tsv", ".pubtator", ".txt")
SCHEMES = str.maketrans("ELSU", "IIBB")
"""BIOES and BILOU say more of a word than BIO; their spans are the same."""


@dataclass(frozen=True)
class TaggedText:
    """A text with its entities twice: as characters (what a user sees) and as BIO tags (what the literature scores)."""

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
    """`source` as it was given; `revision` is the commit of a Hub dataset."""

    source: str
    split: str
    revision: str | None
    tagged: tuple[TaggedText, ...] = ()
    labelled: tuple[LabelledText, ...] = ()

    @property
    def types(self) -> set[str]:
        """Of the entities."""
        return {type_ for row in self.tagged for type_, _, _ in spans(row.tags)}


def read_benchmark(source: str, split: str, types: Mapping[str, str] | None = None) -> Benchmark:
    """Read one split.

    Args:
        source: a file; a folder with `{split}.jsonl` (or .conll, .tsv, .pubtator, ...) or with BRAT's .ann files, in it
            or in `{split}/`; a dataset folder; or a Hub id `id[:config][@revision]`.
        split: name of the file, folder or Hub split.
        types: what the entity types of the benchmark are called here, `{"SpecificDisease": "Disease"}`; types that it
            does not name are left out. None takes all as they are. Tags without a type (`B`) have the type `_`.

    Raises:
        UserError: when nothing can be read there, or a line does not fit its format.
    """
    path = Path(source)
    named = [path / f"{split}{suffix}" for suffix in SUFFIXES]
    file = path if path.is_file() else next((file for file in named if file.is_file()), None)
    folder = next((folder for folder in (path / split, path) if any(folder.glob("*.ann"))), None)
    revision = None
    if file:
        rows = read_file(file)
    elif folder:
        rows = [tagged_text(name, text, entities) for name, text, entities in read_brat(folder)]
    else:
        rows, revision = read_dataset(source, split)
    if not rows:
        raise UserError(f"{source} holds no row in its {split} split")
    if isinstance(rows[0], LabelledText):
        return Benchmark(source, split, revision, labelled=tuple(rows))
    return Benchmark(
        source, split, revision, tagged=tuple(renamed(row, types) if types else row for row in rows)
    )


def read_file(file: Path) -> list:
    """The rows of a file, whose format shows in its first lines."""
    content = file.read_text(encoding="utf-8")
    lines = content.split("\n")  # splitlines also cuts at U+2028 and the like, which texts hold
    first = next((line for line in lines if line.strip()), "")
    if file.suffix == ".jsonl":
        return [
            read_json_row(line, f"{file}, line {n}")
            for n, line in enumerate(lines, 1)
            if line.strip()
        ]
    if re.match(r"\d+\|t\|", first):
        return [
            tagged_text(name, text, entities)
            for name, text, entities in read_pubtator(content, file)
        ]
    if first == "index\tsentence\tlabel" or all(
        re.search(r"\S\t[01]$", line) for line in lines if line.strip()
    ):
        return list(read_relation_tsv(lines))
    return list(read_conll(lines, file))


def read_json_row(line: str, where: str) -> TaggedText | LabelledText:
    """`{"id", "tokens", "ner_tags"}` or `{"id", "text", "label"}`."""
    try:
        row = json.loads(line)
        if "tokens" in row:
            return tagged_tokens(str(row["id"]), row["tokens"], row["ner_tags"])
        return LabelledText(str(row["id"]), row["text"], int(row["label"]))
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(
            f'{where} is no row ({error!r}): write {{"id", "tokens", "ner_tags"}} or {{"id", "text", "label"}}'
        ) from error


def read_conll(lines: Sequence[str], file: Path) -> Iterator[TaggedText]:
    """A word a line, its tag in the last column, an empty line after each sentence."""
    words: list[tuple[str, str]] = []
    number = 0
    for n, line in enumerate([*lines, ""], 1):
        columns = line.split("\t") if "\t" in line else line.split()
        if line.startswith("-DOCSTART-"):
            continue
        if line.strip():
            if len(columns) < 2 or not re.fullmatch(r"O|[BIELSU](-.+)?", columns[-1].strip()):
                raise UserError(
                    f"{file}, line {n} ends in no BIO tag: write a word, a tab and its tag in each line"
                )
            words.append((columns[0], columns[-1].strip()))
        elif words:
            number += 1
            tokens, tags = zip(*words, strict=True)
            yield tagged_tokens(str(number), tokens, tags)
            words = []


def read_relation_tsv(lines: Sequence[str]) -> Iterator[LabelledText]:
    """BioBERT's relation files: `sentence<tab>label`, or with a header and an index before it."""
    for n, line in enumerate(lines, 1):
        *index, text, label = line.split("\t") if line.strip() else ["", "label"]
        if label != "label":
            yield LabelledText(index[0] if index else str(n), text, int(label))


def read_pubtator(content: str, file: Path) -> Iterator[tuple[str, str, list[Span]]]:
    """`id|t|title`, `id|a|abstract` and a line an entity; offsets count the title, one space and the abstract."""
    for block in re.split(r"\n\s*\n", content.strip()):
        lines = block.split("\n")
        name = lines[0].split("|", 1)[0]
        text = " ".join(line.split("|", 2)[2] for line in lines if re.match(r"\d+\|[ta]\|", line))
        entities: list[Span] = []
        for line in lines:
            columns = line.split("\t")
            if len(columns) < 5 or not columns[1].isdigit():
                continue  # title, abstract, or a relation
            start, end = int(columns[1]), int(columns[2])
            if text[start:end] != columns[3]:
                raise UserError(
                    f"{file}, document {name}: {columns[3]!r} is not what stands at {start} to {end}"
                )
            entities.append((start, end, columns[4]))
        yield name, text, entities


def read_brat(folder: Path) -> Iterator[tuple[str, str, list[Span]]]:
    """`name.txt` with `name.ann`. Of an entity in pieces ("breast ... cancer") the whole stretch is taken."""
    for annotation in sorted(folder.glob("*.ann")):
        with annotation.with_suffix(".txt").open(encoding="utf-8", newline="") as file:
            text = file.read()  # as it is: offsets count every \r
        entities: list[Span] = []
        for line in annotation.read_text(encoding="utf-8").split("\n"):
            if found := re.match(r"T\d+\t(\S+) ([\d ;]+)\t", line):
                ends = [int(end) for end in re.findall(r"\d+", found[2])]
                entities.append((min(ends), max(ends), found[1]))
        yield annotation.stem, text, entities


def read_dataset(source: str, split: str) -> tuple[list, str | None]:
    """(rows, commit) of a dataset folder or Hub dataset: `tokens` and `ner_tags`, or `text` and `label`."""
    from corpusmith.training.data import load_corpus

    corpus = load_corpus(source, (split,))
    rows = corpus.splits[split]
    if corpus.task == "relations":
        return [
            LabelledText(str(r.get("id", n)), r["text"], r["label"]) for n, r in enumerate(rows)
        ], corpus.revision
    found = []
    for n, row in enumerate(rows):
        tagged = tagged_tokens(
            str(row.get("id", n)), row["tokens"], [corpus.labels[tag] for tag in row["ner_tags"]]
        )
        if "text" in row and "entities" in row:
            entities = tuple((e["start"], e["end"], e["label"]) for e in row["entities"])
            tagged = replace(tagged, text=row["text"], entities=entities)
        found.append(tagged)
    return found, corpus.revision


def tagged_tokens(name: str, tokens: Sequence[str], tags: Sequence[str]) -> TaggedText:
    """From words; the text is the words with a space between each two, since nobody kept the real one."""
    if len(tokens) != len(tags):
        raise ValueError(f"row {name} has {len(tokens)} tokens and {len(tags)} tags")
    tags = tuple(
        tag[0].translate(SCHEMES) + tag[1:] if len(tag) > 1 else tag.translate(SCHEMES)
        for tag in tags
    )
    starts = [0]
    for token in tokens:
        starts.append(starts[-1] + len(token) + 1)
    entities = tuple((starts[first], starts[last] - 1, type_) for type_, first, last in spans(tags))
    return TaggedText(name, " ".join(tokens), entities, tuple(tokens), tags)


def tagged_text(name: str, text: str, entities: Sequence[Span]) -> TaggedText:
    """From characters. Of entities that overlap the longest stays; a word half in an entity is tagged as in it."""
    kept: list[Span] = []
    for start, end, type_ in sorted(entities, key=lambda entity: (entity[0] - entity[1], entity)):
        if all(end <= other[0] or other[1] <= start for other in kept):
            kept.append((start, end, type_))
    words = WORDS.pre_tokenize_str(text)
    tags = ["O"] * len(words)
    for start, end, type_ in sorted(kept):
        inside = [i for i, (_, (first, last)) in enumerate(words) if first < end and start < last]
        for i in inside:
            tags[i] = f"{'B' if i == inside[0] else 'I'}-{type_}"
    return TaggedText(
        name, text, tuple(sorted(kept)), tuple(word for word, _ in words), tuple(tags)
    )


def renamed(row: TaggedText, types: Mapping[str, str]) -> TaggedText:
    """With the types of `types` under their new names, and without all others."""
    tags = ["O"] * len(row.tags)
    for type_, first, last in spans(row.tags):
        if type_ in types:
            tags[first:last] = [f"B-{types[type_]}"] + [f"I-{types[type_]}"] * (last - first - 1)
    entities = tuple(
        (start, end, types[type_]) for start, end, type_ in row.entities if type_ in types
    )
    return replace(row, entities=entities, tags=tuple(tags))
