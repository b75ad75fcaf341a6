"""Paraphrases of statements: how they are read, and why they are left out."""

import pytest

from corpusmith.corpus.claims import Claims
from corpusmith.quality.growth.requests import GrowthRequest
from corpusmith.quality.growth.statements import statement_fault, statement_rows, statements_in
from corpusmith.recipe.relation import RelationRecipe

RELATION = RelationRecipe.model_validate(
    {
        "head": "drug",
        "tail": "protein",
        "types": [
            {
                "name": "inhibits",
                "statements": ["{head} inhibits {tail}", "{tail} is blocked by {head}"],
            },
            {"name": "activates", "statements": ["{head} activates {tail}"]},
            {"name": "avoid", "statements": ["{head} should not be taken with {tail}"]},
            {"name": "meets", "statements": ["{head} encounters {tail}"], "symmetric": True},
        ],
        "other_links": ["{head} binds to {tail}"],
    }
)


@pytest.mark.parametrize(
    ("text", "of", "reason"),
    [
        ("{head} suppresses {tail}", "inhibits", ""),
        ("{tail} is suppressed by {head}", "inhibits", ""),
        ("suppression of {tail} by {head}", "inhibits", ""),
        ("{head} suppresses it", "inhibits", "needs {head} and {tail} once each"),
        ("{head} suppresses {tail} and {tail}", "inhibits", "needs {head} and {tail} once each"),
        ("{head} suppresses {tail} in {cell}", "inhibits", "needs {head} and {tail} once each"),
        ("{head} suppresses {tail}}", "inhibits", "needs {head} and {tail} once each"),
        ("{head} {tail}", "inhibits", "fewer than 3 or more than 14 words"),
        (f"{{head}} suppresses {{tail}} {'very ' * 12}", "inhibits", "fewer than 3 or more"),
        ("{head} Inhibits {tail}", "inhibits", "in the recipe already"),
        ("{head} binds to {tail}", "inhibits", "in the recipe already"),
        ("{head} does not allow {tail}", "inhibits", "has a negation"),
        ("{head} must not go with {tail}", "avoid", ""),
        ("{head} stops activation of {tail}", "inhibits", "has a cue word of activates"),
        ("{head} is binding with {tail}", "inhibits", "has no cue word of its own"),
        ("{tail} suppresses {head}", "inhibits", "head and tail may have changed places"),
        ("{head} is suppressed by {tail}", "inhibits", "head and tail may have changed places"),
        ("{tail} converges on {head}", "meets", ""),
    ],
)
def test_each_check_has_a_reason(text: str, of: str, reason: str) -> None:
    one = next(one for one in RELATION.types if one.name == of)
    found = statement_fault(text.strip(), one, Claims(RELATION))
    assert found.startswith(reason) and bool(found) == bool(reason)


@pytest.mark.parametrize(
    ("reply", "statements"),
    [
        ("1. {head} suppresses {tail}.\n2. {Head} stops { tail }", 2),
        ('Sure! Here are 2:\n- "{head} suppresses {tail}."\n* {head} stops {tail}', 2),
        ("aspirin suppresses COX-1", 0),
        ("{head} sup\x07presses {tail}", 0),
    ],
)
def test_lines_with_a_slot_are_read(reply: str, statements: int) -> None:
    expected = ["{head} suppresses {tail}", "{head} stops {tail}"][:statements]
    assert list(statements_in(reply)) == expected


def test_statement_of_one_request_is_left_out() -> None:
    twice, once = "{head} suppresses {tail}", "{head} stops {tail}"
    requests = [GrowthRequest("statement", "", "inhibits", {}) for _ in range(2)]
    replies = [(requests[0], f"{twice}\n{once}\n{twice}"), (requests[1], f"- {twice}")]
    rows = {row.name: row for row in statement_rows(RELATION, replies)}
    assert rows[twice].use and rows[twice].proposed == 2 and rows[twice].of == "inhibits"
    assert not rows[once].use and rows[once].reason == "proposed by fewer than 2"
