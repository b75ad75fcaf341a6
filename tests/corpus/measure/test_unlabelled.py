"""Unlabelled names. Names that `find` and `stop` leave out are looked up too."""

from pathlib import Path

from corpusmith.corpus.measure.unlabelled import unlabelled_names
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.schema import LexiconSource, Recipe, Selection


def recipe_with(names: Path, ner_recipe: Path, **settings: object) -> Recipe:
    source = LexiconSource(source=str(names), **settings)  # type: ignore[arg-type]
    recipe = load_recipe(str(ner_recipe))
    return recipe.model_copy(
        update={"lexicons": {**recipe.lexicons, recipe.labels["Disease"]: source}}
    )


def row(number: int, text: str, *mentions: str) -> dict:
    spans = [(text.index(mention), text.index(mention) + len(mention)) for mention in mentions]
    return {
        "id": f"row-{number}",
        "text": text,
        "entities": [{"start": start, "end": end} for start, end in spans],
    }


def test_name_is_reported_with_both_counts_and_an_example_row(
    ner_recipe: Path, tmp_path: Path
) -> None:
    names = tmp_path / "names.tsv"
    names.write_text(
        "concept_id\tname\tsynonyms\ttypes\n"
        "1\tasthma\t\tC08\n2\tprostate cancer\t\t\n3\tcancer\t\tC04\n"
    )
    recipe = recipe_with(names, ner_recipe, find=Selection(types=("C",)), stop=("asthma",))
    rows = [
        row(1, "Asthma and prostate cancer were rare.", "Asthma"),
        row(2, "No Prostate Cancers, but asthma, was seen."),
        row(3, "Breast cancer and asthma.", "Breast cancer"),  # inside a mention: neither
        row(4, "Cancer cells.", "Cancer"),
    ]
    told = unlabelled_names(recipe, rows, most=5)
    assert told == {
        "Disease": {
            "labelled": 2,
            "unlabelled": 4,
            "names": [
                {"name": "asthma", "labelled": 1, "unlabelled": 2, "row": "row-2"},
                {"name": "prostate cancer", "labelled": 0, "unlabelled": 2, "row": "row-1"},
            ],
        }
    }
    beside = tmp_path / "beside.txt"
    beside.write_text("rare\n")
    also = recipe_with(names, ner_recipe, also=(str(beside),))
    assert unlabelled_names(also, rows, most=5)["Disease"]["unlabelled"] == 5
    assert (
        unlabelled_names(recipe, rows, most=1)["Disease"]["names"] == told["Disease"]["names"][:1]
    )


def test_corpus_that_labels_every_name_has_none(ner_recipe: Path, tmp_path: Path) -> None:
    names = tmp_path / "names.txt"
    names.write_text("asthma\n")
    told = unlabelled_names(
        recipe_with(names, ner_recipe), [row(1, "Asthma.", "Asthma"), row(2, "No name.")], most=5
    )
    assert told == {"Disease": {"labelled": 1, "unlabelled": 0, "names": []}}


def test_masked_name_is_not_counted_as_unlabelled(ner_recipe: Path, tmp_path: Path) -> None:
    names = tmp_path / "names.tsv"
    names.write_text("concept_id\tname\tsynonyms\ttypes\n1\tasthma\t\tC08\n")
    recipe = recipe_with(names, ner_recipe)
    for tag, unlabelled in ((0, 1), (-1, 0)):
        found = row(1, "They had asthma .") | {"ner_tags": [0, 0, tag, 0]}
        assert unlabelled_names(recipe, [found], 5)["Disease"]["unlabelled"] == unlabelled
