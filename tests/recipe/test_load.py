import re
from pathlib import Path

import pytest

from corpusmith.errors import UserError
from corpusmith.recipe.load import load_recipe, shipped_recipes

RECIPE = """\
name: device
title: Devices
task: ner
labels: {Device: words}
lexicons:
  words: {source: words.txt}
prompt: ner.v1
attributes: {topic: general}
kinds:
  - {name: mention, weight: 1, seeds: [words]}
teacher: {model: any}
rows: 10
"""


def recipe(folder: Path, **changes: str) -> Path:
    """A recipe in `folder`, with some of its lines replaced."""
    folder.mkdir(exist_ok=True)
    (folder / "words.txt").write_text("stent\npacemaker\n", encoding="utf-8")
    text = RECIPE
    for old, new in changes.values():
        assert old in text
        text = text.replace(old, new)
    path = folder / "device.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def refused(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        load_recipe(str(path))
    return str(caught.value)


def test_paths_are_relative_to_the_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = recipe(tmp_path / "recipes")
    (tmp_path / "recipes" / "longer.yaml").write_text(
        "extends: device.yaml\nname: longer\nborrow: [device.yaml]\nrows: 20\n", encoding="utf-8"
    )
    monkeypatch.chdir(tmp_path)
    words = str(path.parent / "words.txt")
    assert load_recipe("recipes/device.yaml").lexicons["words"].source == words
    longer = load_recipe("recipes/longer.yaml")
    assert longer.rows == 20 and longer.borrow == (str(path),)


def test_error_for_missing_lexicon_file_names_line(tmp_path: Path) -> None:
    path = recipe(tmp_path, source=("source: words.txt", "source: wrods.txt"))
    assert refused(path) == (
        f"{path}:6: lexicons.words.source: no file {tmp_path / 'wrods.txt'}: "
        "give a path relative to the recipe"
    )


def test_error_for_missing_prompt_names_line(tmp_path: Path) -> None:
    path = recipe(tmp_path, prompt=("prompt: ner.v1", "prompt: mine.jinja"))
    assert refused(path).startswith(f"{path}:7: prompt: no file")


def test_undefined_template_variable_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.jinja").write_text("Be brief.\n---\nWrite about {{ toppic }}.", "utf-8")
    path = recipe(tmp_path, prompt=("prompt: ner.v1", "prompt: mine.jinja"))
    said = refused(path)
    assert f"{path}:10: kinds.0: the template" in said and "{{ toppic }}" in said
    assert f"{path}:8: attributes.topic: the template" in said


def test_variable_tested_by_template_is_optional(tmp_path: Path) -> None:
    path = recipe(tmp_path, attributes=("attributes: {topic: general}", "attributes: {topic: [x]}"))
    assert load_recipe(str(path)).attributes == {"topic": ("x",)}


def test_unused_attribute_is_refused(tmp_path: Path) -> None:
    path = recipe(tmp_path, attributes=("{topic: general}", "{topic: general, tone: [dry]}"))
    assert refused(path).startswith(f"{path}:8: attributes.tone: the template ner.v1 has no")


def test_ner_kind_with_label_is_refused(tmp_path: Path) -> None:
    path = recipe(tmp_path, kinds=("seeds: [words]}", "seeds: [words], label: Device}"))
    assert f"{path}:10: kinds.0.label: 'Device'" in refused(path)


def test_extending_recipe_keeps_inherited_lexicons(tmp_path: Path) -> None:
    recipe(tmp_path)
    path = tmp_path / "more.yaml"
    path.write_text("extends: device.yaml\nlexicons: {gene: {source: gene}}\n", encoding="utf-8")
    assert [*load_recipe(str(path)).lexicons] == ["words", "gene"]


@pytest.mark.parametrize("name", shipped_recipes())
def test_shipped_recipes_load(name: str) -> None:
    assert load_recipe(name).name


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("{Device: words}", "{B-Device: words}", "device.yaml:4: labels.B-Device: .* no prefix"),
        ("{Device: words}", "{'': words}", "device.yaml:4: labels"),
        (
            "{model: any}",
            "{model: any, parameters: {temperature: .nan}}",
            ":11: teacher.p",
        ),
        ("{topic: general}", "{topic: []}", ":8: attributes.topic: no values"),
        ("{topic: general}", "{topic: nothing}", ":8: attributes.topic: no attribute list"),
        ("rows: 10", "rows: 10\naugment: {asides: nothing}", ":13: augment.asides: no attribute"),
        ("lexicons:\n  words: {source: words.txt}", "lexicons: [words]", ":5: lexicons: "),
        ("name: device", "extends: [gad]\nname: device", ":1: extends: give the name of one"),
        ("name: device", "name: " + "x" * 81, ":1: name: "),
        ("task: ner", "task: relations\nrelation: {head: words, tail: words, types: 3}", ":4: rel"),
        ("weight: 1", "weight: 0", "device.yaml:10: kinds.0.weight: Input should be greater"),
    ],
)
def test_value_that_no_corpus_can_have_is_refused_with_its_line(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    said = refused(recipe(tmp_path, change=(old, new)))
    assert re.search(message, said), said
    assert "at least 1 item" not in said, "a consequence of another fault"


def test_template_that_cannot_be_read_is_refused_with_its_line(tmp_path: Path) -> None:
    path = recipe(tmp_path, change=("prompt: ner.v1", "prompt: own.jinja"))
    (tmp_path / "own.jinja").write_text("system\n---\n{{ phrases", encoding="utf-8")
    assert "device.yaml:7: prompt: the prompt template cannot be read: line 3" in refused(path)
    (tmp_path / "own.jinja").write_bytes(b"system\n---\n\xff{{ phrases }}")
    assert "own.jinja, line 3: not UTF-8" in refused(path)
