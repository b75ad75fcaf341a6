"""Read predictions and validate them against a benchmark.

Ids, words, tag schemes, types and probabilities are checked. The file may be in any format that a
benchmark may be in; the usual one is JSON Lines of `{"id", "ner_tags"}`, or `{"id", "label",
"score"}` for relations.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from corpusmith.errors import UserError
from corpusmith.evaluation.benchmark import Benchmark, relation_label
from corpusmith.evaluation.metrics import spans
from corpusmith.evaluation.tagged import TaggedText, renamed_tags
from corpusmith.extraction.document import Document
from corpusmith.extraction.readers.read import DETECTED, Reading, read_documents
from corpusmith.extraction.words import tags_of, without_overlaps, words_in

WRITE_TAGS = 'write {"id", "ner_tags"} in each line'
WRITE_LABELS = 'write {"id", "label"} or {"id", "score"} in each line'


def is_predictions(model: str) -> bool:
    """Whether this is a file or a BRAT folder rather than a model."""
    path = Path(model)
    return path.is_file() or (path.is_dir() and any(path.glob("*.ann")))


def predicted_ids(file: str) -> list[str]:
    """The row ids in a predictions file.

    Raises:
        UserError: when there is no such file.
    """
    return [str(document.id) for document in predictions_in(file, DETECTED)]


def predictions_in(file: str, reading: Reading) -> list[Document]:
    if not Path(file).exists():
        raise UserError(f"no predictions at {file}: `corpusmith baseline` writes them")
    return list(read_documents(Path(file), reading))


def read_tags(
    file: str,
    data: Benchmark,
    types: Mapping[str, str] | None = None,
    reading: Reading = DETECTED,
) -> list[list[str]]:
    """The tags of a predictions file, in the order of the benchmark, with the benchmark's types.

    With `types`, predictions may use the benchmark's names or the new ones; those of other types
    are left out.

    Raises:
        UserError: when they are not predictions of exactly these rows, or share no type with them.
    """
    found = matched(file, predictions_in(file, reading), data.tagged, data.source)
    tags = [
        row_tags(document, row) if document else []
        for document, row in zip(found, data.tagged, strict=True)
    ]
    given = types_in(tags)
    if types:
        chosen = named_types(tags, types, file)
        tags = [renamed_tags(of_row, chosen) for of_row in tags]
    if given and data.types and not types_in(tags) & data.types:
        raise UserError(
            f"{file} predicts {', '.join(sorted(given))} and {data.source} marks "
            f"{', '.join(sorted(data.types))}: map the names with `--types THEIRS=OURS`"
        )
    return tags


def types_in(tags: Sequence[Sequence[str]]) -> set[str]:
    return {type_ for of_row in tags for type_, _, _ in spans(of_row)}


def row_tags(document: Document, row: TaggedText) -> list[str]:
    """The tags of one row, checked against its words or its text."""
    if document.tags is not None:
        if document.tokens is not None and document.tokens != row.tokens:
            raise UserError(
                f"{document.where}: its words are not those of row {row.id} of the benchmark"
            )
        if len(document.tags) != len(row.tokens):
            raise UserError(
                f"{document.where}: {len(document.tags)} tags for the {len(row.tokens)} words of "
                f"row {row.id}"
            )
        return list(document.tags)
    if document.mentions is None:
        raise UserError(f"{document.where}: no tags and no entities; {WRITE_TAGS}")
    if document.text != row.text:
        raise UserError(f"{document.where}: its text is not that of row {row.id} of the benchmark")
    if len(without_overlaps(document.mentions)) < len(document.mentions):
        raise UserError(
            f"{document.where}: entities overlap in row {row.id}; predict each word once"
        )
    places, at = [], 0
    for token in row.tokens:
        start = row.text.index(token, at)
        at = start + len(token)
        places.append((start, at))
    check_words(document, row, places)
    return tags_of(places, [(m.start, m.end, m.label) for m in document.mentions])


def check_words(document: Document, row: TaggedText, places: Sequence[tuple[int, int]]) -> None:
    """Refuse predicted spans that would count as right for other characters than those of the gold
    standard, because tags hold whole words, and two spans in one word.
    """
    gold = {tuple(words_in(places, *at)): at for *at, _ in row.entities}
    taken: set[int] = set()
    for m in document.mentions or ():
        words, at = words_in(places, m.start, m.end), [m.start, m.end]
        if words and [places[words[0]][0], places[words[-1]][1]] != at:
            if gold.get(tuple(words), at) != at:
                raise UserError(
                    f"{document.where}: {m.text!r} begins or ends inside a word of row {row.id}, "
                    "where the benchmark marks another part: predict its characters or whole words"
                )
            if taken.intersection(words):
                raise UserError(
                    f"{document.where}: two entities share a word of row {row.id} ({m.text!r}); "
                    "predict each word once"
                )
        taken.update(words)


def named_types(
    tags: Sequence[Sequence[str]], types: Mapping[str, str], file: str
) -> dict[str, str]:
    """The new name of each predicted type; predictions may use old or new names."""
    chosen = dict(types) | {ours: ours for ours in types.values()}
    predicted = {type_ for of_row in tags for type_, _, _ in spans(of_row)}
    for type_ in sorted(predicted & set(types)):
        if type_ in types.values() and types[type_] != type_:
            raise UserError(
                f"{file} predicts {type_}, which is both an old and a new name in --types: "
                "rename it in the file"
            )
    return chosen


def read_scores(file: str, data: Benchmark, reading: Reading = DETECTED) -> list[float]:
    """The probability of "related" for each row; 0 or 1 for a row with only a label.

    Raises:
        UserError: when they are not predictions of exactly these rows, a score is no probability,
            or a label contradicts its score.
    """
    found = matched(file, predictions_in(file, reading), data.labelled, data.source)
    return [relation_score(document) for document in found if document]


def read_classes(file: str, data: Benchmark, reading: Reading = DETECTED) -> list[int]:
    """The predicted class number of each row, for a benchmark of several relation types.

    Raises:
        UserError: when they are not predictions of exactly these rows, or a label is no class of
            the benchmark.
    """
    number = {name.lower(): i for i, name in enumerate(data.classes)}
    found = []
    for document in matched(file, predictions_in(file, reading), data.labelled, data.source):
        assert document is not None  # only a row without words needs no prediction
        if document.tags is not None or document.label is None:
            raise UserError(f"{document.where}: no label; {WRITE_LABELS}")
        label = relation_label(document.label, document.where)
        chosen = 0 if label == 0 else number.get(str(label).lower())
        if chosen is None:
            raise UserError(
                f"{document.where}: label {document.label!r} is no class of {data.source}; "
                f"the classes are {', '.join(data.classes)}"
            )
        if document.score not in (None, ""):
            probability(document.score, document.where)
        found.append(chosen)
    return found


def relation_score(document: Document) -> float:
    label, score = document.label, document.score
    if document.tags is not None or (label is None and score in (None, "")):
        raise UserError(f"{document.where}: no label and no score; {WRITE_LABELS}")
    chosen = None if label is None else relation_label(label, document.where)
    if isinstance(chosen, str):
        raise UserError(
            f"{document.where}: label {chosen!r} is no class of the benchmark; the classes are 0 "
            "(unrelated) and 1 (related)"
        )
    if score in (None, ""):
        return float(chosen or 0)
    chance = probability(score, document.where)
    if chosen is not None and chosen != (chance >= 0.5):
        raise UserError(
            f"{document.where}: label {chosen} contradicts score {chance:g}; the score is the "
            "probability of "
            "label 1 (related), not that of the label given"
        )
    return chance


def probability(score: Any, where: str) -> float:
    try:
        chance = math.nan if isinstance(score, bool) else float(score)
    except (TypeError, ValueError):
        chance = math.nan
    if not 0 <= chance <= 1:
        raise UserError(
            f"{where}: score {score!r} is no probability; write 0 to 1, no logit and no percentage"
        )
    return chance


def matched(
    file: str, documents: Sequence[Document], rows: Sequence[Any], source: str
) -> list[Document | None]:
    """The prediction for each row.

    Rows are matched by id. They are matched in order if both files repeat the same ids, or if a
    file of words has no ids. A row without words needs no prediction.
    """
    ids = [row.id for row in rows]
    given = [document.id for document in documents]
    if given == ids or (
        documents and all(d.id is None and d.tokens is not None for d in documents)
    ):
        if len(documents) != len(rows):
            raise UserError(f"{file} has {len(documents)} sentences and {source} has {len(rows)}")
        return list(documents)
    if None in given:
        where = documents[given.index(None)].where
        raise UserError(f"{where}: no id; write the id of the row in {source}")
    for name, of in ((file, given), (source, ids)):
        twice = next((key for key, count in Counter(of).items() if count > 1), None)
        if twice is not None:
            raise UserError(f"{name} has the id {twice} more than once: give each row its own")
    by_id = {document.id: document for document in documents}
    if unknown := [key for key in given if key not in set(ids)]:
        raise UserError(
            f"{file} predicts {len(unknown)} rows that {source} does not have, {unknown[0]} "
            "among them"
        )
    absent = [row.id for row in rows if row.id not in by_id and getattr(row, "tokens", True)]
    if absent:
        raise UserError(
            f"{file} has no prediction for {len(absent)} rows, {absent[0]} among them: predict "
            f"every row of {source}"
        )
    return [by_id.get(key) for key in ids]
