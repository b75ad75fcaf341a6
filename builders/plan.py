"""`request i` as a pure function of (recipe, i): extendable, shardable, resumable without a file of state."""

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import jinja2

from builders.context import Facts, Graph
from builders.forms import every_form
from builders.lexicon import Concept, Lexicon, Sampler, boosted, load_lexicon
from builders.matcher import folded_key
from builders.names import abbreviation, by_last_word, coordinated, surface
from builders.prompt_slots import sandbox
from builders.recipe import (
    Kind,
    LexiconSource,
    Recipe,
    Selection,
    attribute_values,
    load_recipe,
    prompt_text,
    prompt_version,
)
from builders.text import fold, words
from corpusmith_errors import UserError

SPLIT_FOLDS = {"train": range(8), "validation": range(8, 9), "test": range(9, 10)}  # of the ten folds of concepts
MODIFIED = ("patients", "families", "gene", "locus", "carriers", "cases", "mutations", "phenotype", "cells", "protein")
MOST_REDRAWN = 50_000  # requests that are drawn once more to know which concepts the held-out splits are about


@dataclass(frozen=True)
class Seed:
    """A phrase that the answer must hold; `concept_id` names its concept, or both of a coordination, split by `|`."""

    text: str
    lexicon: str
    concept_id: str


@dataclass(frozen=True)
class Request:
    """One question to the teacher, and what is known of its answer before it comes."""

    index: int
    id: str
    kind: Kind
    split: str
    seeds: tuple[Seed, ...]
    payload: dict[str, Any]
    prompt: str  # version of the template that asked
    attributes: Mapping[str, str] = field(default_factory=dict)  # as they were drawn: section, topic, …


@dataclass(frozen=True)
class Way:
    """A kind of the recipe with what is drawn for it: its splits and their weights, and the values of each attribute."""

    kind: Kind
    splits: tuple[str, ...]
    split_weights: tuple[int, ...]
    attributes: tuple[tuple[str, tuple[str, ...]], ...]


class Plan:
    """The requests of a recipe, then those of the recipes it borrows from: an answer may serve several corpora.

    Lexicons, samplers and the template are loaded once, on first use.
    """

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe

    def __len__(self) -> int:
        return self.recipe.rows + sum(map(len, self.lenders))

    @cached_property
    def lenders(self) -> list["Plan"]:
        """The plans of the recipes this one borrows from; what those borrow themselves is not handed on."""
        return [Plan(load_recipe(name).model_copy(update={"borrow": ()})) for name in self.recipe.borrow]

    def requests(self, shard: int = 0, of: int = 1) -> Iterator[Request]:
        """Requests `shard, shard + of, …`: shards of a plan are disjoint and together complete."""
        for index in range(shard, len(self), of):
            yield self.request(index)

    def request(self, index: int) -> Request:
        """Request `index`; below `rows`, the same for ever for the same recipe, however many rows that asks for."""
        recipe = self.recipe
        if index >= recipe.rows and self.lenders:
            return self._borrowed(index)
        rng = random.Random(f"{recipe.seed}:{index}")
        way, split = self._way_and_split(rng)
        kind = way.kind
        seeds, phrases = self._seeds(kind, split, rng)
        chosen = {name: rng.choice(values) for name, values in way.attributes}
        system, _, user = self._render(
            {
                "kind": kind.name,
                "label": kind.label,
                "phrases": phrases,
                "avoid": kind.avoid,
                "facts": self._facts(seeds, split, index) if recipe.context else (),
                **chosen,
            }
        ).partition("\n---\n")
        messages = [{"role": "system", "content": system.strip()}, {"role": "user", "content": user.strip()}]
        payload = {"model": recipe.teacher.model, "messages": messages, **recipe.teacher.parameters, "seed": index}
        return Request(index, f"{recipe.name}-{index:07d}", kind, split, tuple(seeds), payload, self.prompt, chosen)

    def _way_and_split(self, rng: random.Random) -> tuple[Way, str]:
        way = rng.choices(self._ways, cum_weights=self._way_weights)[0]
        return way, rng.choices(way.splits, cum_weights=way.split_weights)[0]

    @cached_property
    def held_out(self) -> frozenset[str]:
        """The ids of concepts that a request of the validation or test split is about: no copy in train may name them.

        In a plan of very many requests, every concept that such a request could be about.
        """
        asked: set[str] = set()
        for plan in (self, *self.lenders):
            if plan.recipe.rows > MOST_REDRAWN:
                parts = (sampler.concepts for (_, split), sampler in plan._samplers.items() if split != "train")
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
        first = self.recipe.rows
        for lender in self.lenders:
            if index < first + len(lender):
                return replace(lender.request(index - first), index=index)
            first += len(lender)
        raise IndexError(f"{self.recipe.name} plans {len(self)} requests: there is no request {index}")

    def asked(self, payload: Mapping[str, Any]) -> Request:
        """The request that `payload`, one of this plan's, was sent for: its seed is its number in the plan it is of."""
        plans = [self, *self.lenders]
        drawn = (plan.request(payload["seed"]) for plan in plans if payload["seed"] < plan.recipe.rows)
        return next(request for request in drawn if payload in every_form(request.payload))

    @cached_property
    def prompt(self) -> str:
        return prompt_version(self.recipe)

    @cached_property
    def template(self) -> jinja2.Template:
        return sandbox().from_string(prompt_text(self.recipe))

    def _render(self, values: dict[str, Any]) -> str:
        """What `template.render` gives, at half its cost: Jinja's own merges its globals through a slow ChainMap."""
        known = {**self.template.environment.globals, **values}
        return "".join(self.template.root_render_func(self.template.new_context(known, shared=True)))

    @cached_property
    def lexicons(self) -> dict[str, Lexicon]:
        """What mentions are found with: each lexicon under its `find` selection and what it has `also`, stop names apart."""
        return {name: found(source) for name, source in self.recipe.lexicons.items()}

    @cached_property
    def _ways(self) -> list[Way]:
        return [self._way(kind) for kind in self.recipe.kinds]

    @cached_property
    def _way_weights(self) -> list[float]:
        return list(itertools.accumulate(kind.weight for kind in self.recipe.kinds))

    @cached_property
    def _samplers(self) -> dict[tuple[str, str], Sampler]:
        drawn = {n: boosted(selected(source, source.draw), source.boost) for n, source in self.recipe.lexicons.items()}
        parts = {(n, split): lexicon.of_folds(f) for n, lexicon in drawn.items() for split, f in SPLIT_FOLDS.items()}
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
        """Its splits are those with a concept of every lexicon it draws from: a short word list may fill only some."""
        splits = [split for split in SPLIT_FOLDS if all((lexicon, split) in self._samplers for lexicon in kind.seeds)]
        if not splits:
            raise UserError(
                f"{self.recipe.name}: no concept left to draw for {kind.name!r}: widen `draw`, or add names"
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
            concept = self._samplers[lexicon, split].draw(rng)
            name = surface(concept, rng)
            form = kind.form if lexicon == kind.seeds[0] else "plain"
            seed, phrase = Seed(name, lexicon, concept.id), name
            if form == "coordinated":
                text, concept_id = self.coordinated(name, concept.id, lexicon, split, rng)
                seed, phrase = Seed(text, lexicon, concept_id), text
            elif form == "modifier":
                phrase = f"{name} {rng.choice(MODIFIED)}"
            elif form == "abbreviated" and (short := abbreviation(concept, name)):
                phrase = f"{name} ({short})"
                seeds.append(seed)
                seed = Seed(short, lexicon, concept.id)
            seeds.append(seed)
            phrases.append(phrase)
        return seeds, phrases

    def _facts(self, seeds: Sequence[Seed], split: str, index: int) -> list[Facts]:
        """What is known of each concept that was drawn, from a generator of its own: it changes nothing else drawn."""
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
        """Over the whole of each lexicon: a parent is seldom among what is drawn."""
        return {name: Graph(selected(source, Selection())) for name, source in self.recipe.lexicons.items()}

    def coordinated(self, name: str, concept_id: str, lexicon: str, split: str, rng: random.Random) -> tuple[str, str]:
        """`coordinated` with another name of the split that may be drawn."""
        options = self._same_head.get((lexicon, split, name.split()[-1]), [])
        return coordinated(name, concept_id, options, rng)


def selected(source: LexiconSource, selection: Selection) -> Lexicon:
    """The part of a lexicon that a recipe draws from or looks up; a concept without types passes unless types are asked."""
    lexicon = load_lexicon(source.source)
    ids = frozenset(selection.ids)

    def keep(concept: Concept) -> bool:
        return (
            concept.weight >= selection.min_weight
            and (not ids or concept.id in ids)
            and (not selection.types or any(t.startswith(selection.types) for t in concept.types))
            and not (
                concept.types
                and selection.without_types
                and all(t.startswith(selection.without_types) for t in concept.types)
            )
        )

    kept = lexicon.only(keep)
    concepts = kept.concepts
    if left_out := set(map(fold, selection.without_words)):
        named = (concept.only(lambda name: left_out.isdisjoint(map(fold, words(name)))) for concept in concepts)
        concepts = tuple(filter(None, named))
    return replace(kept, concepts=concepts, stop=kept.stop + source.stop)


def found(source: LexiconSource) -> Lexicon:
    """What a recipe looks up under one lexicon's name: the `find` selection, then the lexicons named under `also`.

    Only MeSH's concepts have types, and ontologies keep one disease under several ids. So of concepts without types those
    names are looked up too that one with a type has ("prostatic neoplasm"), or that end in such a name: a colorectal
    cancer is a cancer. Their acronyms are not, since most of them are of something that no text is about.
    """
    lexicon = selected(source, source.find)
    others = [load_lexicon(name) for name in source.also]
    concepts = (*lexicon.concepts, *(concept for other in others for concept in other.concepts))
    if source.find.types:
        known = {folded_key(name) for concept in concepts for name in concept.names}
        untyped = selected(source, source.find.model_copy(update={"types": ()})).concepts
        named = (concept.only(lambda name: named_alike(name, known)) for concept in untyped if not concept.types)
        concepts += tuple(filter(None, named))
    stop = (*lexicon.stop, *(name for other in others for name in other.stop))
    return replace(lexicon, concepts=concepts, stop=stop)


def named_alike(name: str, known: Set[str]) -> bool:
    """Whether `name` is one of `known` (names as `folded_key` gives them), or ends in one."""
    key = folded_key(name)
    return key in known or key.rpartition(" ")[2] in known
