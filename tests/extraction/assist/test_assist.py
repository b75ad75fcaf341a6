"""The list assists a model: recall of listed names, concept ids, and learned precision."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from corpusmith.cli.main import app
from corpusmith.errors import UserError
from corpusmith.extraction.assist.assist import AssistedExtractor
from corpusmith.extraction.assist.label_model import LabelModel, prior_model
from corpusmith.extraction.assist.settings import label_settings
from corpusmith.extraction.extract import Extractor
from corpusmith.inference import EntityExtractor
from corpusmith.lexicon.matcher import Matcher
from tests.training.models import TAGS, write_model, write_quiet_model

LOOKUP = {"Disease": Matcher([("cystic fibrosis", "D:1"), ("gout", "D:2")])}
TEXT = "Men with cystic fibrosis or gout were seen."


@pytest.fixture
def model(tmp_path: Path, tiny_encoder: Path) -> Path:
    folder = tmp_path / "model"
    return write_model(folder, tiny_encoder, TAGS, {"task": "ner", "max_length": 64})


@pytest.fixture
def quiet(tmp_path: Path, tiny_encoder: Path) -> Path:
    """A model that finds nothing."""
    return write_quiet_model(tmp_path / "quiet", tiny_encoder)


@pytest.fixture
def assisted(quiet: Path) -> AssistedExtractor:
    """The list with prior precisions, and a model that finds nothing."""
    extractor = EntityExtractor.from_pretrained(quiet)
    return AssistedExtractor(extractor, LOOKUP, prior_model(["Disease"], label_settings()))


def test_listed_names_are_found_with_their_concept_ids(assisted: AssistedExtractor) -> None:
    (found,) = assisted.extract([TEXT])
    assert [(entity.text, entity.concept_id) for entity in found] == [
        ("cystic fibrosis", "D:1"),
        ("gout", "D:2"),
    ]
    assert all(TEXT[entity.start : entity.end] == entity.text for entity in found)


def test_listed_name_with_low_estimated_precision_is_left_out(
    assisted: AssistedExtractor,
) -> None:
    prior = prior_model(["Disease"], label_settings())
    names = {("Disease", "gout"): 0.02}
    learned = LabelModel(prior.bins, prior.likelihoods, prior.groups, names)
    (found,) = AssistedExtractor(assisted.extractor, LOOKUP, learned).extract([TEXT])
    assert [entity.text for entity in found] == ["cystic fibrosis"]


def test_any_trained_model_can_be_assisted(model: Path) -> None:
    plain = EntityExtractor.from_pretrained(model)
    assisted = AssistedExtractor.from_pretrained(model, lookup=LOOKUP)
    sentence = TEXT.split()
    assert len(assisted.tag([sentence])[0]) == len(plain.tag([sentence])[0]) == len(sentence)


def test_result_does_not_depend_on_other_texts(model: Path) -> None:
    assisted = AssistedExtractor.from_pretrained(model, lookup=LOOKUP)
    texts = [TEXT, "Type 2 gout was seen.", "Severe (gout) type 2 cystic fibrosis."] * 3
    assert assisted.extract(texts) == [assisted.extract(text)[0] for text in texts]


def test_scores_are_estimated_probabilities(assisted: AssistedExtractor) -> None:
    (found,) = assisted.extract(TEXT)
    assert all(0.5 < entity.score < 1 for entity in found)
    assert assisted.extract(TEXT, threshold=0.99) == [[]]


def test_documents_get_concept_ids_of_the_list(quiet: Path) -> None:
    (plain,) = Extractor.from_pretrained(quiet, backend="torch").extract(TEXT)
    (assisted,) = Extractor.from_pretrained(quiet, lexicon=LOOKUP, backend="torch").extract(TEXT)
    assert not plain.mentions
    assert [(m.text, m.concept_id) for m in assisted.mentions or ()] == [
        ("cystic fibrosis", "D:1"),
        ("gout", "D:2"),
    ]


def test_command_reads_list_of_a_label(quiet: Path, tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("cystic fibrosis\ngout\n")
    (tmp_path / "note.txt").write_text(TEXT)
    line = ["extract", str(quiet), str(tmp_path / "note.txt"), "--out", str(tmp_path / "o.jsonl")]
    done = CliRunner().invoke(app, [*line, "--assist", f"Disease={tmp_path / 'words.txt'}"])
    assert done.exit_code == 0, done.output
    row = json.loads((tmp_path / "o.jsonl").read_text())
    assert [entity["text"] for entity in row["entities"]] == ["cystic fibrosis", "gout"]
    with pytest.raises(UserError, match="the list has the labels Gene"):
        Extractor.from_pretrained(quiet, lexicon={"Gene": LOOKUP["Disease"]})
