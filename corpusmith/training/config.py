"""How a student is trained: every knob, its default, and why."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

import yaml

from corpusmith.errors import UserError
from corpusmith.files import shipped


@dataclass(frozen=True)
class TrainingConfig:
    """The defaults fine-tune MiniLM on a few thousand sentences within minutes on two CPU cores.

    Args:
        epochs: passes over the training split; early stopping may end sooner.
        batch_tokens: subwords of one optimiser step, padding included, over all processes together. The step is the
            same for any number of processes and any `accumulation`, so neither changes what is learned.
        accumulation: parts in which a process works off its share of a step. More parts, less memory.
        learning_rate: the peak, reached after the warm-up.
        warmup: share of all steps over which the rate climbs; it then falls linearly to 0.
        weight_decay: decoupled (AdamW), on matrices only: never on biases, norms or token embeddings.
        max_grad_norm: gradients are scaled down to this norm.
        max_length: subwords of one window, special tokens included; longer rows become overlapping windows.
        patience: evaluations without a better score on the validation split before training stops; None never stops.
        keep_last: keep the weights of the last evaluation, after which the rate is 0, in place of those that score best on
            the validation split. For a split so small that it chooses by luck; nothing stops early then.
        evaluate_steps: steps between evaluations; None evaluates at the end of each epoch.
        save_steps: steps between two saved states, from which a killed run resumes.
        freeze_embeddings: leave the token embeddings as pretrained.
        class_weights: "balanced" weighs a label by its inverse frequency in the training split; None weighs all alike.
        noise_q: 0 is cross entropy; towards 1 the loss trusts a label less that the model finds unlikely. See
            `corpusmith.training.loss.token_loss`.
        lora_rank: train low-rank adapters of this rank in place of the encoder's matrices (needs peft); 0 trains all.
        mixed_precision: "no", "fp16" or "bf16"; None takes what `accelerate config` or `accelerate launch` say.
        compile: run the model through torch.compile. Pays on GPUs and for long runs; needs a C++ compiler on a CPU.
        deterministic: refuse kernels whose result depends on timing. A CPU needs none; a GPU pays a little speed.
        choose_threshold: relations only: store the decision threshold with the best macro F1 on the validation split
            in place of 0.5.
        outside_bias: entities only: added to the trained model's logit of O, so that it names less and is right more
            often; 0 leaves it as trained. See docs/training.md.
        tracker: "trackio", "tensorboard", "wandb" or "none"; None takes trackio when it is installed.
        seed: of initialisation, dropout and the order of the data.
    """

    epochs: int = 5
    batch_tokens: int = 1024
    accumulation: int = 1
    learning_rate: float = 1e-4
    warmup: float = 0.1
    weight_decay: float = 0.01
    max_grad_norm: float = 1.0
    max_length: int = 256
    patience: int | None = 3
    keep_last: bool = False
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
    outside_bias: float = 0.0
    tracker: str | None = None
    seed: int = 42

    def __post_init__(self) -> None:
        for name in (
            "epochs",
            "batch_tokens",
            "accumulation",
            "learning_rate",
            "max_grad_norm",
            "save_steps",
        ):
            if getattr(self, name) <= 0:
                raise UserError(f"{name} is {getattr(self, name)}: give a positive number")
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
        """From a user's YAML or JSON.

        Raises:
            UserError: at a key that is no field, or a value that is none of its type.
        """
        kinds = get_type_hints(cls)
        if unknown := sorted(map(str, set(settings) - set(kinds))):
            raise UserError(
                f"unknown training setting {', '.join(unknown)}: known are {', '.join(sorted(kinds))}"
            )
        return cls(**{name: typed(name, value, kinds[name]) for name, value in settings.items()})


def typed(name: str, value: Any, kind: Any) -> Any:
    """The value as the field has it: YAML takes `1e-4`, which lacks a point, for text, and `no` for false."""
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
    """The settings for students of a task ("ner" or "relations"): `training/settings/TASK.yaml`."""
    path = shipped("training", "settings", f"{task}.yaml")
    settings: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    kinds = get_type_hints(TrainingConfig)
    return {name: typed(name, value, kinds[name]) for name, value in settings.items()}


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


def read_settings(file: Path | None) -> dict[str, Any]:
    """The settings in a YAML file; none without a file. Raises UserError if it can't be read."""
    import yaml

    if file is None:
        return {}
    try:
        settings = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UserError(f"cannot read the settings in {file}: {error}") from error
    if not isinstance(settings, dict):
        raise UserError(f"{file} holds no settings: write `epochs: 3` and the like, one a line")
    return settings
