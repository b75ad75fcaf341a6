"""Assisted extraction from names that are already in memory."""

from pathlib import Path

import pytest

from corpusmith.extraction.assist.served import assisted_reader
from corpusmith.inference import EntityExtractor
from corpusmith.lexicon.words import fold
from corpusmith.space.lexicon import NameTable
from tests.training.models import write_quiet_model

DISEASES = NameTable((("marfan syndrome", "X:1"), ("disease", "X:2")), frozenset({"Diseases"}))
DEVICES = NameTable((("stent", "Y:1"),))
TEXT = "The disease was Marfan syndrome, and a stent was removed."


@pytest.fixture
def quiet(tiny_encoder: Path, tmp_path: Path) -> EntityExtractor:
    """A model that finds nothing."""
    return EntityExtractor.from_pretrained(write_quiet_model(tmp_path / "quiet", tiny_encoder))


def test_names_of_the_model_s_types_are_found_without_stop_names(
    quiet: EntityExtractor, tmp_path: Path
) -> None:
    read = assisted_reader(quiet, tmp_path, {"Disease": DISEASES, "Device": DEVICES})
    assert read is not None
    (found,) = read([TEXT])
    assert [(entity.text, entity.label) for entity in found] == [("Marfan syndrome", "Disease")]


def test_lists_of_other_types_give_no_assistance(quiet: EntityExtractor, tmp_path: Path) -> None:
    assert assisted_reader(quiet, tmp_path, {"Device": DEVICES}) is None


def test_no_word_of_a_text_stays_in_memory(quiet: EntityExtractor, tmp_path: Path) -> None:
    read = assisted_reader(quiet, tmp_path, {"Disease": DISEASES})
    assert read is not None and read([TEXT])
    assert fold.cache_info().currsize == 0
