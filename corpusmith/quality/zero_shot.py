"""Zero-shot predictions of an LLM for a benchmark, as a file that `evaluate` scores.

Only this module sends text other than rendered templates to an LLM, so the caller must permit it.
"""

import json
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from corpusmith.errors import UserError
from corpusmith.evaluation.benchmark import Benchmark, LabelledText, read_benchmark
from corpusmith.evaluation.relations import pair_masks, pair_text
from corpusmith.evaluation.tagged import TaggedText
from corpusmith.evaluation.untrained.relations import relation_classes
from corpusmith.inference import MASK
from corpusmith.lexicon.words import locate_words
from corpusmith.recipe.relation import RelationRecipe
from corpusmith.teacher.client import generate
from corpusmith.teacher.endpoint import Endpoint
from corpusmith.teacher.ledger import Answer, Ledger
from corpusmith.teacher.limits import DEFAULT_LIMITS, AskLimits
from corpusmith.teacher.structured import find_answers, parse, response_format

SYSTEM = (
    "You annotate sentences of biomedical abstracts. "
    "Follow the instruction exactly and add no comment."
)
# The examples are for small models: shown a schema alone, Qwen2.5-Coder-1.5B gives the schema back.
MENTIONS = """List every mention of a {label} in the sentence below, copied exactly as it \
stands there. Answer like {{"mentions": ["first mention", "second mention"]}}, or \
{{"mentions": []}} if there is none.
Sentence: {text}"""
RELATED = """In the sentence below {masks} stand for two entities. \
Does the sentence say that they are related to each other? \
Answer {{"related": true}} or {{"related": false}}.
Sentence: {text}"""
TYPED = """In the sentence below {head} and {tail} stand for two entities. \
Which of these does the sentence state about them?
{types}
{none}: none of these
Answer like {{"relation": "{first}"}} or {{"relation": "{none}"}}.
Sentence: {text}"""
PARAMETERS = {"temperature": 0.0, "max_tokens": 256}
SEED = 0  # of the random sample of rows


class Mentions(BaseModel):
    model_config = ConfigDict(extra="forbid")

    mentions: list[str] = Field(description="Mentions, copied from the sentence.")


class Related(BaseModel):
    model_config = ConfigDict(extra="forbid")

    related: bool


@lru_cache(maxsize=1)
def relation_form(relation: RelationRecipe) -> type[BaseModel]:
    """The answer for a pair: `related`, or the name of a type if the recipe has several."""
    if not relation.types:
        return Related
    names = (*(one.name for one in relation.types), relation.none)
    return create_model(
        "Relation",
        __config__=ConfigDict(extra="forbid"),
        relation=(Literal[names], Field(description="What the sentence states about the pair.")),
    )


@dataclass(frozen=True)
class RowSample:
    """The rows to predict: a benchmark's folder, its split, and a number of random rows.

    All rows if `rows` is None; a larger sample contains the smaller one.
    """

    benchmark: Path
    split: str
    rows: int | None = None


@dataclass(frozen=True)
class ZeroShotTeacher:
    """The LLM that annotates text, and whether the user permits sending text to it."""

    model: str
    base_url: str | None = None
    i_may_send_this_text: bool = False
    limits: AskLimits = DEFAULT_LIMITS

    def check_permission(self) -> None:
        """Raise UserError, naming the endpoint, unless the text may be sent to it."""
        host = Endpoint.from_environment(self.base_url).host
        if not self.i_may_send_this_text:
            raise UserError(
                f"this would send every sentence of the benchmark to the LLM at {host}: "
                "if you may send it there, add --i-may-send-this-text"
            )


def zero_shot_predictions(
    sample: RowSample,
    out: Path,
    ledger: Ledger,
    teacher: ZeroShotTeacher,
    relation: RelationRecipe | None = None,
) -> dict[str, int]:
    """Ask an LLM about each row of a sample, and write its predictions to `out`.

    Lines are `{"id", "ner_tags"}` or `{"id", "label"}`. Each type of the benchmark's tags is a
    request of its own. A relation row is one request, which lists the types of `relation` if it has
    some. A row without a usable answer is predicted as `O` or as not related, and counted. Answers
    in the ledger are used again, so the same call resumes a killed run.

    Returns:
        `rows`, `requests` and `unusable`.

    Raises:
        UserError: when the text may not be sent, the sample has no row, or `relation` is missing or
            fits another benchmark.
    """
    teacher.check_permission()
    data = sampled(sample)
    if data.tagged:
        labels = sorted(read_benchmark(str(sample.benchmark), sample.split).types)
        asked = [
            [mentions_payload(r.text, of, teacher.model) for of in labels] for r in data.tagged
        ]
    elif relation is None:
        raise UserError(f"{data.source} holds relations: give a recipe for relations")
    else:
        asked = [relation_payload(row, relation, data, teacher.model) for row in data.labelled]
    requests = [payload for payloads in asked for payload in payloads]
    generate(requests, ledger, base_url=teacher.base_url, limits=teacher.limits)
    form = Mentions if data.tagged or not relation else relation_form(relation)
    names = relation_classes(relation, data) if relation and data.labelled else {}
    unusable = 0
    rows: Sequence[TaggedText | LabelledText] = data.tagged or data.labelled
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("w", encoding="utf-8") as lines:
        for row, payloads in zip(rows, asked, strict=True):
            replies = [_reply(answer, form) for answer in find_answers(ledger, payloads)]
            unusable += replies.count(None)
            if isinstance(row, TaggedText):
                found = {
                    label: reply.mentions
                    for label, reply in zip(labels, replies, strict=True)
                    if reply
                }
                prediction: dict[str, Any] = {
                    "id": row.id,
                    "ner_tags": tag_mentions(row.tokens, found),
                }
            else:
                prediction = {"id": row.id, "label": predicted_class(replies, names)}
            lines.write(json.dumps(prediction, ensure_ascii=False) + "\n")
    return {"rows": len(asked), "requests": len(requests), "unusable": unusable}


def predicted_class(replies: Sequence[Any], names: Mapping[str, str | int]) -> str | int:
    """The benchmark's class for the LLM's reply; 0 without one."""
    reply = replies[0] if replies else None
    if reply is None:
        return 0
    return int(reply.related) if isinstance(reply, Related) else names.get(reply.relation, 0)


def zero_shot_spans(
    texts: Sequence[str],
    labels: Sequence[str],
    ledger: Ledger,
    teacher: ZeroShotTeacher,
) -> list[list[tuple[int, int, str]] | None]:
    """(start, end, label) of an LLM's mentions in each text, prompted as in zero_shot_predictions.

    Each type is a separate request, so spans of two types may coincide. None for a text
    without a usable answer.
    """
    teacher.check_permission()
    payloads = [
        [mentions_payload(text, label, teacher.model) for label in labels] for text in texts
    ]
    generate(
        [p for asked in payloads for p in asked],
        ledger,
        base_url=teacher.base_url,
        limits=teacher.limits,
    )
    spans: list[list[tuple[int, int, str]] | None] = []
    for text, asked in zip(texts, payloads, strict=True):
        replies = [_reply(answer, Mentions) for answer in find_answers(ledger, asked)]
        words, starts, ends = locate_words(text)
        listed = []
        for label, reply in zip(labels, replies, strict=True):
            tags = tag_mentions(words, {label: reply.mentions if reply else []})
            for first in [i for i, tag in enumerate(tags) if tag[0] == "B"]:
                end = next((i for i in range(first + 1, len(tags)) if tags[i][0] != "I"), len(tags))
                listed.append((starts[first], ends[end - 1], label))
        spans.append(sorted(listed) if any(replies) else None)
    return spans


def tag_mentions(tokens: Sequence[str], found: Mapping[str, Iterable[str]]) -> list[str]:
    """BIO tags of every occurrence of the mentions, as whole tokens, the longest first."""
    starts, length = {}, 0
    for number, token in enumerate(tokens):
        starts[length] = number
        length += len(token)
    starts[length] = len(tokens)
    text = "".join(tokens).lower()
    tags = ["O"] * len(tokens)
    mentions = {
        ("".join(mention.lower().split()), label)
        for label, listed in found.items()
        for mention in listed
    }
    for mention, label in sorted(mentions, key=lambda m: (-len(m[0]), m)):
        place = text.find(mention) if mention else -1
        while place >= 0:
            first, last = starts.get(place), starts.get(place + len(mention))
            if first is not None and last is not None and set(tags[first:last]) == {"O"}:
                tags[first:last] = [f"B-{label}"] + [f"I-{label}"] * (last - first - 1)
            place = text.find(mention, place + 1)
    return tags


def sampled(sample: RowSample) -> Benchmark:
    """The rows of a sample. Raises UserError if the split can't be read or has no row."""
    data = read_benchmark(str(sample.benchmark), sample.split)
    if sample.rows is None:
        return data
    rows = data.tagged or data.labelled
    chosen = sorted(random.Random(SEED).sample(range(len(rows)), len(rows))[: sample.rows])
    part = {"tagged" if data.tagged else "labelled": tuple(rows[number] for number in chosen)}
    return replace(data, **part)  # type: ignore[arg-type]


def mentions_payload(text: str, label: str, model: str) -> dict[str, Any]:
    """The request for the mentions of one type."""
    question = MENTIONS.format(label=label.lower(), text=text)
    return payload(question, Mentions, model)


def relation_payload(
    row: LabelledText, relation: RelationRecipe, data: Benchmark, model: str
) -> list[dict[str, Any]]:
    """The request for one pair; none for a row that masks head and tail as one."""
    pair = relation.head, relation.tail
    text = pair_text(row, pair, data.source)
    if text is None:
        return []
    if not relation.types:
        masks = " and ".join(sorted(set(MASK.findall(text))))
        return [payload(RELATED.format(masks=masks, text=text), Related, model)]
    head, tail = pair_masks(pair)
    question = TYPED.format(
        head=head,
        tail=tail,
        types="\n".join(
            f"{one.name}: {one.statements[0].format(head=head, tail=tail)}"
            for one in relation.types
        ),
        none=relation.none,
        first=relation.types[0].name,
        text=text,
    )
    return [payload(question, relation_form(relation), model)]


def payload(question: str, form: type[BaseModel], model: str) -> dict[str, Any]:
    """A request for one answer in this form."""
    messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": question}]
    return {
        "model": model,
        "messages": messages,
        **PARAMETERS,
        "response_format": response_format(form),
    }


def _reply(answer: Answer | None, form: type[BaseModel]) -> Any:
    """An answer as `form`; None where it is missing or something else."""
    try:
        return parse(answer.text, form) if answer else None
    except ValueError:
        return None
