"""The list assists a model: recall of listed names, concept ids, and learned precision."""

from pathlib import Path

import numpy as np
import pytest

from corpusmith.extraction.assist.assist import AssistedExtractor
from corpusmith.extraction.assist.label_model import LabelModel, prior_model
from corpusmith.extraction.assist.settings import label_settings
from corpusmith.inference import EntityExtractor
from corpusmith.lexicon.matcher import Matcher
from tests.training.models import TAGS, write_model

LOOKUP = {"Disease": Matcher([("cystic fibrosis", "D:1"), ("gout", "D:2")])}
TEXT = "Men with cystic fibrosis or gout were seen."


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path) -> Path:
    folder = tmp_path_factory.mktemp("model")
    return write_model(folder, tiny_encoder, TAGS, {"task": "ner", "max_length": 64})


class Silent:
    """A model that finds nothing."""

    tags = TAGS
    labels = ("Disease",)

    def probabilities(self, sentences: list[list[str]]) -> list[np.ndarray]:
        return [np.tile([0.7, 0.2, 0.1], (len(words), 1)) for words in sentences]


def test_listed_names_are_found_with_their_concept_ids() -> None:
    assisted = AssistedExtractor(Silent(), LOOKUP, prior_model(["Disease"], label_settings()))
    (found,) = assisted.extract([TEXT])
    assert [(entity.text, entity.concept_id) for entity in found] == [
        ("cystic fibrosis", "D:1"),
        ("gout", "D:2"),
    ]
    assert all(TEXT[entity.start : entity.end] == entity.text for entity in found)


def test_listed_name_with_low_estimated_precision_is_left_out() -> None:
    prior = prior_model(["Disease"], label_settings())
    names = {("Disease", "gout"): 0.02}
    learned = LabelModel(prior.bins, prior.likelihoods, prior.groups, names)
    (found,) = AssistedExtractor(Silent(), LOOKUP, learned).extract([TEXT])
    assert [entity.text for entity in found] == ["cystic fibrosis"]


def test_any_trained_model_can_be_assisted(model: Path) -> None:
    plain = EntityExtractor.from_pretrained(model)
    assisted = AssistedExtractor.from_pretrained(model, LOOKUP)
    sentence = TEXT.split()
    assert len(assisted.tag([sentence])[0]) == len(plain.tag([sentence])[0]) == len(sentence)
