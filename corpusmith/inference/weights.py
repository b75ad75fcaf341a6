"""Load the weights of a transformers model, and refuse a model that lacks some."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def load_weights(kind: Any, path: str | Path, *, new_head: bool = False, **options: Any) -> Any:
    """`kind.from_pretrained(path)`, without its report and its progress bar.

    Transformers only warns about weights that are missing or of another shape, and draws them at
    random. With `new_head`, those of the head and of a pooler may be: the head is to be trained.

    Raises:
        ValueError: when other weights are missing, or of another shape than config.json says, or
            when a file is damaged.
        OSError: when the model can't be read.
    """
    from safetensors import SafetensorError

    with _quiet():
        try:
            model, found = kind.from_pretrained(
                path, output_loading_info=True, ignore_mismatched_sizes=True, **options
            )
        except SafetensorError as error:
            raise ValueError(f"the weights of {path} are damaged: {error}") from error
        except (OSError, MemoryError):
            raise
        except Exception as error:  # an odd config.json raises nearly anything
            if not Path(path).is_dir():
                raise  # of the network
            reason = " ".join(str(error).split())[:300]
            raise ValueError(
                f"{path} can't be loaded ({type(error).__name__}: {reason}): see its config.json "
                "and weights, or train or download the model again"
            ) from error
    other_shape = {name for name, *_ in found["mismatched_keys"]}
    random = sorted(found["missing_keys"] | other_shape)
    if new_head:
        random = [name for name in random if not _is_of_head(name, model)]
    if random:
        raise ValueError(
            f"{path} has no weights for {random[0]} in the shape that its config.json describes "
            f"({len(random)} such weights): it is not that model, or it is damaged"
        )
    return model


def _is_of_head(name: str, model: Any) -> bool:
    """Whether a weight is no part of the encoder; a pooler is not, as many encoders lack one."""
    has_head = hasattr(model, model.base_model_prefix)
    is_outside = has_head and not name.startswith(f"{model.base_model_prefix}.")
    return is_outside or "pooler" in name.split(".")


@contextmanager
def _quiet() -> Iterator[None]:
    from transformers.utils import logging

    level, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bar:
            logging.enable_progress_bar()
