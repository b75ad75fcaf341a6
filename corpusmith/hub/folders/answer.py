"""The output of the snippet on a model's card."""

import logging
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from corpusmith.errors import UserError

NEAR = 0.02  # scores of one model differ by less between machines

Answer = Sequence[Mapping[str, Any]]


def snippet_answer(folder: Path, task: str, sentence: str) -> list[dict[str, Any]]:
    """What `pipeline` returns for a sentence, as on the card, with scores of two digits.

    Empty if transformers is not installed.

    Raises:
        UserError: the model does not load.
    """
    if not find_spec("transformers"):
        return []
    from transformers import pipeline

    ner = task == "ner"
    loading = logging.getLogger("transformers.pipelines")
    before, loading.disabled = loading.disabled, True  # it names the device at each load
    load: Any = pipeline  # its overloads know no task that is chosen at run time
    try:
        run = load(
            "token-classification" if ner else "text-classification",
            model=str(folder),
            device="cpu",
            **({"aggregation_strategy": "first"} if ner else {}),
        )
        found = run(sentence)
    except Exception as error:  # broken weights raise nearly anything
        raise UserError(
            f"the model in {folder} does not load ({type(error).__name__}: {error}): train it again"
        ) from error
    finally:
        loading.disabled = before
    return [
        {key: round(float(value), 2) if key == "score" else value for key, value in row.items()}
        for row in found
    ]


def same_answer(one: Answer, other: Answer) -> bool:
    """Whether two answers differ in no more than what two machines make of one model."""
    return len(one) == len(other) and all(
        {**a, "score": 0} == {**b, "score": 0}
        and abs(a.get("score", 0) - b.get("score", 0)) <= NEAR
        for a, b in zip(one, other, strict=True)
    )
