"""Plan requests: request `i` is a pure function of the recipe and `i`. So a plan can be extended,
sharded and resumed without saved state."""

import itertools
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import jinja2

from corpusmith.errors import UserError
from corpusmith.lexicon.concept import Concept, Lexicon, Sampler, boosted
from corpusmith.lexicon.forms import forms
from corpusmith.lexicon.graph import Facts, Graph
from corpusmith.lexicon.scope import read_scope
from corpusmith.lexicon.surface_forms import abbreviation, by_last_word, coordinated, surface
from corpusmith.recipe.lexicons import apart, found, selected
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.prompt import attribute_values, prompt_text, prompt_version, sandbox
from corpusmith.recipe.request import Request, Seed, filled_statement
from corpusmith.recipe.schema import Kind, Recipe, Selection

# The folds of concepts, of ten, that each split asks about.
SPLIT_FOLDS = {"train": range(8), "validation": range(8, 9), "test": range(9, 10)}
# In a plan of more requests, every concept that a held-out request could be about is held out.
MOST_REDRAWN = 50_000
MOST_DRAWS = 20  # to draw a concept that differs from the earlier ones


@dataclass(frozen=True)
class Way:
    """A kind of the recipe, with its splits, their weights, and the values of each attribute."""

    kind: Kind
    splits: tuple[str, ...]
    split_weights: tuple[int, ...]
    attributes: tuple[tuple[str, tuple[str, ...]], ...]


class Plan:
    """The requests of a recipe, then those of the recipes it borrows from. Lexicons, samplers and
    the template are loaded once, on first use.
    """

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe

    def __len__(self) -> int:
        return self.recipe.rows + self.borrowed_count

    @cached_property
    def borrowed_count(self) -> int:
        """The number of borrowed requests: all of `lent`, or what `most_borrowed` allows."""
        most = self.recipe.most_borrowed
        return self.lent if most is None else min(self.lent, int(most * self.recipe.rows))

    @cached_property
    def lent(self) -> int:
        """The number of requests of all lenders."""
        return sum(map(len, self.lenders))

    @cached_property
    def lenders(self) -> list["Plan"]:
        """The plans of the recipes this one borrows from. Borrowing is not transitive."""
        return [Plan(load_recipe(name).own()) for name in self.recipe.borrow]

    def requests(self, shard: int = 0, of: int = 1) -> Iterator[Request]:
        """Requests `shard, shard + of, …`. The shards of a plan are disjoint and cover it."""
        for index in range(shard, len(self), of):
            yield self.request(index)

    def request(self, index: int) -> Request:
        """Request `index`. Changing `rows` doesn't change the requests below it."""
        recipe = self.recipe
        if index >= recipe.rows and self.lenders:
            return self._borrowed(index)
        rng = random.Random(f"{recipe.seed}:{index}")
        way, split = self._way_and_split(rng)
        kind = way.kind
        seeds, phrases = self._seeds(kind, split, rng)
        chosen = {name: rng.choice(values) for name, values in way.attributes}
        if recipe.relation and recipe.relation.types:
            chosen = {name: filled_statement(value, seeds) for name, value in chosen.items()}
        rendered = self.template.render(
            {
                "kind": kind.name,
                "label": kind.label,
                "phrases": phrases,
                "avoid": kind.avoid.replace("{type}", recipe.name.replace("-", " ")),
                "scope": read_scope(recipe.about).counted_text,
                "domain": recipe.domain,
                "facts": self._facts(seeds, split, index) if recipe.context else (),
                **chosen,
            }
        )
        system, separator, user = rendered.partition("\n---\n")
        messages = [{"role": "user", "content": (user if separator else rendered).strip()}]
        if separator:
            messages.insert(0, {"role": "system", "content": system.strip()})
        payload = {
            "model": recipe.teacher.model,
            "messages": messages,
            **recipe.teacher.sampling,
            "seed": index,
        }
        return Request(
            index,
            f"{recipe.name}-{index:07d}",
            kind,
            split,
            tuple(seeds),
            payload,
            self.prompt,
            chosen,
        )

    def _way_and_split(self, rng: random.Random) -> tuple[Way, str]:
        way = rng.choices(self._ways, cum_weights=self._way_weights)[0]
        return way, rng.choices(way.splits, cum_weights=way.split_weights)[0]

    @cached_property
    def held_out(self) -> frozenset[str]:
        """Ids of the concepts in validation and test requests: no copy in train may name them.

        In a plan of very many requests, every concept that such a request could be about.
        """
        asked: set[str] = set()
        for plan in (self, *self.lenders):
            if plan.recipe.rows > MOST_REDRAWN:
                parts = (
                    sampler.concepts
                    for (_, split), sampler in plan._samplers.items()
                    if split != "train"
                )
                asked.update(concept.id for part in parts for concept in part)
                continue
            for index in range(plan.recipe.rows):
                rng = random.Random(f"{plan.recipe.seed}:{index}")
                way, split = plan._way_and_split(rng)
                if split != "train":
                    seeds, _ = plan._seeds(way.kind, split, rng)
                    asked.update(part for seed in seeds for part in seed.concept_id.split("|"))
        return frozenset(asked)

    def _borrowed(self, index: int) -> Request:
        """A borrowed request. If only some are used, they are spread over all lenders evenly."""
        number = index - self.recipe.rows
        if number < self.borrowed_count:
            number = number * self.lent // self.borrowed_count
        for lender in self.lenders:
            if number < len(lender):
                return replace(lender.request(number), index=index)
            number -= len(lender)
        raise IndexError(
            f"{self.recipe.name} plans {len(self)} requests: there is no request {index}"
        )

    def drawn_with(self, seed: int) -> Iterator[Request]:
        """The requests whose payload has this seed: one of this plan, and one of each lender's."""
        plans = (self, *self.lenders)
        return (plan.request(seed) for plan in plans if seed < plan.recipe.rows)

    @cached_property
    def prompt(self) -> str:
        return prompt_version(self.recipe.prompt)

    @cached_property
    def template(self) -> jinja2.Template:
        return sandbox().from_string(prompt_text(self.recipe.prompt))

    @cached_property
    def lexicons(self) -> dict[str, Lexicon]:
        """The lexicons for look-up: the `find` selection plus `also`, without stop names."""
        return {name: self._apart(name, found(s)) for name, s in self.recipe.lexicons.items()}

    def _apart(self, name: str, lexicon: Lexicon) -> Lexicon:
        """The lexicon without overlaps with its `apart_from` lexicon."""
        other = self.recipe.lexicons[name].apart_from
        return apart(lexicon, found(self.recipe.lexicons[other]).matcher) if other else lexicon

    @cached_property
    def _ways(self) -> list[Way]:
        return [self._way(kind) for kind in self.recipe.kinds]

    @cached_property
    def _way_weights(self) -> list[float]:
        return list(itertools.accumulate(kind.weight for kind in self.recipe.kinds))

    @cached_property
    def _samplers(self) -> dict[tuple[str, str], Sampler]:
        drawn = {
            n: self._apart(n, boosted(selected(source, source.draw), source.boost))
            for n, source in self.recipe.lexicons.items()
        }
        parts = {
            (n, split): lexicon.of_folds(f)
            for n, lexicon in drawn.items()
            for split, f in SPLIT_FOLDS.items()
        }
        return {key: Sampler(concepts) for key, concepts in parts.items() if concepts}

    @cached_property
    def _same_head(self) -> dict[tuple[str, str, str], list[tuple[str, Concept]]]:
        """By lexicon, split and last word."""
        return {
            (lexicon, split, head): names
            for (lexicon, split), sampler in self._samplers.items()
            for head, names in by_last_word(sampler.concepts).items()
        }

    def _way(self, kind: Kind) -> Way:
        """Uses the splits that have a concept for every seed; a short word list may fill only
        some. With relation types, the names of one request are of different concepts."""
        typed = bool(self.recipe.relation and self.recipe.relation.types)
        needed = Counter(kind.seeds) if typed else dict.fromkeys(kind.seeds, 1)
        splits = [
            split
            for split in SPLIT_FOLDS
            if all(
                (lexicon, split) in self._samplers
                and len(self._samplers[lexicon, split].concepts) >= number
                for lexicon, number in needed.items()
            )
        ]
        if not splits:
            raise UserError(
                f"{self.recipe.name}: no concept left to draw for {kind.name!r}: "
                "widen `draw`, or add names"
            )
        weights = itertools.accumulate(len(SPLIT_FOLDS[split]) for split in splits)
        attributes = {**self.recipe.attributes, **kind.attributes}
        values = tuple((name, attribute_values(source)) for name, source in attributes.items())
        return Way(kind, tuple(splits), tuple(weights), values)

    def _seeds(self, kind: Kind, split: str, rng: random.Random) -> tuple[list[Seed], list[str]]:
        """The seeds of one request, and each as the prompt shows it."""
        seeds: list[Seed] = []
        phrases: list[str] = []
        for lexicon in kind.seeds:
            concept = self._another(lexicon, split, seeds, rng)
            name = surface(concept, rng)
            form = kind.form if lexicon == kind.seeds[0] else "plain"
            seed, phrase = Seed(name, lexicon, concept.id), name
            if form == "coordinated":
                text, concept_id = self.coordinated(name, concept.id, lexicon, split, rng)
                seed, phrase = Seed(text, lexicon, concept_id), text
            elif form == "modifier":
                phrase = f"{name} {rng.choice(forms()['modified'])}"
            elif form == "abbreviated" and (short := abbreviation(concept, name)):
                phrase = f"{name} ({short})"
                seeds.append(seed)
                seed = Seed(short, lexicon, concept.id)
            seeds.append(seed)
            phrases.append(phrase)
        return seeds, phrases

    def _another(
        self, lexicon: str, split: str, seeds: Sequence[Seed], rng: random.Random
    ) -> Concept:
        """Draw a concept; for relation types, one that the request does not name yet."""
        concept = self._samplers[lexicon, split].draw(rng)
        if self.recipe.relation and self.recipe.relation.types:
            named = {seed.concept_id for seed in seeds if seed.lexicon == lexicon}
            for _ in range(MOST_DRAWS):
                if concept.id not in named:
                    break
                concept = self._samplers[lexicon, split].draw(rng)
        return concept

    def _facts(self, seeds: Sequence[Seed], split: str, index: int) -> list[Facts]:
        """The facts about each drawn concept. Uses a separate generator, so no other draw
        changes."""
        rng = random.Random(f"{self.recipe.seed}:{index}:context")
        found: dict[tuple[str, str], Facts] = {}
        for seed in seeds:
            graph = self._graphs[seed.lexicon]
            ids = seed.concept_id.split("|")
            for concept in (graph.lexicon.by_id[part] for part in ids):
                name = seed.text if len(ids) == 1 else concept.names[0]
                facts = graph.facts(concept, name, self.recipe.context, SPLIT_FOLDS[split], rng)
                found.setdefault((seed.lexicon, concept.id), facts)
        return [facts for facts in found.values() if not facts.empty]

    @cached_property
    def _graphs(self) -> dict[str, Graph]:
        """Built over each whole lexicon, since a parent is seldom a drawn concept."""
        return {
            name: Graph(selected(source, Selection()))
            for name, source in self.recipe.lexicons.items()
        }

    def coordinated(
        self, name: str, concept_id: str, lexicon: str, split: str, rng: random.Random
    ) -> tuple[str, str]:
        """`coordinated` with another name of the split that may be drawn."""
        options = self._same_head.get((lexicon, split, name.split()[-1]), [])
        return coordinated(name, concept_id, options, rng)
