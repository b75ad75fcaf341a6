import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from corpusmith.corpus.example import Entities, Reject, entity_row
from corpusmith.lexicon.words import locate_words, words
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.plan import Plan
from corpusmith.recipe.request import Seed
from corpusmith.recipe.schema import Recipe, Selection
from tests.corpus.verified import FILLER, PARTS, asked, judge, mentions, sentence_of, verify


@pytest.fixture
def recipe(ner_recipe: Path) -> Recipe:
    return load_recipe(str(ner_recipe))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("", "empty"),
        ("gout hurts.", "too short"),
        ('"Patients with gout were followed for two years."', "quoted"),
        ("Here is the sentence: patients with gout were followed.", "preamble"),
        ("- patients with gout were followed for years", "list"),
        ("Patients with gout were followed.\n\nNone had pain.", "more than one line"),
        ("Patients with <b>gout</b> were followed for two years.", "markup"),
        ("Patients with gout were followed for two years and", "truncated"),
        ("Gout is a rare disease that affects the joints of men.", "definition"),
        ("GOUT (IS THE METABOLIC DISORDER WHICH AFFECTS JOINTS) IN MEN.", "definition"),
        ("Patients had:\n1. gout and nothing else for years", "list"),
        ("Patients with gout\u202e were followed for two years.", "control character"),
        ("Patients with arthritis were followed for two years.", "seed missing"),
        ("Patients with gout\x07 were followed for two years.", "control character"),
        ("gout " * 90, "too long"),
        ("x" * 100_000, "too long"),
    ],
)
def test_rejected_answer_has_reason(recipe: Recipe, answer: str, reason: str) -> None:
    assert judge(recipe, answer, ("gout", "disease")) == Reject(reason)


def test_unusual_but_valid_answer_is_accepted(recipe: Recipe) -> None:
    for answer in (
        "This gout axis is a disease marker of men.",
        "Gout in 1. and 2. degree relatives\t was\xa0 common.",
    ):
        assert mentions(recipe, answer, ("gout", "disease")) == [
            answer[5:9] if answer[0] == "T" else "Gout"
        ]


def test_first_of_several_sentences_is_verified_or_all_are_rejected(recipe: Recipe) -> None:
    answer = (
        "Patients with gout (approx. Ten of them, e.g. Men) were followed. "
        "Then they had colon cancer."
    )
    outcome = judge(recipe, answer, ("gout", "disease"))
    assert isinstance(outcome, Entities)
    assert outcome.text == "Patients with gout (approx. Ten of them, e.g. Men) were followed."
    assert judge(
        recipe, "They were followed for a year. Then they had gout.", ("gout", "disease")
    ) == Reject("seed missing")
    strict = recipe.model_copy(
        update={"verify": recipe.verify.model_copy(update={"first_sentence": False})}
    )
    assert judge(strict, answer, ("gout", "disease")) == Reject("several sentences")


def test_every_occurrence_of_a_seed_is_labelled(recipe: Recipe) -> None:
    answer = "Gout was found in men, and gout was treated with rest"
    assert mentions(recipe, answer, ("gout", "disease")) == ["Gout", "gout"]


def test_seed_in_other_number_or_spelling_is_repaired(recipe: Recipe) -> None:
    answer = "Bilateral Wilms tumours were removed from both kidneys."
    assert mentions(recipe, answer, ("Wilms tumor", "disease")) == ["Wilms tumours"]
    strict = recipe.model_copy(
        update={"verify": recipe.verify.model_copy(update={"repair": False})}
    )
    assert judge(strict, answer, ("Wilms tumor", "disease")) == Reject("seed missing")


def test_answer_without_its_seed_is_kept_with_similar_words_masked(recipe: Recipe) -> None:
    kept = recipe.model_copy(
        update={"verify": recipe.verify.model_copy(update={"missing_seed": "mask"})}
    )
    answer = "Nephritic changes and gout were common in men who drank the beer."
    example = judge(kept, answer, ("thermal nephritis", "disease"))
    assert isinstance(example, Entities)
    assert [span.text for span in example.spans] == ["gout"]
    assert [span.text for span in example.ignored] == ["Nephritic"]
    assert judge(kept, answer, ("thermal nephritis", "disease"), split="test") == Reject(
        "seed missing"
    )
    context = judge(kept, answer, ("caffeine", "chemical"), split="test")
    assert isinstance(context, Entities) and not context.ignored


def test_seed_inside_a_word_counts_as_missing(recipe: Recipe) -> None:
    assert judge(recipe, "The goutlike state was seen in many men.", ("gout", "disease")) == Reject(
        "seed missing"
    )


def test_unrequested_mention_is_labelled_rejected_or_ignored(recipe: Recipe) -> None:
    answer = "Men with gout rarely develop colon cancer before the age of forty."
    assert mentions(recipe, answer, ("gout", "disease")) == ["gout", "colon cancer"]
    strict = recipe.model_copy(
        update={"verify": recipe.verify.model_copy(update={"unasked": "reject"})}
    )
    assert judge(strict, answer, ("gout", "disease")) == Reject("mention that was not asked for")
    blind = recipe.model_copy(
        update={"verify": recipe.verify.model_copy(update={"unasked": "ignore"})}
    )
    assert mentions(blind, answer, ("gout", "disease")) == ["gout"]


def test_longer_name_around_seed_is_the_mention(recipe: Recipe) -> None:
    answer = "Families with breast cancer were asked about their relatives."
    assert mentions(recipe, answer, ("cancer", "disease")) == ["breast cancer"]


def test_requested_gene_is_not_a_disease(recipe: Recipe) -> None:
    answer = "Variants of breast cancer 1 were found in half of the women tested."
    assert mentions(recipe, answer, ("breast cancer 1", "gene")) == []


def test_acronym_of_a_gene_is_not_labelled_as_disease(recipe: Recipe) -> None:
    assert mentions(recipe, "Expression of AT was high in all tissues that were examined.") == []


def test_acronym_defined_in_brackets_is_labelled_everywhere(recipe: Recipe) -> None:
    answer = "In ataxia telangiectasia (ATG) the risk is high, and carriers of ATG are common (CR)."
    assert mentions(recipe, answer, ("ataxia telangiectasia", "disease")) == [
        "ataxia telangiectasia",
        "ATG",
        "ATG",
    ]


def test_brackets_without_abbreviation_are_ignored(recipe: Recipe) -> None:
    assert mentions(
        recipe, "In gout (HPRT) the enzyme is missing from all tissues.", ("gout", "disease")
    ) == ["gout"]


@given(PARTS, FILLER)
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None
)
def test_any_text_keeps_entity_offsets_valid(
    recipe: Recipe, parts: list[tuple[str, str, str, str]], tail: str
) -> None:
    """Row invariants hold for Unicode, combining marks, emoji, and nested or adjacent mentions."""
    for seeds in ([], [("gout", "disease")], [("breast cancer", "disease"), ("BRCA1", "gene")]):
        outcome = judge(recipe, sentence_of(parts, tail), *seeds)
        if isinstance(outcome, Reject):
            continue
        row = entity_row(outcome, {"O": 0, "B-Disease": 1, "I-Disease": 2})
        assert row["tokens"] == words(outcome.text)
        for spans in (outcome.spans, outcome.context):
            assert all(
                span.text and outcome.text[span.start : span.end] == span.text for span in spans
            )
        assert all(a.end <= b.start for a, b in zip(outcome.spans, outcome.spans[1:], strict=False))
        assert mentions_of(row) == [(span.start, span.end) for span in outcome.spans]


def mentions_of(row: dict) -> list[tuple[int, int]]:
    """Return the offsets of the tagged mentions of a row."""
    found: list[tuple[int, int]] = []
    _, starts, ends = locate_words(row["text"])
    for start, end, tag in zip(starts, ends, row["ner_tags"], strict=True):
        if tag == 1:
            found.append((start, end))
        elif tag == 2:
            found[-1] = (found[-1][0], end)
    return found


def test_adjacent_mentions_keep_their_boundary(recipe: Recipe) -> None:
    outcome = judge(recipe, "The terms gout gout were used in both of them.", ("gout", "disease"))
    assert isinstance(outcome, Entities)
    assert entity_row(outcome, {"O": 0, "B-Disease": 1, "I-Disease": 2})["ner_tags"][2:4] == [1, 1]


def test_borrowed_seed_outside_the_selection_is_context(recipe: Recipe) -> None:
    disease = recipe.lexicons["disease"].model_copy(update={"find": Selection(types=("C05",))})
    counted = recipe.model_copy(update={"lexicons": {**recipe.lexicons, "disease": disease}})
    assert mentions(
        recipe, "Men with breast cancer had gout as well.", ("breast cancer", "disease")
    ) == [
        "breast cancer",
        "gout",
    ]
    assert mentions(
        counted, "Men with breast cancer had gout as well.", ("breast cancer", "disease")
    ) == ["gout"]


def test_requested_name_of_another_type_is_kept_as_context(recipe: Recipe) -> None:
    outcome = judge(
        recipe, "Men with gout have no CFTR at all.", ("gout", "disease"), ("CFTR", "gene")
    )
    assert isinstance(outcome, Entities)
    assert [(span.text, span.label) for span in outcome.context] == [("CFTR", "gene")]


def masking(recipe: Recipe) -> Recipe:
    rules = recipe.verify.model_copy(update={"unasked": "mask"})
    return recipe.model_copy(update={"verify": rules})


def test_unrequested_mention_is_masked_with_its_acronym(recipe: Recipe) -> None:
    answer = "Men with gout had ataxia telangiectasia (ATG), and ATG is rare at that age."
    outcome = judge(masking(recipe), answer, ("gout", "disease"))
    assert isinstance(outcome, Entities)
    assert [span.text for span in outcome.spans] == ["gout"]
    assert [span.text for span in outcome.ignored] == ["ataxia telangiectasia", "ATG", "ATG"]
    row = entity_row(outcome, {"O": 0, "B-Disease": 1, "I-Disease": 2})
    masked = [word for word, tag in zip(row["tokens"], row["ner_tags"], strict=True) if tag == -1]
    assert masked == ["ataxia", "telangiectasia", "ATG", "ATG"]
    assert row["ner_tags"][2] == 1 and [e["text"] for e in row["entities"]] == ["gout"]


def test_longer_name_around_seed_is_not_masked(recipe: Recipe) -> None:
    answer = "Families with breast cancer were asked about their relatives."
    outcome = judge(masking(recipe), answer, ("cancer", "disease"))
    assert isinstance(outcome, Entities)
    assert [span.text for span in outcome.spans] == ["breast cancer"] and not outcome.ignored


def test_unrequested_mention_rejects_held_out_row_and_is_masked_in_training_row(
    recipe: Recipe,
) -> None:
    answer = "Men with gout rarely develop colon cancer before the age of forty."
    request = replace(asked(("gout", "disease")), split="test")
    assert verify(masking(recipe), request, answer) == Reject("mention that was not asked for")


def borrowed_seed(recipe: Recipe, text: str, lexicon: str, concept: str) -> Entities:
    request = replace(asked(("x", lexicon)), seeds=(Seed(text, lexicon, concept),))
    outcome = verify(recipe, request, f"Patients with {text} and gout were followed for two years.")
    assert isinstance(outcome, Entities)
    return outcome


def test_name_that_a_lender_asked_for_without_a_label_is_looked_up(recipe: Recipe) -> None:
    """The lender's request had "breast cancer" as context; here it is a mention. A name that is
    this recipe's own context stays one, so that no mention is found in it."""
    for lexicon in ("symptom", "gene"):  # a lexicon that this recipe lacks, and one that it has
        found = borrowed_seed(recipe, "breast cancer", lexicon, "X:9")
        assert [span.text for span in found.spans] == ["breast cancer", "gout"]
    gene = Plan(recipe).lexicons["gene"].concepts[0]
    found = borrowed_seed(recipe, gene.names[0], "gene", gene.id)
    assert [span.text for span in found.spans] == ["gout"]
    assert [span.text for span in found.context] == [gene.names[0]]


def test_line_number_of_a_lenders_list_gives_no_label(ner_recipe: Path, tmp_path: Path) -> None:
    (tmp_path / "own.txt").write_text("gout\ncolon cancer\n", encoding="utf-8")
    text = ner_recipe.read_text(encoding="utf-8")
    ner_recipe.write_text(
        re.sub(r"source: \S*disease\S*", f"source: {tmp_path / 'own.txt'}", text), encoding="utf-8"
    )
    recipe = load_recipe(str(ner_recipe))
    assert recipe.lexicons["disease"].source.endswith("own.txt")
    found = borrowed_seed(recipe, "aspirin", "disease", "word:2")
    assert [span.text for span in found.spans] == ["gout"]
