"""The rule that sets training length and learning rate from corpus size."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from datasets import Dataset, Features

from corpusmith.training.config import TrainingConfig, rule, schedule_for
from corpusmith.training.data import load_corpus
from corpusmith.training.encoder import load_tokenizer
from corpusmith.training.loop import train
from corpusmith.training.validation import choose_bias
from corpusmith.training.windows import IGNORED, encode

DEFAULT = TrainingConfig()
TAGS = ["O", "B-Disease", "I-Disease"]


@pytest.mark.parametrize(
    ("steps", "epochs"),
    [(5, 40), (13, 20), (40, 7), (150, 3), (700, 3)],
    ids=["120 rows", "327 rows", "1,100 rows", "4,000 rows", "20,000 rows"],
)
def test_small_corpus_gets_more_epochs(steps: int, epochs: int) -> None:
    assert schedule_for(DEFAULT, "ner", steps, validation=400, width=384).epochs == epochs


def test_wider_encoder_gets_lower_learning_rate() -> None:
    rates = [
        schedule_for(DEFAULT, "ner", 100, validation=400, width=width).learning_rate
        for width in (384, 768)
    ]
    assert rates[1] == rates[0] / 2


def test_large_validation_split_chooses_the_epoch() -> None:
    trusted = rule("ner")["trusted_validation"]
    assert schedule_for(DEFAULT, "ner", 100, validation=trusted - 1, width=384).keep_last
    assert not schedule_for(DEFAULT, "ner", 100, validation=trusted, width=384).keep_last


def test_given_settings_override_the_rule() -> None:
    given = replace(DEFAULT, epochs=2, learning_rate=1e-5, keep_last=False, outside_bias=0.3)
    schedule = schedule_for(given, "ner", 13, validation=400, width=384)
    assert (schedule.epochs, schedule.learning_rate, schedule.keep_last) == (2, 1e-5, False)
    assert schedule.outside_biases == (0.3,)


def test_bias_is_the_largest_within_one_standard_error() -> None:
    """Each row has one certain mention. The first rows also have an uncertain, wrong one."""
    gold = [["B-Disease", "O"] for _ in range(40)]
    sure, doubtful = np.array([-9.0, 0.0, -9.0]), np.array([-0.7, 0.0, -9.0])
    logits = [np.stack([sure, doubtful]) for _ in range(10)]
    logits += [np.stack([sure, np.array([0.0, -9.0, -9.0])]) for _ in range(30)]
    scores = choose_bias(gold, logits, TAGS, [0.0, 0.5, 1.0, 2.0, 20.0])
    assert scores["outside_bias"] == 2.0, "20 would remove the sure mentions"
    assert scores["strict_f1"] == 100


def test_trained_bias_is_recorded_and_in_the_head(
    ner_dataset: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    config = TrainingConfig(epochs=2, batch_tokens=64, learning_rate=5e-3, tracker="none")
    report = train(str(ner_dataset), str(tiny_encoder), tmp_path, config)
    chosen = report["history"][-1]["validation"]["outside_bias"]
    assert report["hyperparameters"]["outside_bias"] == chosen
    assert chosen in rule("ner")["outside_biases"]
    assert json.loads((tmp_path / "training.json").read_text())["given"]["outside_bias"] is None


def test_tag_minus_one_is_left_out_of_the_loss(
    ner_dataset: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    rows = load_corpus(str(ner_dataset)).splits["train"]
    features = Features({name: rows.features[name] for name in ("tokens", "ner_tags")})
    masked = {"tokens": ["No", "sign", "of", "gout"], "ner_tags": [0, 0, -1, -1]}
    folder = tmp_path / "data" / "masked"
    folder.mkdir(parents=True)
    for split in ("train", "validation"):
        file = folder / f"{split}-00000-of-00001.parquet"
        Dataset.from_list([masked], features=features).to_parquet(file)
    encoded = encode(load_corpus(str(tmp_path)), "train", load_tokenizer(str(tiny_encoder)), 64)
    (labels,), (words,) = encoded.labels, encoded.words
    by_word = {int(word): int(label) for word, label in zip(words, labels, strict=True)}
    assert [by_word[word] for word in range(4)] == [0, 0, IGNORED, IGNORED]
