from pathlib import Path

import pytest

from corpusmith.errors import UserError
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.new.entities import summary_of
from corpusmith.recipe.new.relations import new_relation_recipe
from corpusmith.recipe.plan import Plan

STARTS = ("abca", "duro", "feli", "gano", "hemi", "jora", "kelu", "mavo")
RELATIONS = (
    "inhibits: {head} inhibits {tail}; {head} blocks {tail}",
    "causes: {head} causes {tail}",
)


def names(path: Path, ends: tuple[str, ...]) -> Path:
    found = [start + end for start in STARTS for end in ends]
    path.write_text("\n".join([*found, "Prosthesis, Hip"]), encoding="utf-8")
    return path


@pytest.fixture
def heads(tmp_path: Path) -> Path:
    return names(tmp_path / "drugs.txt", ("mol", "pril", "statin", "vir", "zine", "dol", "mycin"))


@pytest.fixture
def tails(tmp_path: Path) -> Path:
    return names(tmp_path / "b.txt", ("itis", "osis", "emia", "pathy", "algia", "oma", "ectasia"))


def test_two_lists_and_two_statements_make_a_recipe(
    heads: Path, tails: Path, tmp_path: Path
) -> None:
    path = new_relation_recipe(
        "effects", RELATIONS, [str(heads), f"Disease={tails}"], folder=tmp_path
    )
    recipe = load_recipe(str(path))
    assert recipe.relation is not None
    assert (recipe.relation.head, recipe.relation.tail) == ("drugs", "disease")
    assert recipe.relation.labels == ("none", "inhibits", "causes")
    assert recipe.relation.types[0].statements == ("{head} inhibits {tail}", "{head} blocks {tail}")
    drawn = [Plan(recipe).request(i) for i in range(60)]
    assert all("{" not in request.payload["messages"][-1]["content"] for request in drawn)
    assert all(len({(s.lexicon, s.concept_id) for s in r.seeds}) == len(r.seeds) for r in drawn)


def test_lists_are_normalised_and_the_changes_kept(
    heads: Path, tails: Path, tmp_path: Path
) -> None:
    path = new_relation_recipe("effects", RELATIONS, [str(heads), str(tails)], folder=tmp_path)
    assert "hip prosthesis" in (tmp_path / "effects.drugs.tsv").read_text(encoding="utf-8")
    assert (tmp_path / "effects.b.changes.tsv").exists()
    summary = summary_of(path)
    assert "the list drugs: 57 concepts" in summary and "the list b: 57 concepts" in summary


def test_one_list_serves_both_sides(heads: Path, tmp_path: Path) -> None:
    path = new_relation_recipe("pairs", RELATIONS, [str(heads)], folder=tmp_path)
    relation = load_recipe(str(path)).relation
    assert relation is not None and relation.one_lexicon


@pytest.mark.parametrize(
    ("relations", "lists", "said"),
    [
        (["inhibits"], ["drugs.txt"], "has no statement"),
        (["inhibits: A blocks B"], ["drugs.txt"], "needs the slots"),
        ([RELATIONS[0], RELATIONS[0]], ["drugs.txt"], "all different"),
        (RELATIONS, ["none.txt"], "no word list at"),
        (RELATIONS, ["short.txt"], "relations need at least 40"),
        (RELATIONS, ["drugs.txt", "other/drugs.txt"], "both lists are called drugs"),
    ],
)
def test_wrong_input_is_refused_and_nothing_is_left(
    relations: list[str], lists: list[str], said: str, heads: Path, tmp_path: Path
) -> None:
    (tmp_path / "short.txt").write_text("abcamol\nduropril\n", encoding="utf-8")
    folder = tmp_path / "out"
    folder.mkdir()
    with pytest.raises(UserError, match=said):
        new_relation_recipe("x", relations, [str(tmp_path / name) for name in lists], folder=folder)
    assert not list(folder.iterdir())
