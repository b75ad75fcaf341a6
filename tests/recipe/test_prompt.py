import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpusmith.recipe.prompt import TemplateFault, check_template, read_template, sandbox, to_jinja

SLOTS = frozenset({"phrases", "topic", "section", "statement"})
BASE = (
    "You write sentences.\n---\n"
    "Write one sentence{% if phrases %} with {{ phrases | join }}{% endif %}."
)
GOOD = "Write one sentence from the {section} of an abstract about {topic} that holds {phrases}."
HOSTILE = [
    "Write one sentence about {{ config }} that holds {phrases} and more.",
    "Write one sentence that holds {phrases} {% for x in y %} and more.",
    "Write one sentence that holds {phrases} {# hidden #} and more.",
    "Write one sentence that holds {phrases} and {topic.__class__} too.",
    "Write one sentence that holds {phrases} and {topic!r} and more.",
    "Write one sentence that holds {phrases} and { and nothing else.",
]


def rendered(template: str, **values: object) -> str:
    return sandbox().from_string(to_jinja(template, BASE)).render(**values)


def test_template_slots_are_filled() -> None:
    found = rendered(
        read_template(GOOD, SLOTS), phrases=["gout", "CFTR"], topic="diet", section="results"
    )
    assert found == (
        "You write sentences.\n---\n"
        "Write one sentence from the results of an abstract about diet "
        'that holds "gout" and "CFTR".'
    )


def test_slot_values_are_not_read_as_jinja() -> None:
    assert "{{ 7 * 7 }}" in rendered(
        read_template(GOOD, SLOTS), phrases=["{{ 7 * 7 }}"], topic="x", section="y"
    )


def test_without_names_the_default_prompt_is_used() -> None:
    assert rendered(read_template(GOOD, SLOTS), phrases=[]).endswith("---\nWrite one sentence.")


def test_required_values_without_slot_are_appended() -> None:
    values = {"phrases": ["gout"], "statement": "State a link.", "avoid": "gene"}
    assert rendered(GOOD, **values).endswith('holds "gout". State a link. Do not name any gene.')
    named = "{statement} Write one sentence that holds {phrases}, and be brief."
    assert rendered(read_template(named, SLOTS), **values).count("State a link.") == 1


@pytest.mark.parametrize("text", HOSTILE)
def test_template_with_code_is_refused(text: str) -> None:
    with pytest.raises(TemplateFault):
        read_template(text, SLOTS)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Write one sentence about {topic} as in an abstract.", "does not name {phrases} once"),
        (
            "Write a sentence with {phrases} and again with {phrases}.",
            "does not name {phrases} once",
        ),
        ("Write one sentence with {phrases} in the style of {journal}.", "unknown slot journal"),
        ("Use {phrases}.", "too short or too long"),
        ("Write " + "very " * 100 + "{phrases}", "too short or too long"),
        ("Write one sentence with {phrases} and \u202e turned text.", "control character"),
    ],
)
def test_refusal_states_reason(text: str, reason: str) -> None:
    with pytest.raises(TemplateFault, match=reason.replace("{", r"\{").replace("}", r"\}")):
        read_template(text, SLOTS)


@pytest.mark.parametrize(
    "answer",
    [
        f'"{GOOD}"',
        f"Instruction: {GOOD}",
        f"```\n{GOOD}\n```",
        GOOD.replace("{phrases}", '"{phrases}"'),
        f"Sure, here it is:\n{GOOD}",
    ],
)
def test_quotes_fences_and_preamble_around_template_are_removed(answer: str) -> None:
    assert read_template(answer, SLOTS) == GOOD


@given(st.text(max_size=200))
def test_arbitrary_text_never_becomes_code(text: str) -> None:
    try:
        template = read_template(
            f"Write one sentence with {{phrases}} {text} and no more words", SLOTS
        )
    except TemplateFault:
        return
    assert '"gout"' in rendered(
        template, phrases=["gout"], topic="{{ 1 }}", section="s", statement="t"
    )


def test_prompt_file_with_code_is_refused() -> None:
    with pytest.raises(ValueError, match="may hold text and slots"):
        check_template("{{ topic.__class__ }}")


def test_prompt_files_are_rendered_in_sandbox() -> None:
    from jinja2.exceptions import SecurityError

    with pytest.raises(SecurityError):
        sandbox().from_string("{{ phrases.__class__.__mro__[1].__subclasses__() }}").render(
            phrases=["gout"]
        )
