"""Look up the names of a corpus's recipe."""

import shutil
from pathlib import Path

import pytest

from corpusmith.corpus.build import build
from corpusmith.errors import UserError
from corpusmith.hub.release import folder_files
from corpusmith.recipe.lookup import corpus_lookup
from tests.answered import answer_all


def test_corpus_folder_gives_one_matcher_per_label(ner_recipe: Path, tmp_path: Path) -> None:
    folder = tmp_path / "corpus"
    (folder / "recipes" / "tiny-disease").mkdir(parents=True)
    shutil.copy(ner_recipe, folder / "recipes" / "tiny-disease" / "recipe.yaml")
    matches = corpus_lookup(folder)["Disease"].matches(["Women", "with", "breast", "cancer"])
    assert [(match.start, match.end) for match in matches] == [(2, 4)]


def test_folder_without_a_recipe_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no recipe"):
        corpus_lookup(tmp_path)


def test_lookup_of_a_built_corpus_finds_word_lists_in_other_folders(
    ner_recipe: Path, tmp_path: Path
) -> None:
    answer_all(ner_recipe, tmp_path / "ledger.sqlite")
    folder = tmp_path / "elsewhere" / "corpus"
    build(str(ner_recipe), folder, tmp_path / "ledger.sqlite")
    assert corpus_lookup(folder)["Disease"].matches(["cystic", "fibrosis"])
    published = folder_files(folder)
    assert "recipes/tiny-disease/recipe.yaml" in published
    assert not [path for path in published if str(tmp_path) in published[path].read_text("latin-1")]
