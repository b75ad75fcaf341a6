"""Zero-shot predictions of an LLM for a benchmark, as a file that `evaluate` scores.

Only this module sends text other than rendered templates to an LLM, so the caller must permit it.
"""

import json
import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from corpusmith.corpus.benchmarks import benchmark_texts
from corpusmith.errors import UserError
from corpusmith.lexicon.words import locate_words
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
MASK = re.compile(r"@[A-Z][A-Z0-9_-]*\$")
PARAMETERS = {"temperature": 0.0, "max_tokens": 256}
SEED = 0  # of the random sample of rows


class Mentions(BaseModel):
    model_config = ConfigDict(extra="forbid")

    mentions: list[str] = Field(description="Mentions, copied from the sentence.")


class Related(BaseModel):
    model_config = ConfigDict(extra="forbid")

    related: bool


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
    benchmark: Path,
    split: str,
    out: Path,
    ledger: Ledger,
    teacher: ZeroShotTeacher,
    sample: int | None = None,
) -> dict[str, int]:
    """Ask an LLM about each row of `benchmark/{split}.jsonl`, and write its predictions to `out`.

    Lines are `{"id", "ner_tags"}` or `{"id", "label"}`. Each type of the benchmark's tags is a
    request of its own. With `sample`, only a random sample of that many rows is predicted; a
    larger sample contains the smaller one. A row without a usable answer is predicted as `O` or
    0 and counted. Answers in the ledger are used again, so the same call resumes a killed run.

    Returns:
        `rows`, `requests` and `unusable`.
    """
    teacher.check_permission()
    labels, asked = _asked(benchmark, split, teacher.model, sample)
    requests = [payload for _, payloads in asked for payload in payloads]
    generate(requests, ledger, base_url=teacher.base_url, limits=teacher.limits)
    unusable = 0
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("w", encoding="utf-8") as lines:
        for row, payloads in asked:
            tagged = "ner_tags" in row
            replies = [
                _reply(answer, Mentions if tagged else Related)
                for answer in find_answers(ledger, payloads)
            ]
            unusable += replies.count(None)
            if tagged:
                found = {
                    label: reply.mentions
                    for label, reply in zip(labels, replies, strict=True)
                    if reply
                }
                prediction = {"id": row["id"], "ner_tags": tag_mentions(row["tokens"], found)}
            else:
                prediction = {
                    "id": row["id"],
                    "label": int(replies[0] is not None and replies[0].related),
                }
            lines.write(json.dumps(prediction, ensure_ascii=False) + "\n")
    return {"rows": len(asked), "requests": len(requests), "unusable": unusable}


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
        [_payload({"text": text}, label, True, teacher.model) for label in labels] for text in texts
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


def _asked(
    benchmark: Path, split: str, model: str, sample: int | None = None
) -> tuple[list[str], list[tuple[dict[str, Any], list]]]:
    """The types of a split's tags, and its rows (or a sample) with a payload for each type."""
    path = benchmark / f"{split}.jsonl"
    rows = list(benchmark_texts(path)) if path.is_file() else []
    if not rows:
        raise UserError(f"{path} holds no row: give a benchmark folder and one of its splits")
    tagged = "ner_tags" in rows[0]
    labels = (
        sorted({tag[2:] for row in rows for tag in row["ner_tags"]} - {""})
        if tagged
        else ["related"]
    )
    if sample is not None:
        drawn = random.Random(SEED).sample(range(len(rows)), len(rows))[:sample]
        rows = [rows[number] for number in sorted(drawn)]
    return labels, [
        (row, [_payload(row, label, tagged, model) for label in labels]) for row in rows
    ]


def _payload(row: Mapping[str, Any], label: str, tagged: bool, model: str) -> dict[str, Any]:
    if tagged:
        question, answer = (
            MENTIONS.format(label=label.lower(), text=row["text"]),
            response_format(Mentions),
        )
    else:
        masks = " and ".join(sorted(set(MASK.findall(row["text"]))))
        question, answer = RELATED.format(masks=masks, text=row["text"]), response_format(Related)
    messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": question}]
    return {"model": model, "messages": messages, **PARAMETERS, "response_format": answer}


def _reply(answer: Answer | None, form: type[BaseModel]) -> Any:
    """An answer as `form`; None where it is missing or something else."""
    try:
        return parse(answer.text, form) if answer else None
    except ValueError:
        return None
