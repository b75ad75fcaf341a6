"""Settings of an adaptation: shipped values, a user's file, and arguments."""

from pathlib import Path

import pytest

from corpusmith.errors import UserError
from corpusmith.training.adapt.settings import adapt_settings


def test_arguments_override_file_and_file_overrides_defaults(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("rounds: 7\nlearning_rate: 5e-5\nbins: [0.5]\n")
    settings = adapt_settings(file, rounds=1, seed=3)
    assert (settings.rounds, settings.learning_rate, settings.labels.bins) == (1, 5e-5, (0.5,))
    assert settings.seed == 3 and settings.epochs == adapt_settings().epochs


@pytest.mark.parametrize(
    "line",
    [
        "epoch: 2",
        "epochs: many",
        "iterations: 0",
        "sentences: 0",
        "held_out: 1.5",
        "bins: [0.5, 0.2]",
        "bins: []",
        "outside_biases: []",
    ],
)
def test_bad_setting_is_refused(line: str, tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text(line)
    with pytest.raises(UserError, match=line.partition(":")[0]):
        adapt_settings(tmp_path / "settings.yaml")
