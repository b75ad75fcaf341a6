"""Settings a user gets wrong are named, with the remedy."""

import pytest

from corpusmith_errors import UserError
from training.config import TrainingConfig


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": 0}, "epochs is 0: give a positive number"),
        ({"noise_q": 1.5}, "between 0 and 1"),
        ({"patience": 0}, "at least 1"),
        ({"max_length": 2}, "at least 8"),
        ({"class_weights": "equal"}, "choose one of balanced"),
        ({"learningrate": 1e-4}, "unknown training setting learningrate"),
    ],
)
def test_a_wrong_setting_is_named(settings: dict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        TrainingConfig.from_dict(settings)


def test_settings_override_the_defaults() -> None:
    assert TrainingConfig.from_dict({"epochs": 2}) == TrainingConfig(epochs=2)
