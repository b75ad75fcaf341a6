"""JSON of Label Studio, spaCy 2 and GLiNER."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from corpusmith.errors import UserError
from corpusmith.extraction.document import UTF16_FIRST, Document, Mention, tagged_document
from corpusmith.extraction.readers.json_formats.spans import id_of, is_count, spans_document
from corpusmith.extraction.schemes import to_bio
from corpusmith.inference import spans
from corpusmith.text_files import checked_row

Row = dict[str, Any]


def label_studio(row: Row, where: str) -> Document:
    """A task of Label Studio's export; its offsets count UTF-16 units."""
    texts = [value for value in row["data"].values() if isinstance(value, str)]
    text = row["data"].get("text", texts[0] if len(texts) == 1 else None)
    if not isinstance(text, str):
        raise UserError(f"{where}: data has no text among {', '.join(row['data'])}")
    listed = row.get("annotations", row.get("completions", row.get("predictions"))) or ()
    if wrong := [a for a in listed if not isinstance(a, dict)]:
        raise UserError(
            f"{where}: {wrong[0]!r:.60} is no annotation but its number; export the task as JSON, "
            "with its annotations"
        )
    given = [a for a in listed if not a.get("was_cancelled")]
    if len(given) > 1:
        raise UserError(f"{where}: {len(given)} annotations of one task; export one annotator's")
    if not given:
        return Document(id_of(row["data"]) or id_of(row), text, where=where)
    results = given[0].get("result") or []
    found: list[Row] = []
    places: dict[Any, int] = {}
    for result in results:
        value = result.get("value") or {}
        labels = value.get("labels") or value.get("hypertextlabels")
        if not labels or "start" not in value:
            continue  # a choice, a rating or a relation
        meta = result.get("meta") or {}
        places[result.get("id")] = len(found)
        score = result.get("score")
        found.append({"score": score, **meta, **value, "label": labels})
    pairs = [
        {
            "head": places[r["from_id"]],
            "tail": places[r["to_id"]],
            "label": "".join(r.get("labels") or []),
            "score": r.get("score"),
        }
        for r in results
        if r.get("type") == "relation" and r.get("from_id") in places and r.get("to_id") in places
    ]
    task = {"id": id_of(row["data"]) or id_of(row), "text": text, "relations": pairs}
    return spans_document(task, found, where, UTF16_FIRST)


def spacy_training(row: Row, where: str) -> Iterator[Document]:
    """spaCy 2's training JSON: a document for each paragraph, its tags in BILOU."""
    for number, paragraph in enumerate(row["paragraphs"]):
        try:
            tokens = [token for sentence in paragraph["sentences"] for token in sentence["tokens"]]
            words = [token["orth"] for token in tokens]
            tags = [token.get("ner", "O") for token in tokens]
        except (KeyError, TypeError, AttributeError) as error:
            raise UserError(
                f"{where}: paragraphs without sentences of tokens, as spaCy's training JSON has "
                "them; write rows with text"
            ) from error
        if "-" in tags or None in tags:
            raise UserError(f"{where}: a token has no tag; write O for a word outside")
        name = id_of(row)
        several = len(row["paragraphs"]) > 1 and name is not None
        (bio,) = to_bio([(where, tags)])
        document = tagged_document(f"{name}-{number}" if several else name, words, bio, where)
        raw = paragraph.get("raw")
        yield in_raw_text(document, raw) if raw else document


def in_raw_text(document: Document, raw: str) -> Document:
    """The same words and tags, with the mentions at their places in the text that the words are
    from.
    """
    places: list[tuple[int, int]] = []
    at = 0
    for word in document.tokens or ():
        start = raw.find(word, at)
        if start < 0 or raw[at:start].strip():
            raise UserError(f"{document.where}: the word {word!r} is not next in the raw text")
        at = start + len(word)
        places.append((start, at))
    mentions = []
    for label, first, last in spans(document.tags or ()):
        start, end = places[first][0], places[last - 1][1]
        mentions.append(Mention(start, end, label or "_", raw[start:end]))
    return replace(document, text=raw, mentions=tuple(mentions))


def gliner(row: Row, where: str) -> Document:
    """GLiNER's training rows: words, and spans of words with the last included."""
    words = row["tokenized_text"]
    checked_row({"tokens": words}, where)
    tags = ["O"] * len(words)
    for span in row.get("ner") or ():
        if not (isinstance(span, list) and len(span) == 3 and all(map(is_count, span[:2]))):
            raise UserError(
                f"{where}: {span!r:.60} is no span; write [first word, last word, label]"
            )
        first, last, label = span
        if not first <= last < len(words) or set(tags[first : last + 1]) != {"O"}:
            raise UserError(f"{where}: {span!r:.60} overlaps another span or lies outside the text")
        tags[first : last + 1] = [f"B-{label}", *[f"I-{label}"] * (last - first)]
    return tagged_document(id_of(row), words, tags, where)
