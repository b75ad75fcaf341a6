"""Errors about wrong settings name the setting and the remedy."""

from dataclasses import asdict

import pytest
import yaml

from corpusmith.errors import UserError
from corpusmith.training.config import TrainingConfig, task_settings


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": 0}, "epochs is 0: give a positive number"),
        ({"noise_q": 1.5}, "between 0 and 1"),
        ({"patience": 0}, "at least 1"),
        ({"max_length": 2}, "at least 8"),
        ({"class_weights": "equal"}, "choose one of balanced"),
        ({"learningrate": 1e-4}, "unknown training setting learningrate"),
        ({"learning_rate": "fast"}, "learning_rate is 'fast': give a number"),
        ({"epochs": 2.5}, "epochs is 2.5: give a whole number"),
        ({"epochs": True}, "epochs is True: give a whole number"),
        ({"compile": "yes"}, "give true or false"),
        ({"patience": "none"}, "patience is 'none': give a whole number or null"),
        ({"seed": None}, "seed is None: give a whole number"),
    ],
)
def test_error_names_wrong_setting(settings: dict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        TrainingConfig.from_dict(settings)


def test_settings_override_the_defaults() -> None:
    assert TrainingConfig.from_dict({"epochs": 2}) == TrainingConfig(epochs=2)


def test_yaml_text_and_false_become_numbers_and_no() -> None:
    settings = yaml.safe_load(
        "learning_rate: 1e-4\nwarmup: 0\npatience: null\ncompile: true\ntracker: none\n"
        "mixed_precision: no"
    )
    config = TrainingConfig.from_dict(settings)
    assert (config.learning_rate, config.warmup, config.patience, config.compile) == (
        1e-4,
        0.0,
        None,
        True,
    )
    assert config.mixed_precision == "no" and config.tracker == "none"


def test_every_default_has_declared_type() -> None:
    assert TrainingConfig.from_dict(asdict(TrainingConfig())) == TrainingConfig()


@pytest.mark.parametrize("task", ["ner", "relations"])
def test_shipped_settings_are_valid_and_leave_epochs_to_the_rule(task: str) -> None:
    assert TrainingConfig.from_dict(task_settings(task)).epochs is None
