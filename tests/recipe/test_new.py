from pathlib import Path

import pytest

from corpusmith.errors import UserError
from corpusmith.lexicon.load import load_lexicon
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.new.entities import new_recipe, summary_of
from corpusmith.recipe.plan import Plan

NAMES = [
    "Hip Prosthesis|Prosthesis, Hip|Hip Prostheses",
    "Cardiac Pacemaker|Pacemaker, Artificial",
    *("Stents", "Infusion Pumps", "Defibrillators", "Surgical Mesh", "Catheters", "Sutures"),
    *("Insulin Infusion Systems", "Heart Valve Prosthesis", "Implants", "Aspirin Tablets"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("new")
    (folder / "words.txt").write_text("\n".join(NAMES), encoding="utf-8")
    about = "implants; not prostheses or stents"
    new_recipe("device", folder / "words.txt", about, "discharge summaries", folder)
    return folder


def test_new_recipe_is_short_and_loads(folder: Path) -> None:
    path = folder / "device.yaml"
    assert len(path.read_text(encoding="utf-8").splitlines()) < 20
    recipe = load_recipe(str(path))
    assert recipe.labels == {"Device": "words"} and recipe.rows == 800
    assert recipe.augment.contrasts and recipe.augment.asides


def test_names_are_normalized(folder: Path) -> None:
    names = {name for c in load_lexicon(str(folder / "device.tsv")).concepts for name in c.names}
    assert {"hip prosthesis", "artificial pacemaker", "infusion pumps"} <= names
    assert not names & {"Infusion Pumps", "Pacemaker, Artificial"}


def test_excluded_names_are_requested_without_label(folder: Path) -> None:
    recipe = load_recipe(str(folder / "device.yaml"))
    found = Plan(recipe).lexicons
    assert not found["words"].matcher.names_in("Two stents were placed.")
    assert found["general"].matcher.names_in("Two stents were placed.")
    assert any(seed == "general" for kind in recipe.kinds for seed in kind.seeds)


def test_scope_and_domain_reach_the_prompt(folder: Path) -> None:
    plan = Plan(load_recipe(str(folder / "device.yaml")))
    asked = [request.payload["messages"] for request in (plan.request(i) for i in range(30))]
    assert all("discharge summaries" in messages[0]["content"] for messages in asked)
    avoiding = [m[1]["content"] for m in asked if "Do not name any" in m[1]["content"]]
    assert 8 < len(avoiding) < 28
    assert not any("from the results" in messages[1]["content"] for messages in asked)
    assert all("Do not name any device (implants)." in prompt for prompt in avoiding)


def test_contrasts_exclude_names_of_the_type(folder: Path) -> None:
    lexicons = Plan(load_recipe(str(folder / "device.yaml"))).lexicons
    names = lexicons["words"].matcher
    for lexicon in ("heading", "background", "modifier"):
        concepts = lexicons[lexicon].concepts
        assert concepts and not any(names.names_in(n) for c in concepts for n in c.names)


def test_summary_counts_changes_by_reason(folder: Path) -> None:
    summary = summary_of(folder / "device.yaml")
    assert "1 left out --about excludes it: Stents" in " ".join(summary.split())
    assert "2 changed inverted name turned round" not in " ".join(summary.split())
    assert "1 changed inverted name turned round: Pacemaker, Artificial" in " ".join(
        summary.split()
    )


def test_about_adds_names_of_its_branch(folder: Path, tmp_path: Path) -> None:
    path = new_recipe("lesion", folder / "words.txt", about="devices and tumours", folder=tmp_path)
    recipe = load_recipe(str(path))
    lexicons = Plan(recipe).lexicons
    assert lexicons["words"].matcher.names_in("a malignant melanoma")
    assert not any(
        lexicons["words"].matcher.names_in(name)
        for concept in lexicons["disease"].concepts
        for name in concept.names
    )


def test_existing_recipe_is_not_overwritten(folder: Path) -> None:
    with pytest.raises(UserError, match="exists: choose another name"):
        new_recipe("device", folder / "words.txt", folder=folder)


def test_short_list_is_refused_before_writing(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("stent\n", encoding="utf-8")
    with pytest.raises(UserError, match="holds 1 names"):
        new_recipe("device", tmp_path / "words.txt", folder=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["words.txt"]


@pytest.mark.parametrize(
    "name", ["../evil", "a/b", "", ".", "A b", "x" * 81, "\x1b[31m", "device\n"]
)
def test_name_that_no_file_can_have_is_refused_before_anything_is_written(
    name: str, tmp_path: Path
) -> None:
    folder = tmp_path / "inside"
    folder.mkdir()
    (folder / "words.txt").write_text("\n".join(NAMES), encoding="utf-8")
    with pytest.raises(UserError, match="is no name for a recipe"):
        new_recipe(name, folder / "words.txt", folder=folder)
    assert [path.name for path in tmp_path.rglob("*")] == ["inside", "words.txt"]


@pytest.mark.parametrize("option", ["about", "domain", "model"])
def test_option_with_a_line_break_or_control_character_is_refused(
    option: str, tmp_path: Path
) -> None:
    (tmp_path / "words.txt").write_text("\n".join(NAMES), encoding="utf-8")
    for text in ("a\nrows: 3", "\x1b]0;x\x07"):
        with pytest.raises(UserError, match=f"--{option} .*give one line"):
            new_recipe("device", tmp_path / "words.txt", folder=tmp_path, **{option: text})


def test_options_are_quoted_where_yaml_would_read_something_else(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("\n".join(NAMES), encoding="utf-8")
    texts = {"about": 'a "b": c', "domain": "notes: of a ward # 3", "model": "true"}
    recipe = load_recipe(str(new_recipe("d", tmp_path / "words.txt", folder=tmp_path, **texts)))
    assert (recipe.about, recipe.domain, recipe.teacher.model) == tuple(texts.values())


def test_summary_shows_no_control_character_of_the_list(tmp_path: Path) -> None:
    names = [*NAMES, "\x1b[31mred\x1b[0m clip", "bell\x07 device"]
    (tmp_path / "words.txt").write_text("\n".join(names), encoding="utf-8")
    path = new_recipe("device", tmp_path / "words.txt", folder=tmp_path)
    assert summary_of(path).replace("\n", "").isprintable()
