"""The requests that ask for names and statements. The same recipe gives the same requests."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from corpusmith.lexicon.concept import Concept
from corpusmith.lexicon.scope import read_scope
from corpusmith.quality.growth.lists import GrowingList, GrowingRecipe
from corpusmith.quality.growth.wording import prompts
from corpusmith.recipe.new.entities import DOMAIN
from corpusmith.recipe.prompt import attribute_values
from corpusmith.recipe.relation import RelationType

LIMITS = ("max_completion_tokens", "max_tokens", "max_output_tokens", "num_predict")
NAMES = ("frequent", "short")  # kinds of request for names of the type


@dataclass(frozen=True)
class GrowthRequest:
    """A request of one kind. `label` names the list; `of` is a concept's preferred name, or a
    relation type.
    """

    kind: str
    label: str
    of: str
    payload: Mapping[str, Any]


def growth_requests(grown: GrowingRecipe, count: int) -> list[GrowthRequest]:
    """The first `count` requests. A larger count begins with the same ones."""
    return list(islice(GrowthPlan(grown).requests(), count))


class GrowthPlan:
    """Draws the requests of a recipe, in the turn of `cycle`, each list after the other."""

    def __init__(self, grown: GrowingRecipe) -> None:
        self.grown = grown
        recipe = grown.recipe
        scope = read_scope(recipe.about)
        said = prompts()["scope"]
        parts = [
            filled(said["counted"], counted=scope.counted_text) if scope.counted_text else "",
            filled(said["excluded"], excluded=", ".join(scope.excluded)) if scope.excluded else "",
        ]
        self.scope = "".join(parts)
        # The general topics are those of research; other domains have none that ship.
        self.topics = attribute_values("general") if recipe.domain == DOMAIN else ()

    def requests(self) -> Iterator[GrowthRequest]:
        relation, lists = self.grown.recipe.relation, self.grown.lists
        cycle = prompts()["cycle" if relation is None else "relation_cycle"]
        turns = dict.fromkeys(cycle, 0)
        number = 0
        while True:
            for kind in cycle:
                turn, turns[kind] = turns[kind], turns[kind] + 1
                yield self.request(kind, number, turn, lists[turn % len(lists)])
                number += 1

    def request(self, kind: str, number: int, turn: int, target: GrowingList) -> GrowthRequest:
        """The request with this number, the `turn`-th of its kind."""
        rng = random.Random(f"{self.grown.recipe.seed}:{number}:growth")
        text = rng.choice(prompts()[kind])
        if kind == "statement":
            return self.statement(text, number, turn, rng)
        turn //= len(self.grown.lists)
        of = ""
        values = {"type": target.spoken, "domain": self.grown.recipe.domain}
        if kind == "short":
            heavy = heaviest(target)
            at = turn // prompts()["asks_a_concept"] % len(heavy)
            text = prompts()[kind][turn % len(prompts()[kind])]
            of = values["name"] = heavy[at].names[0]
        else:
            values["topic"] = ""
            if self.topics:
                values["topic"] = filled(prompts()["topic"], topic=rng.choice(self.topics))
            values |= {
                "scope": self.scope,
                "examples": ", ".join(drawn(target, prompts()["examples"], rng)),
                "listed": str(prompts()["listed"]),
            }
        prompt = filled(text, **values) + prompts()["form"]
        return GrowthRequest(kind, target.label, of, self.payload(prompt, number))

    def statement(self, text: str, number: int, turn: int, rng: random.Random) -> GrowthRequest:
        """A request for paraphrases of one of a type's statements."""
        assert self.grown.recipe.relation is not None
        types: tuple[RelationType, ...] = self.grown.recipe.relation.types
        one = types[turn % len(types)]
        values = {
            "statement": rng.choice(one.statements),
            "statements": str(prompts()["statements"]),
        }
        return GrowthRequest(
            "statement", "", one.name, self.payload(filled(text, **values), number)
        )

    def payload(self, prompt: str, number: int) -> dict[str, Any]:
        """The payload, with the recipe's sampling but for the limit, which is that of a list."""
        teacher = self.grown.recipe.teacher
        sampling = dict(teacher.sampling)
        limit = next((name for name in LIMITS if name in sampling), "max_tokens")
        sampling[limit] = max(sampling.get(limit, 0), prompts()["max_tokens"])
        return {
            "model": teacher.model,
            "messages": [{"role": "user", "content": prompt}],
            **sampling,
            "seed": self.grown.recipe.seed * 1_000_000 + number,
        }


def filled(text: str, **values: str) -> str:
    """The text with its slots filled. Others, as {head}, stay."""
    for slot, value in values.items():
        text = text.replace(f"{{{slot}}}", value)
    return text


def heaviest(target: GrowingList) -> list[Concept]:
    """The concepts that are drawn most often, first."""
    return sorted(target.lexicon.concepts, key=lambda concept: -concept.weight)


def drawn(target: GrowingList, count: int, rng: random.Random) -> list[str]:
    """Names of some concepts, the heavier the likelier."""
    concepts = target.lexicon.concepts
    weights = [concept.weight for concept in concepts]
    return list(dict.fromkeys(c.names[0] for c in rng.choices(concepts, weights, k=count)))
