"""Answers → rows: verification, augmentation and filters, streamed in the order of the plan."""

import gc
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from corpusmith.corpus.augment.entities import derived_entities
from corpusmith.corpus.augment.pairs import derived_pairs
from corpusmith.corpus.augment.vocabulary import Vocabulary
from corpusmith.corpus.duplicates import Duplicates, find_duplicates
from corpusmith.corpus.example import Entities, Pair, Reject, entity_row, pair_row
from corpusmith.corpus.leakage import Leakage
from corpusmith.corpus.verify import Lookup, lookup, verify_entities, verify_pair
from corpusmith.files import BUFFER, batches
from corpusmith.progress import bar
from corpusmith.quality.label_noise import REASON, Noise
from corpusmith.quality.outliers import APART, Outliers
from corpusmith.recipe.plan import SPLIT_FOLDS, Plan, Request
from corpusmith.recipe.schema import Recipe
from corpusmith.teacher.ledger import Answer, Ledger
from corpusmith.teacher.structured import find_outcomes

CHUNK = 256  # rows at once; with thousands, the processor's cache would hold no longer what the next step reads
ACCEPTED = "accepted.tsv"  # split and row as JSON, before the filters: what is kept goes on without being parsed again
UNFINISHED = {
    "length": "cut off at the token limit",
    "content_filter": "withheld by a content filter",
}
encode = partial(orjson.dumps, option=orjson.OPT_APPEND_NEWLINE)
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"')


@dataclass
class Counts:
    """What became of each request, and of each accepted row. Requests = accepted + rejected + failed + pending."""

    accepted: int = 0
    failed: int = 0
    pending: int = 0
    rejected_by_reason: Counter[str] = field(default_factory=Counter)
    filtered_by_reason: Counter[str] = field(default_factory=Counter)
    added_by_augmentation: Counter[str] = field(default_factory=Counter)
    usage: Counter[str] = field(default_factory=Counter)

    @property
    def rejected(self) -> int:
        return self.rejected_by_reason.total()

    @property
    def requests(self) -> int:
        return self.accepted + self.rejected + self.failed + self.pending

    def merge(self, other: "Counts") -> None:
        """Add what became of the requests of another shard."""
        for name, value in vars(other).items():
            if isinstance(value, Counter):
                getattr(self, name).update(value)  # which, unlike +, keeps what was counted as 0
            else:
                setattr(self, name, getattr(self, name) + value)


class Corpus:
    """The rows of a recipe, written split by split as JSON lines below `work`, from which the builders read them.

    Rows stream through files rather than lists, so that memory does not grow with their number.
    """

    def __init__(
        self,
        recipe: Recipe,
        work: Path,
        noise: Noise | None = None,
        outliers: Outliers | None = None,
    ) -> None:
        self.recipe = recipe
        self.noise = noise
        self.outliers = outliers
        self.plan = Plan(recipe)
        self.work = work
        self.counts = Counts()
        self._ids = {name: i for i, name in enumerate(class_names(recipe))}

    @cached_property
    def _vocabulary(self) -> Vocabulary:
        return Vocabulary(self.plan)

    @cached_property
    def _lookup(self) -> Lookup:
        return lookup(
            self.recipe, self.plan.lexicons
        )  # a second or so, which a task that only filters saves

    def write(self, ledger: Ledger, leakage: Leakage | None) -> None:
        """Fill `work` with `{train,validation,test,rejected}.jsonl`; `counts` tells what became of every request."""
        texts = (
            row["text"] for row in self.judge(self.answered(ledger))
        )  # in relations the masked ones
        self.filter(find_duplicates(texts, self.recipe.filters.near_duplicates), leakage)

    def answered(self, ledger: Ledger) -> Iterator[tuple[Request, Answer]]:
        """Every answered request, in the order of the plan; failed and pending ones are only counted."""
        planned = bar(
            len(self.plan), f"{self.recipe.name}, verified", "requests", self.plan.requests()
        )
        for requests in batches(planned, CHUNK):
            outcomes = find_outcomes(ledger, (request.payload for request in requests))
            for request, outcome in zip(requests, outcomes, strict=True):
                if isinstance(outcome, Answer):
                    yield request, outcome
                elif outcome == "failed":
                    self.counts.failed += 1
                else:
                    self.counts.pending += 1

    def judge(self, answered: Iterable[tuple[Request, Answer]]) -> Iterator[dict[str, Any]]:
        """Verify answers: rows, those of augmentation included, to `accepted.tsv`, the rest to `rejected.jsonl`.

        Gives each row as it is accepted; the files are whole once the last was taken.
        """
        self.work.mkdir(parents=True, exist_ok=True)
        usage = self.counts.usage
        with ExitStack() as stack:
            out, thrown = (
                stack.enter_context(self._open(name, "wb")) for name in (ACCEPTED, "rejected.jsonl")
            )
            for number, (request, answer) in enumerate(answered):
                if (
                    number == CHUNK and not gc.get_freeze_count()
                ):  # by now all is loaded that rows need
                    gc.freeze()  # else a tenth of the time goes on looking through lexicons for what could be freed
                    stack.callback(gc.unfreeze)
                usage["prompt_tokens"] += answer.prompt_tokens
                usage["completion_tokens"] += answer.completion_tokens
                usage["cached_tokens"] += answer.cached_tokens
                outcome = self.verify(request, answer.text, answer.finish_reason)
                if not isinstance(outcome, Reject):
                    outcome = self._judged(request, outcome)
                if isinstance(outcome, Reject):
                    self.counts.rejected_by_reason[outcome.reason] += 1
                    self._throw_out(thrown, request.id, answer.text, outcome.reason, request.prompt)
                else:
                    split = f"{request.split}\t".encode()
                    for row in self.rows_of(request, outcome):
                        out.write(split + encode(row))
                        yield row

    def filter(self, duplicates: Duplicates, leakage: Leakage | None) -> None:
        """Deal the accepted rows to their splits, without duplicates (of any split) and without benchmark text."""
        with ExitStack() as stack:
            lines = stack.enter_context(self._open(ACCEPTED))
            thrown = stack.enter_context(self._open("rejected.jsonl", "ab"))
            outs = {
                split.encode(): stack.enter_context(self._open(f"{split}.jsonl", "wb"))
                for split in SPLIT_FOLDS
            }
            as_written = "text" if self.recipe.task == "ner" else "source_text"
            accepted = self.counts.accepted + self.counts.added_by_augmentation.total()
            judged = zip(lines, duplicates.reasons(), strict=True)
            for part in batches(
                bar(accepted, f"{self.recipe.name}, filtered", "rows", judged), CHUNK
            ):
                texts = [string_in(line, as_written) for line, _ in part]
                reasons = with_leaks([repeat for _, repeat in part], texts, leakage)
                for (line, _), text, reason in zip(part, texts, reasons, strict=True):
                    split, row = line.split(b"\t", 1)
                    if reason is None:
                        outs[split].write(row)
                    else:
                        self.counts.filtered_by_reason[reason] += 1
                        self._throw_out(
                            thrown,
                            string_in(row, "request_id"),
                            text,
                            reason,
                            string_in(row, "prompt"),
                        )
        (self.work / ACCEPTED).unlink()

    def verify(
        self, request: Request, answer: str, finish_reason: str = "stop"
    ) -> Entities | Pair | Reject:
        """One answer, judged by the recipe's rules."""
        if finish_reason in UNFINISHED:
            return Reject(UNFINISHED[finish_reason])
        if self.recipe.task == "ner":
            return verify_entities(request, answer, self.recipe, self._lookup)
        return verify_pair(request, answer, self.recipe)

    def rows_of(self, request: Request, outcome: Entities | Pair) -> Iterator[dict[str, Any]]:
        """The row of an accepted answer, then the rows that augmentation derives from it: of entities in train only.

        Derived pairs are in every split, since a corpus may have no unrelated ones but the mistagged.
        """
        self.counts.accepted += 1
        yield self._row(request, outcome, request.id)
        if isinstance(outcome, Entities) and request.split != "train":
            return
        settings = (request.id, self.recipe, self._vocabulary)
        derived: Iterable[tuple[str, Entities | Pair]] = (
            derived_entities(outcome, *settings)
            if isinstance(outcome, Entities)
            else derived_pairs(outcome, *settings)
        )
        for number, (how, example) in enumerate(derived, 1):
            self.counts.added_by_augmentation[how] += 1
            yield self._row(request, example, f"{request.id}-{number}")

    def _row(self, request: Request, example: Entities | Pair, row_id: str) -> dict[str, Any]:
        columns = (
            entity_row(example, self._ids)
            if isinstance(example, Entities)
            else pair_row(example, self._ids)
        )
        asked = {
            "request_id": request.id,
            "prompt": request.prompt,
            "teacher": request.payload["model"],
        }
        return {"id": row_id, **columns, **asked, "seed": request.payload["seed"]}

    def _judged(self, request: Request, example: Entities | Pair) -> Entities | Pair | Reject:
        """The example, unless students of an earlier build deny its labels or its embedding lies apart."""
        if self.noise is not None:
            row = self._row(request, example, request.id)
            if self.noise.holds(
                request.id, tuple(row["ner_tags"]) if "ner_tags" in row else (row["label"],)
            ):
                return Reject(REASON)
        if self.outliers is not None and request.id in self.outliers.ids:
            return Reject(APART)
        return example

    def _throw_out(
        self, thrown: BinaryIO, request_id: str, answer: str, reason: str, prompt: str
    ) -> None:
        row = {"request_id": request_id, "answer": answer, "reason": reason, "prompt": prompt}
        row["teacher"] = self.recipe.teacher.model
        thrown.write(encode(row))

    def _open(self, name: str, mode: str = "rb") -> BinaryIO:
        return (self.work / name).open(mode, buffering=BUFFER)  # type: ignore[return-value]


def string_in(row: bytes, column: str) -> str:
    """A column of a row in JSON, read off without parsing the rest. Inside a value the quote would have a backslash."""
    name = b'"%b":"' % column.encode()
    start = row.index(name) + len(name)
    plain = row[start : row.index(b'"', start)]
    if b"\\" not in plain:
        return plain.decode()
    value = _STRING.match(row, start - 1)
    assert value, f"{column} is no string"
    text: str = orjson.loads(value[0])
    return text


def with_leaks(
    reasons: list[str | None], texts: list[str], leakage: Leakage | None
) -> list[str | None]:
    """Why each text is left out; those that nothing is held against yet are looked up in the benchmarks."""
    if leakage is None:
        return reasons
    sources = iter(
        leakage.check_all(
            [text for text, reason in zip(texts, reasons, strict=True) if reason is None]
        )
    )
    found = [None if reason else next(sources) for reason in reasons]
    return [
        f"{leakage.n}-gram shared with {source}" if source else reason
        for reason, source in zip(reasons, found, strict=True)
    ]


def class_names(recipe: Recipe) -> list[str]:
    """Names of the ClassLabel: BIO tags in the order of the recipe's labels, or the two relation labels."""
    if recipe.relation is not None:
        return list(recipe.relation.labels)
    return ["O", *(f"{prefix}-{label}" for label in recipe.labels for prefix in "BI")]
