from pathlib import Path

from corpusmith.lexicon.forms import forms
from corpusmith.recipe import fingerprint as module
from corpusmith.recipe.fingerprint import fingerprint, portable
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.plan import Plan


def fingerprint_of(path: Path) -> str:
    recipe = load_recipe(str(path))
    return fingerprint(recipe, Plan(recipe).lexicons)


def test_title_and_size_do_not_change_the_fingerprint(ner_recipe: Path) -> None:
    before = fingerprint_of(ner_recipe)
    text = ner_recipe.read_text(encoding="utf-8")
    ner_recipe.write_text(
        text.replace("rows: 60", "rows: 90").replace("for tests", "anew"), "utf-8"
    )
    assert fingerprint_of(ner_recipe) == before


def test_seed_lexicon_and_rules_change_the_fingerprint(ner_recipe: Path, monkeypatch) -> None:
    seen = {fingerprint_of(ner_recipe)}
    text = ner_recipe.read_text(encoding="utf-8")
    ner_recipe.write_text(text.replace("seed: 7", "seed: 8"), encoding="utf-8")
    seen.add(fingerprint_of(ner_recipe))
    ner_recipe.write_text(
        text.replace("stop:\n    - disease", "stop:\n    - gout"), encoding="utf-8"
    )
    seen.add(fingerprint_of(ner_recipe))
    ner_recipe.write_text(text, encoding="utf-8")
    monkeypatch.setattr(module, "RULES", module.RULES + 1)
    seen.add(fingerprint_of(ner_recipe))
    assert len(seen) == 4


def test_words_and_attribute_lists_change_the_fingerprint(ner_recipe: Path, monkeypatch) -> None:
    seen = {fingerprint_of(ner_recipe)}
    edited = {**forms(), "modified": ["patients"]}
    monkeypatch.setattr(module, "forms", lambda: edited)
    seen.add(fingerprint_of(ner_recipe))
    monkeypatch.setattr(module, "attribute_values", lambda source: ("methods",))
    seen.add(fingerprint_of(ner_recipe))
    assert len(seen) == 3


def test_source_code_does_not_change_the_fingerprint(ner_recipe: Path, monkeypatch) -> None:
    """Editing a comment in the code must not change the version of every corpus."""
    opened: list[str] = []

    def noting(original):
        def read(self, *args, **kwargs):
            opened.append(self.suffix)
            return original(self, *args, **kwargs)

        return read

    for name in ("open", "read_bytes", "read_text"):
        monkeypatch.setattr(Path, name, noting(getattr(Path, name)))
    fingerprint_of(ner_recipe)
    assert ".yaml" in opened and ".py" not in opened


def test_recipe_folder_is_not_hashed_or_published(ner_recipe: Path, tmp_path: Path) -> None:
    recipes = []
    for folder in (tmp_path / "here", tmp_path / "there"):
        folder.mkdir()
        (folder / "words.txt").write_text("gout\nasthma\n", encoding="utf-8")
        text = f"extends: {ner_recipe}\nlexicons: {{disease: {{source: words.txt}}}}\n"
        (folder / "mine.yaml").write_text(text, encoding="utf-8")
        recipes.append(load_recipe(str(folder / "mine.yaml")))
    assert portable(recipes[0])["lexicons"]["disease"]["source"] == "words.txt"
    assert str(tmp_path / "here") not in str(portable(recipes[0]))
    first, second = (fingerprint(recipe, Plan(recipe).lexicons) for recipe in recipes)
    assert first == second
