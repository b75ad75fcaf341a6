"""The paper's prompt search: an LLM proposes templates and then varies the best ones.

All requests go through the ledger, so a stopped search resumes without paying twice. Each template
is used for the same requests of the recipe, so that scores do not depend on the concepts.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from corpusmith.corpus.example import Entities, PairSentence, Reject
from corpusmith.corpus.verify import Verifier
from corpusmith.errors import UserError
from corpusmith.quality.prompt_score import Score, score, target_form
from corpusmith.recipe.plan import Plan
from corpusmith.recipe.prompt import TemplateFault, prompt_text, read_template, to_jinja
from corpusmith.recipe.request import Request
from corpusmith.recipe.schema import Recipe
from corpusmith.teacher.client import generate
from corpusmith.teacher.ledger import Ledger
from corpusmith.teacher.limits import AskLimits
from corpusmith.teacher.payload import payload_key
from corpusmith.teacher.prices import Price

FILLED = ("section", "topic", "detail", "statement", "avoid")
MEANING = {
    "phrases": "the names that the sentence must hold, written exactly like that",
    "topic": "what the abstract is about",
    "section": "the part of the abstract that the sentence is from",
    "detail": "a further wish, a sentence of its own",
    "statement": "what the sentence is to say of the names, a sentence of its own",
    "avoid": "what the sentence must not name",
}
PROPOSE = """\
Write an instruction that makes a language model write ONE sentence as in a PubMed abstract. \
Placeholders stand for what is filled in later; write each exactly so, in braces:
{slots}
Use {{phrases}} once. Use no other braces. Ask for a specific, factual sentence of about \
{length} words that sounds like real literature. The instruction is one paragraph of at most \
60 words. Reply with the instruction only.
{shown}"""
EXAMPLE = """Example: Write one sentence from the {section} of a PubMed abstract about {topic}. \
It must contain {phrases}, written exactly like that."""
SAMPLING = {"temperature": 1.0, "top_p": 0.95, "max_tokens": 160}
SHOWN = 3  # of the best templates, to be varied


@dataclass
class PromptCandidate:
    """A template as the LLM wrote it (None: the recipe's own), with its answers and score."""

    id: str
    template: str | None
    jinja: str
    sentences: list[dict[str, Any]] = field(default_factory=list)
    score: Score | None = None

    def facts(self) -> dict[str, Any]:
        assert self.score is not None
        scores = {"total": self.score.total, **vars(self.score)}
        return {
            "id": self.id,
            "template": self.template,
            "scores": scores,
            "sentences": self.sentences,
        }


Rank = Callable[
    [Sequence[PromptCandidate]], Sequence[str]
]  # the ids of some candidates, the best first


@dataclass
class PromptSearch:
    """One search. `rank` orders the candidates of a round in place of their scores."""

    recipe: Recipe
    ledger: Ledger
    rounds: int = 3
    templates: int = 4
    sentences: int = 10
    base_url: str | None = None
    price: Price | None = None
    max_cost: float | None = None
    benchmarks: Path | None = None
    rank: Rank | None = None
    spent: float = 0.0

    def __post_init__(self) -> None:
        for name in ("rounds", "templates", "sentences"):
            if getattr(self, name) < 1:
                raise UserError(f"--{name} {getattr(self, name)}: give a positive number")
        self.recipe = self.recipe.own(context=())
        self.base = prompt_text(self.recipe.prompt)
        self.slots = self._slots()
        self.target, self.source = target_form(self.recipe, self.benchmarks)
        self.refused: list[dict[str, str]] = []

    @property
    def most_requests(self) -> int:
        """The requests of a search if no template is refused and the ledger has no answer."""
        return self.sentences + self.rounds * self.templates * (1 + self.sentences)

    def run(self, work: Path, say: Callable[[str], None]) -> list[PromptCandidate]:
        """Every candidate, the best first, and the recipe's own prompt. Files go to `work`."""
        order = self._judged([PromptCandidate("now", None, self.base)], work)
        say(candidate_text(order[0]))
        for number in range(1, self.rounds + 1):
            grown = self._judged(list(self._proposed(number, order)), work)
            for candidate in grown:
                say(candidate_text(candidate))
            order = sorted([*order, *grown], key=lambda c: -c.score.total if c.score else 0.0)
            if self.rank is not None:
                chosen = list(self.rank(order))
                order.sort(key=lambda c: chosen.index(c.id) if c.id in chosen else len(chosen))
        return order

    def _proposed(self, number: int, order: Sequence[PromptCandidate]) -> Iterator[PromptCandidate]:
        """New templates of a round. Other proposals are refused with a reason."""
        payloads = [self._proposal(number, i, order) for i in range(self.templates)]
        known = {EXAMPLE.removeprefix("Example: "), *(candidate.template for candidate in order)}
        for i, text in enumerate(self._answers(payloads), 1):
            candidate = f"{number}.{i}"
            try:
                template = read_template(text or "", self.slots)
                if template in known:
                    raise TemplateFault("the same as another, or as the example")
            except TemplateFault as reason:
                self.refused.append({"id": candidate, "answer": text or "", "reason": str(reason)})
                continue
            known.add(template)
            yield PromptCandidate(candidate, template, to_jinja(template, self.base))

    def _proposal(self, number: int, i: int, order: Sequence[PromptCandidate]) -> dict[str, Any]:
        best = [c for c in order if c.template is not None and c.score is not None][:SHOWN]
        lines = [f"{c.score.total:.2f}: {c.template}" for c in best if c.score]
        grown = (
            "These did best so far (1.00 is the most). Write a variation that does better:\n"
            + "\n".join(lines)
        )
        text = PROPOSE.format(
            slots="\n".join(
                f"{{{slot}}}: {meaning}" for slot, meaning in MEANING.items() if slot in self.slots
            ),
            length=round(self.target["tokens_mean"]),
            shown=grown if best else EXAMPLE if {"section", "topic"} <= self.slots else "",
        )
        messages = [{"role": "user", "content": text.strip()}]
        seed = number * 1000 + i + self.recipe.seed * 1_000_000
        return {"model": self.recipe.teacher.model, "messages": messages, **SAMPLING, "seed": seed}

    def _judged(self, candidates: list[PromptCandidate], work: Path) -> list[PromptCandidate]:
        """Candidates with their sentences and score. All requests are sent together."""
        work.mkdir(parents=True, exist_ok=True)
        asked: list[tuple[PromptCandidate, Request]] = []
        for candidate in candidates:
            path = work / f"{candidate.id}.jinja"
            path.write_text(candidate.jinja, encoding="utf-8")
            plan = Plan(self.recipe.model_copy(update={"prompt": str(path)}))
            asked += [(candidate, request) for request in self._requests(plan)]
        outcomes: dict[str, list[Entities | PairSentence | Reject | None]] = {
            candidate.id: [] for candidate in candidates
        }
        answers = self._answers([request.payload for _, request in asked])
        for (candidate, request), text in zip(asked, answers, strict=True):
            outcome = self._verifier.verify(request, text) if text is not None else None
            reason = (
                outcome.reason if isinstance(outcome, Reject) else None if outcome else "no answer"
            )
            outcomes[candidate.id].append(outcome)
            candidate.sentences.append({"request_id": request.id, "answer": text, "reason": reason})
        for candidate in candidates:
            candidate.score = score(outcomes[candidate.id], self.target)
        return candidates

    @cached_property
    def _verifier(self) -> Verifier:
        return Verifier(self.recipe, Plan(self.recipe).lexicons)

    def _requests(self, plan: Plan) -> list[Request]:
        """The first requests with names: templates are not used for the others."""
        asked = (request for request in map(plan.request, range(self.recipe.rows)) if request.seeds)
        return list(islice(asked, self.sentences))

    def _answers(self, payloads: list[dict[str, Any]]) -> list[str | None]:
        """The teacher's answers; None for a failure. Raises UserError when the budget is spent."""
        left = None if self.max_cost is None else max(self.max_cost - self.spent, 0.0)
        done = generate(
            payloads,
            self.ledger,
            base_url=self.base_url,
            limits=AskLimits(price=self.price, max_cost=left),
        )
        self.spent += done.cost or 0.0
        if done.stopped:
            raise UserError(
                f"--max-cost {self.max_cost:g} is spent with {done.pending} requests open; "
                "repeat the command with a larger --max-cost to continue"
            )
        keys = [payload_key(payload) for payload in payloads]
        found = self.ledger.get_many(keys)
        return [found[key].text if key in found else None for key in keys]

    def _slots(self) -> frozenset[str]:
        """The slots that every kind with seeds can fill."""
        kinds = [kind for kind in self.recipe.kinds if kind.seeds]
        if not kinds:
            raise UserError(
                f"{self.recipe.name}: no kind asks for a name, so there is no template to search"
            )
        filled = [
            {*self.recipe.attributes, *kind.attributes, *(["avoid"] if kind.avoid else [])}
            for kind in kinds
        ]
        return frozenset({"phrases", *set.intersection(*filled)} & {"phrases", *FILLED})


def candidate_text(candidate: PromptCandidate) -> str:
    """A line of figures, and the template."""
    assert candidate.score is not None
    s = candidate.score
    figures = (
        f"{s.total:.3f} = acceptance {s.acceptance:.2f}, diversity {s.diversity:.2f}, "
        f"closeness {s.closeness:.2f}"
    )
    return f"{candidate.id:<5} {figures}  {candidate.template or '(the prompt of the recipe)'}"


def keep(search: PromptSearch, order: Sequence[PromptCandidate], folder: Path) -> tuple[Path, Path]:
    """Write the best new template as `NAME.vN.jinja`, and a JSON of all candidates.

    N is the first free number from 2. Raises UserError if all proposals were refused.
    """
    best = next((candidate for candidate in order if candidate.template is not None), None)
    if best is None:
        reasons = ", ".join(sorted({entry["reason"] for entry in search.refused}))
        raise UserError(
            f"none of the proposals is a template ({reasons}): "
            "search with more templates, or another model"
        )
    folder.mkdir(parents=True, exist_ok=True)
    number = 2
    while any(
        (folder / f"{search.recipe.name}.v{number}.{ending}").exists()
        for ending in ("jinja", "json")
    ):
        number += 1
    prompt = folder / f"{search.recipe.name}.v{number}.jinja"
    facts = {
        "recipe": search.recipe.name,
        "model": search.recipe.teacher.model,
        "prompt": prompt.name,
        "best": best.id,
        "ranked_by": "score" if search.rank is None else "a person",
        "target": {"from": search.source, **search.target},
        "templates": [candidate.facts() for candidate in order],
        "refused": search.refused,
    }
    with prompt.open("x", encoding="utf-8") as out:
        out.write(best.jinja)
    record = prompt.with_suffix(".json")
    with record.open("x", encoding="utf-8") as out:
        out.write(json.dumps(facts, indent=2, ensure_ascii=False) + "\n")
    return prompt, record
