from pathlib import Path

import pytest
import yaml

from corpusmith.errors import UserError
from corpusmith.recipe.load import load_recipe, shipped_recipes
from corpusmith.recipe.prompt import attribute_values, prompt_version


@pytest.mark.parametrize("name", shipped_recipes())
def test_every_shipped_recipe_loads(name: str) -> None:
    assert load_recipe(name).name == name


def test_extension_inherits_unset_keys() -> None:
    base, demo = load_recipe("ncbi-disease"), load_recipe("demo-disease")
    assert demo.rows < base.rows
    assert demo.kinds == base.kinds and demo.seed == base.seed


def test_error_for_unknown_key_names_line(ner_recipe: Path) -> None:
    ner_recipe.write_text(
        ner_recipe.read_text(encoding="utf-8") + "temprature: 1\n", encoding="utf-8"
    )
    lines = len(ner_recipe.read_text(encoding="utf-8").splitlines())
    with pytest.raises(
        UserError,
        match=rf"tiny-disease\.yaml:{lines}: temprature: unknown key; known here: name, title",
    ):
        load_recipe(str(ner_recipe))


def test_error_for_nested_unknown_key_lists_valid_keys(ner_recipe: Path) -> None:
    text = ner_recipe.read_text(encoding="utf-8").replace(
        "  license: apache-2.0", "  licence: apache-2.0"
    )
    ner_recipe.write_text(text, encoding="utf-8")
    with pytest.raises(
        UserError,
        match=r"teacher\.licence: unknown key; known here: model, license, parameters, price",
    ):
        load_recipe(str(ner_recipe))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("rows: 60", "rows: 0", "rows: Input should be greater than 0"),
        ("prompt: ner.v1", "prompt: ner.v99", "no prompt template"),
        ("  - gene", "  - protein", "no lexicon called protein"),
        ("task: ner", "task: relations", "`relation` goes with task: relations"),
        ("name: tiny-disease", "name: Tiny Disease", "name: String should match"),
        ("rows: 60", "rows: [", "not valid YAML"),
        (
            "  license: apache-2.0",
            "  parameters: {messages: [], n: 3}",
            "messages, n cannot be set",
        ),
        (
            "  license: apache-2.0",
            "  parameters: {max_tokens: '400'}",
            "max_tokens must be a number of tokens",
        ),
    ],
)
def test_error_for_bad_recipe_names_remedy(
    ner_recipe: Path, old: str, new: str, message: str
) -> None:
    ner_recipe.write_text(
        ner_recipe.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8"
    )
    with pytest.raises(UserError, match=message):
        load_recipe(str(ner_recipe))


def test_error_for_missing_recipe_lists_shipped_recipes() -> None:
    with pytest.raises(UserError, match=r"no recipe 'nothing'.*ncbi-disease"):
        load_recipe("nothing")


def test_circular_extension_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(f"extends: {tmp_path}/b.yaml\n", encoding="utf-8")
    (tmp_path / "b.yaml").write_text(f"extends: {tmp_path}/a.yaml\n", encoding="utf-8")
    with pytest.raises(UserError, match="cycle"):
        load_recipe(str(tmp_path / "a.yaml"))


def test_prompt_version_changes_with_template(ner_recipe: Path, tmp_path: Path) -> None:
    template = tmp_path / "mine.jinja"
    template.write_text("system\n---\nuser {{ section }} {{ topic }}\n", encoding="utf-8")
    text = ner_recipe.read_text(encoding="utf-8").replace("prompt: ner.v1", f"prompt: {template}")
    ner_recipe.write_text(text, encoding="utf-8")
    before = prompt_version(load_recipe(str(ner_recipe)).prompt)
    template.write_text("system\n---\nother {{ section }} {{ topic }}\n", encoding="utf-8")
    assert (
        before.startswith("mine@") and prompt_version(load_recipe(str(ner_recipe)).prompt) != before
    )


def test_attribute_cannot_be_a_user_file(tmp_path: Path) -> None:
    (tmp_path / "patients.txt").write_text("A patient's history.\n", encoding="utf-8")
    away = "../" * 20 + str(tmp_path / "patients").lstrip("/")
    for name in (str(tmp_path / "patients"), away, f"sections+{tmp_path / 'patients'}"):
        with pytest.raises(UserError, match="no attribute list"):
            attribute_values(name)


def test_frame_without_slot_or_with_unknown_lexicon_is_refused(ner_recipe: Path) -> None:
    content = yaml.safe_load(ner_recipe.read_text(encoding="utf-8"))
    for frame in ("severe", "{} and {}", "{planet}-induced {}"):
        content["augment"] = {"frames": [frame]}
        ner_recipe.write_text(yaml.safe_dump(content), encoding="utf-8")
        with pytest.raises(UserError, match="frames"):
            load_recipe(str(ner_recipe))


def test_contrast_lexicon_must_exist_and_not_be_a_label(ner_recipe: Path) -> None:
    content = yaml.safe_load(ner_recipe.read_text(encoding="utf-8"))
    for name, message in (
        ("disease", "disease is a label's"),
        ("planet", "no lexicon called planet"),
    ):
        content["augment"] = {"contrasted_lexicons": {name: 1}}
        ner_recipe.write_text(yaml.safe_dump(content), encoding="utf-8")
        with pytest.raises(UserError, match=message):
            load_recipe(str(ner_recipe))
