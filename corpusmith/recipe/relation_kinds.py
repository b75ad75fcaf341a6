"""The kinds of request that follow from a recipe's relation types.

Half of the requests state a relation, each type by its weight; the other half are rows of no
relation. The wording of both is in builders/prompts/relation.yaml.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import combinations
from typing import Any

import yaml

from corpusmith.files import shipped
from corpusmith.recipe.relation import RelationRecipe, RelationType

RELATED = 50  # per cent of the requests


@lru_cache(maxsize=1)
def asked_how() -> dict[str, Any]:
    """The wording of requests: builders/prompts/relation.yaml."""
    path = shipped("builders", "prompts", "relation.yaml")
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content


def kinds_of(relation: RelationRecipe, topics: bool = False) -> Iterator[dict[str, Any]]:
    """The `kinds` of a recipe whose relation has types, as a recipe would write them.

    `topics` says whether the recipe has a `topic`. Requests of three or more names get none,
    because a small LLM loses a name when a topic is added.
    """
    for kind in written_kinds(relation):
        if topics and len(kind["seeds"]) > 2:
            kind["attributes"]["topic"] = [""]
        yield kind


def written_kinds(relation: RelationRecipe) -> Iterator[dict[str, Any]]:
    """The kinds that state a type, then those of no relation."""
    yield from stated(relation)
    absent = {name: kind for name, kind in asked_how()["none"].items() if applies(name, relation)}
    total = sum(kind["weight"] for kind in absent.values())
    for name, kind in absent.items():
        yield from unrelated(relation, name, kind, (100 - RELATED) * kind["weight"] / total)


def stated(relation: RelationRecipe) -> Iterator[dict[str, Any]]:
    """The kinds that state a type: of one pair, and of two in a sentence."""
    wording = asked_how()
    weights = sum(one.weight for one in relation.types)
    shares = sum(kind["weight"] for kind in wording["stated"].values())
    for one in relation.types:
        for name, kind in wording["stated"].items():
            asked = list(kind["statements"])
            if name == "one pair":
                if relation.speculative == "related":
                    asked += wording["speculative"]
                if relation.negated == "related":
                    asked += wording["none"]["negated"]["statements"]
            yield written(
                relation,
                kind,
                name=one.name if name == "one pair" else f"{one.name}: {name}",
                label=one.name,
                weight=RELATED * one.weight / weights * kind["weight"] / shares,
                claim="stated" if relation.negated == "none" else "any",
                types=(one.name, one.name),
                statements=[fill(text, clause) for text in asked for clause in one.statements],
            )


def unrelated(
    relation: RelationRecipe, name: str, kind: dict[str, Any], weight: float
) -> Iterator[dict[str, Any]]:
    """The kinds that one entry under `none` in the wording makes.

    It makes one for each type that a sentence may state of other pairs, or for each two types.
    So the class of every pair of the sentence is known.
    """
    if name == "other link":
        asked = [fill(text, link) for text in kind["statements"] for link in relation.other_links]
        yield written(
            relation, kind, name=name, label=relation.none, weight=weight, statements=asked
        )
    elif name == "named together":
        yield written(
            relation,
            kind,
            name=name,
            label=relation.none,
            weight=weight,
            statements=kind["statements"],
        )
    else:
        pairs = list(pairs_of_types(name, relation))
        total = sum(kind_weight(*pair) for pair in pairs)
        alone = "{head}" if name == "another head" else "{tail}"
        for first, second in pairs:
            types = (first.name,) if first is second else (first.name, second.name)
            yield written(
                relation,
                kind,
                name=f"{name}: {', '.join(types)}",
                label=relation.none,
                weight=weight * kind_weight(first, second) / total,
                types=(first.name, second.name),
                statements=[
                    fill(text, clause, second=other, alone=alone)
                    for text in kind["statements"]
                    for clause, other in statement_pairs(first, second)
                ],
            )


def written(
    relation: RelationRecipe,
    kind: dict[str, Any],
    *,
    types: tuple[str, str] | None = None,
    statements: list[str],
    **named: Any,
) -> dict[str, Any]:
    """One kind as a recipe would write it."""
    classes = dict(zip(("type", "second"), types or (), strict=False)) | {"none": relation.none}
    lexicons = {"head": relation.head, "tail": relation.tail}
    seeds = [lexicons[role] for role in kind["seeds"]]
    return {
        "claim": kind.get("claim", "any"),
        **named,
        "seeds": seeds,
        "also": [
            {"head": head, "tail": tail, "label": classes[label]}
            for head, tail, label in kind.get("also", ())
            if (seeds[head], seeds[tail]) == (relation.head, relation.tail)
        ],
        "attributes": {"statement": list(dict.fromkeys(statements))},
    }


def applies(name: str, relation: RelationRecipe) -> bool:
    """Whether a kind of "no relation" can be asked for."""
    if name == "other link":
        return bool(relation.other_links)
    return name == "named together" or any(pairs_of_types(name, relation))


def pairs_of_types(
    name: str, relation: RelationRecipe
) -> Iterator[tuple[RelationType, RelationType]]:
    """The types that a kind of "no relation" states of other pairs: two, or one repeated."""
    types: Iterable[RelationType] = relation.types
    if name == "crossed":
        yield from combinations(types, 2)
        return
    if name in ("negated", "not the tail"):
        types = [one for one in types if relation.negated == "none" and not one.stated_by_negation]
    elif name == "wrong direction":
        types = [
            one
            for one in types
            if relation.one_lexicon and not one.symmetric and one.inverse is None
        ]
    yield from ((one, one) for one in types)


def kind_weight(first: RelationType, second: RelationType) -> float:
    """The weight of a type, or of a pair of types."""
    return first.weight if first is second else first.weight * second.weight


def statement_pairs(first: RelationType, second: RelationType) -> Iterator[tuple[str, str]]:
    """Each statement of the one type that has more, with one of the other type."""
    for place in range(max(len(first.statements), len(second.statements))):
        yield (
            first.statements[place % len(first.statements)],
            second.statements[place % len(second.statements)],
        )


def fill(text: str, clause: str, second: str = "", alone: str = "{tail}") -> str:
    """The clause in its place in `text`, also with a third name or with the names swapped.

    `alone` is the name of the pair that a third name replaces.
    """
    swapped = clause.replace("{head}", "\0").replace("{tail}", "{head}").replace("\0", "{tail}")
    return (
        text.replace("{alone}", alone)
        .replace("{clause}", clause)
        .replace("{clause:other_tail}", clause.replace("{tail}", "{other}"))
        .replace("{clause:other_head}", clause.replace("{head}", "{other}"))
        .replace("{clause:swapped}", swapped)
        .replace("{clause:third}", clause.replace(alone, "{other}"))
        .replace("{second:another_head}", second.replace("{head}", "{another}"))
    )
