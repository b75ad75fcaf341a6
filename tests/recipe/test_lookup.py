"""Look up the names of a corpus's recipe."""

import shutil
from pathlib import Path

import pytest

from corpusmith.errors import UserError
from corpusmith.recipe.lookup import corpus_lookup


def test_corpus_folder_gives_a_matcher_for_each_label(ner_recipe: Path, tmp_path: Path) -> None:
    folder = tmp_path / "corpus"
    (folder / "recipes" / "tiny-disease").mkdir(parents=True)
    shutil.copy(ner_recipe, folder / "recipes" / "tiny-disease" / "recipe.yaml")
    matches = corpus_lookup(folder)["Disease"].matches(["Women", "with", "breast", "cancer"])
    assert [(match.start, match.end) for match in matches] == [(2, 4)]


def test_folder_without_a_recipe_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no recipe"):
        corpus_lookup(tmp_path)
