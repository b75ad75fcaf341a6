"""Find lexicon names without a label in a corpus. Scores on synthetic rows don't show this
fault."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from corpusmith.corpus.example import NO_LABEL
from corpusmith.lexicon.concept import Lexicon
from corpusmith.lexicon.matcher import folded_key
from corpusmith.lexicon.words import locate_words
from corpusmith.recipe.lexicons import found
from corpusmith.recipe.schema import Recipe, Selection


@dataclass
class NameCounts:
    """Counts of a name as a whole mention and unlabelled, with an example row."""

    labelled: int = 0
    unlabelled: int = 0
    row: str = ""


def whole_lexicon(recipe: Recipe, label: str) -> Lexicon:
    """The whole lexicon of a label, with the names that `find` leaves out and the stop names."""
    source = recipe.lexicons[recipe.labels[label]].model_copy(update={"find": Selection()})
    return replace(found(source), stop=())


def unlabelled_names(
    recipe: Recipe, rows: Iterable[Mapping[str, Any]], most: int
) -> dict[str, dict[str, Any]]:
    """Count, by label, the names that are most often unlabelled.

    Args:
        rows: with `id`, `text` and `entities`, as a corpus has them.
        most: number of names to report for each label.

    Returns:
        For each label, the total counts `labelled` and `unlabelled`, and `names`: each with both
        counts and the id of the first row where it has no label. Gene
        symbols count where they are spelled as a name of the lexicon is: check the row before you
        call it a fault.
    """
    matchers = {label: whole_lexicon(recipe, label).matcher for label in recipe.labels}
    standings: dict[str, dict[str, NameCounts]] = {label: {} for label in recipe.labels}
    for row in rows:
        words, starts, ends = locate_words(row["text"])
        mentions = {(entity["start"], entity["end"]) for entity in row["entities"]}
        tags = enumerate(row.get("ner_tags", ()))
        masked = {place for place, tag in tags if tag == NO_LABEL}
        for label, matcher in matchers.items():
            for match in matcher.matches(words):
                start, end = starts[match.start], ends[match.end - 1]
                standing = standings[label].setdefault(
                    folded_key(row["text"][start:end]), NameCounts()
                )
                if (start, end) in mentions:
                    standing.labelled += 1
                elif masked.isdisjoint(range(match.start, match.end)) and not any(
                    start < last and first < end for first, last in mentions
                ):
                    standing.unlabelled += 1
                    standing.row = standing.row or row["id"]
    return {label: told(names, most) for label, names in standings.items()}


def told(names: Mapping[str, NameCounts], most: int) -> dict[str, Any]:
    often = Counter(
        {name: standing.unlabelled for name, standing in names.items() if standing.unlabelled}
    )
    return {
        "labelled": sum(standing.labelled for standing in names.values()),
        "unlabelled": often.total(),
        "names": [{"name": name, **vars(names[name])} for name, _ in often.most_common(most)],
    }
