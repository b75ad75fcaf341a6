"""Answers to rows: verified, augmented and filtered, as a stream in the order of the plan."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from functools import cached_property, partial
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from corpusmith.corpus.augment.entities import derived_entities
from corpusmith.corpus.augment.pairs import derived_pairs
from corpusmith.corpus.augment.vocabulary import Vocabulary
from corpusmith.corpus.counts import Counts
from corpusmith.corpus.example import (
    Entities,
    PairSentence,
    Reject,
    entity_row,
    pair_row,
    sentence_of,
)
from corpusmith.corpus.filters.duplicates import Duplicates, find_duplicates
from corpusmith.corpus.filters.leakage import Leakage
from corpusmith.corpus.verify import Verifier
from corpusmith.corpus.veto import Veto
from corpusmith.files import BUFFER, batches
from corpusmith.progress import bar
from corpusmith.recipe.plan import SPLIT_FOLDS, Plan
from corpusmith.recipe.request import Request
from corpusmith.recipe.schema import Recipe
from corpusmith.teacher.ledger import Answer, Ledger
from corpusmith.teacher.structured import find_outcomes

REQUESTS_AT_ONCE = 256  # looked up in the ledger together
ACCEPTED = "accepted.jsonl"  # lines of [split, row], before the filters
encode = partial(orjson.dumps, option=orjson.OPT_APPEND_NEWLINE)


class RowWriter:
    """Writes the rows of a recipe as JSON lines below `work`, a file for each split.

    Rows go through files rather than lists, so memory doesn't grow with their number.
    """

    def __init__(self, recipe: Recipe, work: Path, vetoes: Sequence[Veto] = ()) -> None:
        self.recipe = recipe
        self.work = work
        self.vetoes = vetoes
        self.plan = Plan(recipe)
        self.counts = Counts()
        self._class_ids = {name: i for i, name in enumerate(class_names(recipe))}

    @cached_property
    def verifier(self) -> Verifier:
        return Verifier(self.recipe, self.plan.lexicons)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        return Vocabulary(self.plan)

    def write(self, ledger: Ledger, leakage: Leakage | None) -> None:
        """Write `{train,validation,test,rejected}.jsonl`; count the outcomes in `counts`."""
        texts = (row["text"] for row in self.judge(self.answered(ledger)))
        self.filter(find_duplicates(texts, self.recipe.filters.near_duplicates), leakage)

    def answered(self, ledger: Ledger) -> Iterator[tuple[Request, Answer]]:
        """Every answered request, in the order of the plan; count the others."""
        planned = bar(
            len(self.plan), f"{self.recipe.name}, verified", "requests", self.plan.requests()
        )
        for requests in batches(planned, REQUESTS_AT_ONCE):
            outcomes = find_outcomes(ledger, (request.payload for request in requests))
            for request, outcome in zip(requests, outcomes, strict=True):
                if isinstance(outcome, Answer):
                    yield request, outcome
                elif outcome == "failed":
                    self.counts.failed += 1
                else:
                    self.counts.add_unanswered(borrowed=request.index >= self.recipe.rows)

    def judge(self, answered: Iterable[tuple[Request, Answer]]) -> Iterator[dict[str, Any]]:
        """Verify and augment answers; write accepted rows and rejects to files.

        Yields each accepted row. The files are complete once the last one was taken.
        """
        self.work.mkdir(parents=True, exist_ok=True)
        with self._open(ACCEPTED, "wb") as out, self._open("rejected.jsonl", "wb") as rejects:
            for request, answer in answered:
                if request.index < self.recipe.rows:  # the recipe's own: borrowed ones cost nothing
                    self.counts.usage["prompt_tokens"] += answer.prompt_tokens
                    self.counts.usage["completion_tokens"] += answer.completion_tokens
                    self.counts.usage["cached_tokens"] += answer.cached_tokens
                outcome = self._verified(request, answer)
                if isinstance(outcome, Reject):
                    self.counts.rejected_by_reason[outcome.reason] += 1
                    asked = (request.id, request.prompt, request.payload["model"])
                    rejects.write(reject_line(asked, answer.text, outcome.reason))
                    continue
                for row in self.rows_of(request, outcome):
                    out.write(encode([request.split, row]))
                    yield row

    def filter(self, duplicates: Duplicates, leakage: Leakage | None) -> None:
        """Write the accepted rows to their splits, without duplicates and benchmark text."""
        with ExitStack() as stack:
            lines = stack.enter_context(self._open(ACCEPTED))
            rejects = stack.enter_context(self._open("rejected.jsonl", "ab"))
            outs = {
                split: stack.enter_context(self._open(f"{split}.jsonl", "wb"))
                for split in SPLIT_FOLDS
            }
            total = self.counts.accepted + self.counts.added_by_augmentation.total()
            judged = zip(lines, duplicates.reasons(), strict=True)
            for line, reason in bar(total, f"{self.recipe.name}, filtered", "rows", judged):
                split, row = orjson.loads(line)
                text = sentence_of(row)
                if reason is None and leakage and (source := leakage.check(text)):
                    reason = f"{leakage.n}-gram shared with {source}"
                if reason is None:
                    outs[split].write(encode(row))
                else:
                    self.counts.filtered_by_reason[reason] += 1
                    asked = (row["request_id"], row["prompt"], row["teacher"])
                    rejects.write(reject_line(asked, text, reason))
        (self.work / ACCEPTED).unlink()

    def rows_of(
        self, request: Request, example: Entities | PairSentence
    ) -> Iterator[dict[str, Any]]:
        """The row of an accepted answer, then the rows that augmentation derives from it.

        Derived entities are in the train split only, from sentences without uncertain mentions.
        Derived pairs are in every split, since all unrelated pairs of a recipe may be derived;
        only counterfactual ones, whose sentence no teacher wrote, are in the train split.
        """
        self.counts.accepted += 1
        yield self._row(request, example, request.id)
        if isinstance(example, Entities) and (request.split != "train" or example.ignored):
            return
        settings = (request.id, self.recipe, self.vocabulary)
        derived: Iterable[tuple[str, Entities | PairSentence]] = (
            derived_entities(example, *settings)
            if isinstance(example, Entities)
            else derived_pairs(example, *settings)
        )
        for number, (how, copy) in enumerate(derived, 1):
            if how == "counterfactual" and request.split != "train":
                continue
            self.counts.added_by_augmentation[how] += 1
            yield self._row(request, copy, f"{request.id}-{number}")

    def _verified(self, request: Request, answer: Answer) -> Entities | PairSentence | Reject:
        """The example of an answer, unless the recipe's rules or a veto reject it."""
        outcome = self.verifier.verify(request, answer.text, answer.finish_reason)
        if isinstance(outcome, Reject) or not self.vetoes:
            return outcome
        row = self._row(request, outcome, request.id)
        reasons = (Reject(veto.reason) for veto in self.vetoes if veto.rejects(row))
        return next(reasons, outcome)

    def _row(
        self, request: Request, example: Entities | PairSentence, row_id: str
    ) -> dict[str, Any]:
        columns = (
            entity_row(example, self._class_ids)
            if isinstance(example, Entities)
            else pair_row(example, self._class_ids)
        )
        return {
            "id": row_id,
            **columns,
            "request_id": request.id,
            "prompt": request.prompt,
            "teacher": request.payload["model"],
            "seed": request.payload["seed"],
        }

    def _open(self, name: str, mode: str = "rb") -> BinaryIO:
        return (self.work / name).open(mode, buffering=BUFFER)  # type: ignore[return-value]


def reject_line(asked: tuple[str, str, str], answer: str, reason: str) -> bytes:
    """A line of `rejected.jsonl`; `asked` is the request's id, its prompt and its model."""
    request_id, prompt, teacher = asked
    row = {"request_id": request_id, "answer": answer, "reason": reason, "prompt": prompt}
    return encode({**row, "teacher": teacher})


def class_names(recipe: Recipe) -> list[str]:
    """Names of the ClassLabel: BIO tags in the order of the recipe's labels, or relation labels."""
    if recipe.relation is not None:
        return list(recipe.relation.labels)
    return ["O", *(f"{prefix}-{label}" for label in recipe.labels for prefix in "BI")]
