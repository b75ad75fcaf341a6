"""Verify one answer, and sentences of any text around names."""

from dataclasses import replace

from hypothesis import strategies as st

from corpusmith.corpus.example import Entities, PairSentence, Reject
from corpusmith.corpus.verify import Verifier
from corpusmith.recipe.plan import Plan
from corpusmith.recipe.request import Request, Seed
from corpusmith.recipe.schema import Kind, Recipe


def asked(*seeds: tuple[str, str], label: str | None = None) -> Request:
    """A request for these (text, lexicon) seeds; their concept ids are 1 and 2 in turn."""
    kind = Kind(name="test", weight=1, label=label)
    named = (
        Seed(text, lexicon, f"{lexicon[0].upper()}:{1 + i % 2}")
        for i, (text, lexicon) in enumerate(seeds)
    )
    return Request(0, "test-0", kind, "train", tuple(named), {"seed": 0}, "ner.v1@0")


def verify(recipe: Recipe, request: Request, answer: str) -> Entities | PairSentence | Reject:
    return Verifier(recipe, Plan(recipe).lexicons).verify(request, answer)


def judge(
    recipe: Recipe, answer: str, *seeds: tuple[str, str], split: str = "train"
) -> Entities | Reject:
    outcome = verify(recipe, replace(asked(*seeds), split=split), answer)
    assert not isinstance(outcome, PairSentence)
    return outcome


def mentions(recipe: Recipe, answer: str, *seeds: tuple[str, str]) -> list[str]:
    outcome = judge(recipe, answer, *seeds)
    assert isinstance(outcome, Entities), outcome
    return [span.text for span in outcome.spans]


# Names that nest ("breast cancer 1" is a gene, "cancer" a disease too), that an acronym follows,
# and that hold hyphens.
NAMES = st.sampled_from(
    [
        "gout",
        "cancer",
        "breast cancer",
        "breast cancer 1",
        "ataxia-telangiectasia (AT)",
        "Wilms tumours",
        "CF",
        "BRCA1",
    ]
)


MARKS = st.text("\u0301\u0308\u200d\u20dd\ufe0f\u0670\u093e", max_size=2)


ODD = st.sampled_from(
    [
        "\U0001f9ec",
        "\U0001f469\u200d\u2695\ufe0f",
        "\u0130",
        "\u00df",
        "\ufb01",
        "\u2011",
        "\u00a0",
        "(",
        "/",
    ]
)


FILLER = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12) | MARKS | ODD


GLUE = st.sampled_from(["", " ", " ", " ", "-", "/", "\u0301"])


PARTS = st.lists(st.tuples(FILLER, GLUE, NAMES, GLUE), min_size=1, max_size=5)


def sentence_of(parts: list[tuple[str, str, str, str]], tail: str) -> str:
    return "In this " + "".join(map("".join, parts)) + tail + " of all that we saw"
