"""Untrained baselines for relations: one class for every row, and the recipe's cue words."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from corpusmith.corpus.claims import WORD, Claims, beginning, claims_of
from corpusmith.errors import UserError
from corpusmith.evaluation.benchmark import Benchmark
from corpusmith.evaluation.relations import classes_in
from corpusmith.inference import MASK
from corpusmith.recipe.relation import NEGATION, RelationRecipe

Row = dict[str, Any]  # {"id", "label"}: a line of a predictions file


def relation_classes(relation: RelationRecipe, data: Benchmark) -> Mapping[str, str | int]:
    """The benchmark's class for each type of the recipe; 0 for a type that it lacks.

    In a benchmark of two classes it is 1 for every type.

    Raises:
        UserError: when they share no type.
    """
    if len(data.classes) == 2:
        return dict.fromkeys(related_classes(relation), 1)
    names = related_classes(relation)
    known = classes_in(data, names, "the recipe")
    return {name: data.classes[known[name]] if name in known else 0 for name in names}


def related_classes(relation: RelationRecipe) -> list[str]:
    """The names of the recipe's classes other than "no relation"."""
    return [one.name for one in relation.types] or list(relation.labels[1:])


def always_related(relation: RelationRecipe, data: Benchmark) -> Iterator[Row]:
    """The constant answer "related" (positive F1 68 on GAD).

    With several types it is the type that the recipe asks for most often.
    """
    classes = relation_classes(relation, data)
    weights = {one.name: one.weight for one in relation.types}
    chosen = max(classes, key=lambda name: (classes[name] != 0, weights.get(name, 0)))
    for row in data.labelled:
        yield {"id": row.id, "label": classes[chosen]}


def by_cue_words(relation: RelationRecipe, data: Benchmark) -> Iterator[Row]:
    """The type whose cue word is nearest to the pair, by the words of the recipe's statements.

    A row without a cue word is not related. Neither is one with a negation, unless the recipe
    counts negated findings or a statement of the type has a negation itself.

    Raises:
        UserError: when the recipe has no types, so that no cue word follows from it.
    """
    if not relation.types:
        raise UserError("the recipe has no relation types, so no cue words follow from it")
    claims, classes = claims_of(relation), relation_classes(relation, data)
    for row in data.labelled:
        name = nearest_type(row.text, claims)
        negated = relation.negated == "none" and NEGATION.search(row.text) is not None
        if name is None or (negated and name not in claims.stated_by_negation):
            yield {"id": row.id, "label": 0}
        else:
            yield {"id": row.id, "label": classes[name]}


def nearest_type(text: str, claims: Claims) -> str | None:
    """The type of the cue word nearest to the masks: the distance is 0 between them."""
    masks = [found.span() for found in MASK.finditer(text)]
    if not masks:
        return None
    first, last = masks[0][1], masks[-1][0]
    best: tuple[int, str] | None = None
    for word in WORD.finditer(re.sub(MASK, lambda mask: " " * len(mask[0]), text)):
        said = beginning(word[0])
        away = max(first - word.end(), word.start() - last, 0)
        for name, cues in claims.cues.items():
            if any(said.startswith(cue) for cue in cues) and (best is None or away < best[0]):
                best = away, name
    return best[1] if best else None
