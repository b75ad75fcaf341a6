"""Checks of an answer's form: rejected answers, and unusual answers that are valid."""

from dataclasses import replace

import pytest

from corpusmith.corpus.checks import fault_of, first_sentence, tidy
from corpusmith.corpus.filters.language import is_plainly_english
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.plan import Plan
from corpusmith.recipe.request import Request
from corpusmith.recipe.schema import Recipe

SENTENCE = "In a cohort of 84 families, carriers of the variant had high serum levels."


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    return load_recipe("demo-disease")


@pytest.fixture(scope="module")
def unseeded(recipe: Recipe) -> Request:
    """A request without names, so that only the form can be checked."""
    return next(request for request in Plan(recipe).requests() if not request.seeds)


@pytest.fixture(scope="module")
def seeded(recipe: Recipe) -> Request:
    return next(request for request in Plan(recipe).requests() if request.seeds)


def judge(answer: str, request: Request, recipe: Recipe) -> str | None:
    return fault_of(first_sentence(tidy(answer)), request, recipe)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("I'm sorry, but as an AI language model I cannot write fictional findings.", "refusal"),
        ("Unfortunately I cannot provide a sentence about this topic to you.", "refusal"),
        ("Of course, I would be happy to help you with that request.", "preamble"),
        ("Certainly! " + SENTENCE, "preamble"),
        ("Here is a suitable sentence for the abstract that you want.", "preamble"),
        ("Patienten mit dieser Variante wurden zwei Jahre lang beobachtet.", "other language"),
        ("Los pacientes con la variante fueron seguidos durante dos años.", "other language"),
        ("在本研究中，我们对只生长期大鼠进行了为期周的钙限制饮食干预。", "other language"),
        ("Bone mineral content 显著增加 in 44 growing rats within weeks.", "other language"),
        ("Пациенты с этой мутацией наблюдались в течение двух лет.", "other language"),
        (SENTENCE, None),
        ("Here\u2019s the sentence you asked for: In 44 men it was seen.", "preamble"),
        ("Here's a sentence: In 44 men it was seen at follow-up.", "preamble"),
        ("Below is a sentence that was seen in 44 of the men.", "preamble"),
        ("Answer: In 44 of the men it was seen at follow-up.", "preamble"),
        ("I\u2019m sorry, but I can\u2019t help with that request.", "refusal"),
        ("I apologize, but I can't comply with that at all.", "refusal"),
        ("I'm not able to write a sentence about gout for an abstract.", "refusal"),
        ("I must decline to mention gout in a sentence of this kind.", "refusal"),
        ("I cannot in good conscience write about gout in this manner.", "refusal"),
        ("I don't have enough information about gout to write a sentence.", "refusal"),
        ("We are unable to process a request that mentions gout here.", "refusal"),
        ("We are unable to exclude gout in 12 of the 40 carriers.", None),
        ("Output: In 44 of the men gout was seen at follow-up.", "preamble"),
        ("Of course - here is a sentence: In 44 men gout was seen.", "preamble"),
        ("As requested, the sentence: In 44 men gout was seen then.", "preamble"),
        ("This is a sentence about gout as you asked for it before.", "preamble"),
        ("PAMIPURIC ACID INCREMENTS AFTER PROGRESSIVE INTRACranIAL ARTERIAL OCCLUSION", None),
        ("Levels of α-synuclein and TNF-β rose by 5 µg in Ångström units of naïve café.", None),
        ("A sure sign of this course was seen in 12 of the 40 carriers.", None),
    ],
)
def test_form_is_checked_without_requested_names(
    answer: str, reason: str | None, unseeded: Request, recipe: Recipe
) -> None:
    assert judge(answer, unseeded, recipe) == reason


def test_repeated_prompt_is_an_echo(recipe: Recipe) -> None:
    for request in (Plan(recipe).request(index) for index in range(40)):
        prompt = request.payload["messages"][-1]["content"]
        assert judge(prompt, request, recipe) is not None
        instruction = prompt.split(". ")[0].replace('"', "").replace("\n", " ")
        assert judge(f"{instruction}.", request, recipe) == "echo of the prompt"


def test_names_and_attributes_of_prompt_are_not_an_echo(seeded: Request, recipe: Recipe) -> None:
    drawn = " and ".join([*(seed.text for seed in seeded.seeds), seeded.attributes["topic"]])
    assert judge(f"We measured {drawn} in twelve adult men.", seeded, recipe) is None


@pytest.mark.parametrize("tag", ["think", "thinking", "reasoning"])
def test_thinking_block_is_removed(tag: str) -> None:
    assert tidy(f"<{tag}>\nOkay, one sentence.\n</{tag}>\n\n{SENTENCE}") == SENTENCE
    assert tidy(f"Okay, one sentence.\n</{tag}>\n{SENTENCE}") == SENTENCE


def test_requested_latin_names_are_not_another_language(seeded: Request, recipe: Recipe) -> None:
    name = "Lactobacillus delbrueckii subspecies bulgaricus et Streptococcus thermophilus"
    seed = replace(seeded.seeds[0], text=name)
    request = replace(seeded, seeds=(seed,))
    assert judge(f"We found {name} in most of the samples.", request, recipe) is None


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("the variant was found in two of the carriers and in no control", True),
        ("levels of cortisol rose by a factor of two", False),  # undecided
        (
            "les patients ont suivi le programme « the living with pain » durant deux ans à "
            "l'hôpital universitaire de la ville de Lyon",
            False,
        ),
        ("de patiënt was in het ziekenhuis en is van de medicatie af", False),
        ("der patient was in this klinik", False),
    ],
)
def test_function_words_decide_only_plain_english(text: str, plain: bool) -> None:
    assert is_plainly_english(text) is plain


def test_unsupported_language_is_not_checked(unseeded: Request, recipe: Recipe) -> None:
    other = recipe.model_copy(update={"language": "xx"})
    assert judge("Die Patienten wurden zwei Jahre lang beobachtet.", unseeded, other) is None
    german = recipe.model_copy(update={"language": "de"})
    assert judge("Die Patienten wurden zwei Jahre lang beobachtet.", unseeded, german) is None
    assert judge(SENTENCE, unseeded, german) == "other language"
