"""Answers → rows: verification, augmentation and filters, streamed in the order of the plan."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from builders.augment import derived_entities, mistagged_pairs
from builders.example import Entities, Pair, Reject, entity_row, pair_row
from builders.filters import Duplicates, Leakage, find_duplicates
from builders.ledger import Answer, Ledger, payload_key
from builders.noise import REASON, Noise
from builders.plan import SPLIT_FOLDS, Plan, Request
from builders.recipe import Recipe
from builders.verify import Lookup, lookup, verify_entities, verify_pair

CHUNK = 2000
UNFINISHED = {"length": "cut off at the token limit", "content_filter": "withheld by a content filter"}


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

    def __init__(self, recipe: Recipe, work: Path, noise: Noise | None = None) -> None:
        self.recipe = recipe
        self.noise = noise
        self.plan = Plan(recipe)
        self.work = work
        self.counts = Counts()
        self._ids = {name: i for i, name in enumerate(class_names(recipe))}
        self._lookup: Lookup = lookup(recipe, self.plan.lexicons)

    def write(self, ledger: Ledger, leakage: Leakage | None) -> None:
        """Fill `work` with `{train,validation,test,rejected}.jsonl`; `counts` tells what became of every request."""
        self.judge(self.answered(ledger))
        self.filter(find_duplicates(self.compared_texts(), self.recipe.filters.near_duplicates), leakage)

    def answered(self, ledger: Ledger) -> Iterator[tuple[Request, Answer]]:
        """Every answered request, in the order of the plan; failed and pending ones are only counted."""
        for requests in chunks(self.plan.requests(), CHUNK):
            keys = [payload_key(request.payload) for request in requests]
            answers = ledger.get_many(keys)
            settled = ledger.settled(keys)
            for request, key in zip(requests, keys, strict=True):
                if (answer := answers.get(key)) is not None:
                    yield request, answer
                elif key in settled:
                    self.counts.failed += 1
                else:
                    self.counts.pending += 1

    def judge(self, answered: Iterable[tuple[Request, Answer]]) -> None:
        """Verify answers: rows, those of augmentation included, to `accepted.jsonl`, the rest to `rejected.jsonl`."""
        self.work.mkdir(parents=True, exist_ok=True)
        with self._open("accepted", "w") as out, self._open("rejected", "w") as thrown:
            for request, answer in answered:
                self.counts.usage.update(
                    prompt_tokens=answer.prompt_tokens,
                    completion_tokens=answer.completion_tokens,
                    cached_tokens=answer.cached_tokens,
                )
                outcome = self.verify(request, answer.text, answer.finish_reason)
                if not isinstance(outcome, Reject) and self._is_noise(request, outcome):
                    outcome = Reject(REASON)
                if isinstance(outcome, Reject):
                    self.counts.rejected_by_reason[outcome.reason] += 1
                    self._throw_out(thrown, request.id, answer.text, outcome.reason, request.prompt)
                else:
                    for row in self.rows_of(request, outcome):
                        out.write(json.dumps({"split": request.split, "row": row}, ensure_ascii=False) + "\n")

    def compared_texts(self) -> Iterator[str]:
        """What tells duplicates: each accepted row's text, in relations the masked one (a sentence has pairs)."""
        with self._open("accepted") as lines:
            yield from (json.loads(line)["row"]["text"] for line in lines)

    def filter(self, duplicates: Duplicates, leakage: Leakage | None) -> None:
        """Deal the accepted rows to their splits, without duplicates (of any split) and without benchmark text."""
        text_of = "text" if self.recipe.task == "ner" else "source_text"
        with ExitStack() as stack:
            lines = stack.enter_context(self._open("accepted"))
            thrown = stack.enter_context(self._open("rejected", "a"))
            outs = {split: stack.enter_context(self._open(split, "w")) for split in SPLIT_FOLDS}
            for line, earlier, exact in zip(lines, duplicates.earlier, duplicates.exact, strict=True):
                entry = json.loads(line)
                row = entry["row"]
                reason = None
                if earlier >= 0:
                    reason = "duplicate" if exact else "near duplicate"
                elif leakage is not None and (source := leakage.check(row[text_of])) is not None:
                    reason = f"shares a {leakage.n}-gram with {source}"
                if reason is None:
                    outs[entry["split"]].write(json.dumps(row, ensure_ascii=False) + "\n")
                else:
                    self.counts.filtered_by_reason[reason] += 1
                    self._throw_out(thrown, row["request_id"], row[text_of], reason, row["prompt"])
        (self.work / "accepted.jsonl").unlink()

    def verify(self, request: Request, answer: str, finish_reason: str = "stop") -> Entities | Pair | Reject:
        """One answer, judged by the recipe's rules."""
        if finish_reason in UNFINISHED:
            return Reject(UNFINISHED[finish_reason])
        if self.recipe.task == "ner":
            return verify_entities(request, answer, self.recipe, self._lookup)
        return verify_pair(request, answer, self.recipe)

    def rows_of(self, request: Request, outcome: Entities | Pair) -> Iterator[dict[str, Any]]:
        """The row of an accepted answer, then in the train split the rows that augmentation derives from it."""
        self.counts.accepted += 1
        yield self._row(request, outcome, request.id)
        if request.split != "train":
            return
        derived: Iterable[tuple[str, Entities | Pair]]
        if isinstance(outcome, Entities):
            derived = derived_entities(outcome, request.id, self.recipe, self.plan)
        else:
            derived = (("mistagged", pair) for pair in mistagged_pairs(outcome, request.id, self.recipe))
        for number, (how, example) in enumerate(derived, 1):
            self.counts.added_by_augmentation[how] += 1
            yield self._row(request, example, f"{request.id}-{number}")

    def _row(self, request: Request, example: Entities | Pair, row_id: str) -> dict[str, Any]:
        columns = entity_row(example, self._ids) if isinstance(example, Entities) else pair_row(example, self._ids)
        asked = {"request_id": request.id, "prompt": request.prompt, "teacher": request.payload["model"]}
        return {"id": row_id, **columns, **asked, "seed": request.payload["seed"]}

    def _is_noise(self, request: Request, example: Entities | Pair) -> bool:
        if self.noise is None:
            return False
        row = self._row(request, example, request.id)
        return self.noise.holds(request.id, tuple(row["ner_tags"]) if "ner_tags" in row else (row["label"],))

    def _throw_out(self, thrown: TextIO, request_id: str, answer: str, reason: str, prompt: str) -> None:
        row = {"request_id": request_id, "answer": answer, "reason": reason, "prompt": prompt}
        row["teacher"] = self.recipe.teacher.model
        thrown.write(json.dumps(row, ensure_ascii=False) + "\n")

    def _open(self, name: str, mode: str = "r") -> TextIO:
        return (self.work / f"{name}.jsonl").open(mode, encoding="utf-8")  # type: ignore[return-value]


def class_names(recipe: Recipe) -> list[str]:
    """Names of the ClassLabel: BIO tags in the order of the recipe's labels, or the two relation labels."""
    if recipe.relation is not None:
        return list(recipe.relation.labels)
    return ["O", *(f"{prefix}-{label}" for label in recipe.labels for prefix in "BI")]


def chunks(requests: Iterator[Request], size: int) -> Iterator[list[Request]]:
    chunk: list[Request] = []
    for request in requests:
        chunk.append(request)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
