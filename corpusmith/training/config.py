"""The settings of a training run, and the rule that derives some of them from the corpus."""

from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, get_args, get_type_hints

import yaml

from corpusmith.errors import UserError
from corpusmith.files import shipped
from corpusmith.yaml_files import read_yaml


@dataclass(frozen=True)
class TrainingConfig:
    """Settings with their defaults. A rule sets fields marked *by rule* that are None.

    The rule is `schedule_for`; its numbers are in training/settings/rule.yaml.

    Args:
        epochs: passes over the training split, *by rule*. Early stopping may end sooner.
        batch_tokens: subwords of one optimiser step, padding included, over all processes
            together. The step is the same for any number of processes and any `accumulation`,
            so neither changes the result.
        accumulation: parts into which a process splits its share of a step. More parts need less
            memory.
        learning_rate: the peak, reached after the warm-up, *by rule*.
        warmup: share of all steps over which the rate rises. It then falls linearly to 0.
        weight_decay: decoupled (AdamW), on matrices only: never on biases, norms or token
            embeddings.
        max_grad_norm: gradients are clipped to this norm.
        max_length: subwords of one window, special tokens included. Longer rows become
            overlapping windows.
        patience: evaluations without a better validation score before training stops. None never
            stops.
        keep_last: keep the weights of the last evaluation instead of the best one, *by rule*. Use
            it when the validation split is too small to choose an epoch. Nothing stops early then.
        evaluate_steps: steps between evaluations. None evaluates at the end of each epoch.
        save_steps: steps between two saved states, from which a killed run resumes.
        freeze_embeddings: do not train the token embeddings.
        class_weights: "balanced" weighs a label by its inverse frequency in the training split.
            None gives all labels the same weight.
        noise_q: 0 is cross entropy. Towards 1, a label that the model finds unlikely counts less.
            See `corpusmith.training.batches.token_loss`.
        lora_rank: train low-rank adapters of this rank instead of the encoder's matrices (needs
            peft). 0 trains all weights.
        mixed_precision: "no", "fp16" or "bf16". None takes the setting of `accelerate config` or
            `accelerate launch`.
        compile: run the model through torch.compile. It pays on GPUs and for long runs, and needs
            a C++ compiler on a CPU.
        deterministic: refuse kernels whose result depends on timing. A CPU has none; a GPU gets a
            little slower.
        choose_threshold: relations only: choose the decision threshold on the validation split
            instead of 0.5; of several relation types one for each.
        outside_bias: entities only: a number added to the logit of O, *by rule*. A higher number
            finds fewer mentions with higher precision; 0 changes nothing.
        tracker: "trackio", "tensorboard", "wandb" or "none". None takes trackio if it is
            installed.
        seed: of initialisation, dropout and the order of the rows.
    """

    epochs: int | None = None
    batch_tokens: int = 1024
    accumulation: int = 1
    learning_rate: float | None = None
    warmup: float = 0.1
    weight_decay: float = 0.01
    max_grad_norm: float = 1.0
    max_length: int = 256
    patience: int | None = 3
    keep_last: bool | None = None
    evaluate_steps: int | None = None
    save_steps: int = 500
    freeze_embeddings: bool = False
    class_weights: str | None = None
    noise_q: float = 0.0
    lora_rank: int = 0
    mixed_precision: str | None = None
    compile: bool = False
    deterministic: bool = False
    choose_threshold: bool = False
    outside_bias: float | None = None
    tracker: str | None = None
    seed: int = 42

    def __post_init__(self) -> None:
        for name in POSITIVE:
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise UserError(f"{name} is {value}: give a positive number")
        for name in ("warmup", "noise_q"):
            if not 0 <= getattr(self, name) <= 1:
                raise UserError(f"{name} is {getattr(self, name)}: give a share between 0 and 1")
        for name in ("patience", "evaluate_steps"):
            if getattr(self, name) is not None and getattr(self, name) < 1:
                raise UserError(
                    f"{name} is {getattr(self, name)}: give at least 1, or leave it out"
                )
        if self.max_length < 8:
            raise UserError(f"max_length is {self.max_length}: give at least 8 subwords")
        for name, allowed in CHOICES.items():
            if getattr(self, name) not in allowed:
                names = ", ".join(str(choice) for choice in allowed if choice)
                raise UserError(
                    f"{name} is {getattr(self, name)!r}: choose one of {names}, or leave it out"
                )

    @classmethod
    def from_dict(cls, settings: dict) -> "TrainingConfig":
        """Read a user's YAML or JSON.

        Raises:
            UserError: at an unknown key or a value of the wrong type.
        """
        kinds = get_type_hints(cls)
        if unknown := sorted(map(str, set(settings) - set(kinds))):
            raise UserError(
                f"unknown training setting {', '.join(unknown)}: "
                f"known are {', '.join(sorted(kinds))}"
            )
        return cls(**{name: typed(name, value, kinds[name]) for name, value in settings.items()})


def typed(name: str, value: Any, kind: Any) -> Any:
    """Convert a value to its field's type: YAML reads `1e-4` as text and `no` as false."""
    kinds = get_args(kind) or (kind,)
    if value is False and str in kinds:
        return "no"
    if float in kinds and isinstance(value, str | int) and not isinstance(value, bool):
        with suppress(ValueError):
            return float(value)
    elif isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool)):
        return value
    names = [NAMES[one] for one in kinds if one in NAMES]
    raise UserError(f"{name} is {value!r}: give {' or '.join(names)}")


def task_settings(task: str) -> dict[str, Any]:
    """The settings in `training/settings/TASK.yaml`; the rule sets the others."""
    path = shipped("training", "settings", f"{task}.yaml")
    settings: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    kinds = get_type_hints(TrainingConfig)
    return {name: typed(name, value, kinds[name]) for name, value in settings.items()}


WIDTH = 384  # hidden dimensions of the encoder for which rule.yaml gives the learning rate


@dataclass(frozen=True)
class Schedule:
    """The resolved settings of the loop: the user's where given, else the rule's."""

    epochs: int
    learning_rate: float
    keep_last: bool
    outside_biases: tuple[float, ...]
    """The values to choose from after each evaluation. A single value is used as it is."""


@lru_cache
def rule(task: str) -> dict[str, Any]:
    """The numbers of the rule for "ner" or "relations", from training/settings/rule.yaml."""
    path = shipped("training", "settings", "rule.yaml")
    return yaml.safe_load(path.read_text(encoding="utf-8"))[task]


def schedule_for(
    config: TrainingConfig, task: str, steps: int, validation: int, width: int
) -> Schedule:
    """Apply the rule to settings that `config` leaves as None.

    Args:
        config: the user's settings.
        task: "ner" or "relations".
        steps: optimiser steps of one pass over the training split.
        validation: mentions (of relations: rows) in the validation split.
        width: hidden dimensions of the encoder.
    """
    numbers = rule(task)
    passes = -(-numbers["least_steps"] // max(steps, 1))
    epochs = min(max(passes, numbers["least_epochs"]), numbers["most_epochs"])
    rate = numbers["learning_rate"] * min(1.0, WIDTH / max(width, 1))
    biases = tuple(numbers.get("outside_biases", (0.0,)))
    keep_last = validation < numbers["trusted_validation"]
    return Schedule(
        epochs=epochs if config.epochs is None else config.epochs,
        learning_rate=rate if config.learning_rate is None else config.learning_rate,
        keep_last=keep_last if config.keep_last is None else config.keep_last,
        outside_biases=biases if config.outside_bias is None else (config.outside_bias,),
    )


POSITIVE = (
    *("epochs", "batch_tokens", "accumulation", "learning_rate", "max_grad_norm"),
    "save_steps",
)
NAMES = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    type(None): "null",
}
CHOICES = {
    "class_weights": (None, "balanced"),
    "mixed_precision": (None, "no", "fp16", "bf16"),
    "tracker": (None, "trackio", "tensorboard", "wandb", "none"),
}


def read_training_settings(file: Path | None) -> dict[str, Any]:
    """The settings in a YAML file; none without a file. Raises UserError if it can't be read."""
    if file is None:
        return {}
    settings = read_yaml(file) or {}
    if not isinstance(settings, dict):
        raise UserError(f"{file} holds no settings: write `epochs: 3` and the like, one a line")
    return settings
