"""config.json and tokenizer_config.json of a model folder, read strictly."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

LARGEST_CONFIG = 16 << 20  # bytes
SHORTEST_WINDOW = 8  # subwords; `train` takes no shorter one
REMEDY = "train or download the model again"


def is_text(value: Any) -> bool:
    """Whether a value is a string that UTF-8 can encode: it holds no lone surrogate."""
    return isinstance(value, str) and not any("\ud800" <= letter <= "\udfff" for letter in value)


def is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: Any) -> bool:
    return is_whole(value) or isinstance(value, float)


def is_mapping(of: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, dict) and all(map(of, value.values()))


def is_numbered(value: Any) -> bool:
    """Whether a value maps "0", "1" and so on to names."""
    return is_mapping(is_text)(value) and value.keys() == {str(at) for at in range(len(value))}


def is_list_of_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(is_text, value))


OF_CONFIG: dict[str, tuple[Callable[[Any], bool], str]] = {
    "model_type": (is_text, "text"),
    "id2label": (is_numbered, "a mapping of 0, 1, … to labels"),
    "pad_token_id": (lambda value: is_whole(value) and 0 <= value < 2**31, "a number"),
    "corpusmith": (lambda value: isinstance(value, dict), "a mapping"),
}
OF_BLOCK: dict[str, tuple[Callable[[Any], bool], str]] = {
    "task": (lambda value: value in ("ner", "relations"), "ner or relations"),
    **dict.fromkeys(("head", "tail"), (is_text, "text")),
    "max_length": (
        lambda value: is_whole(value) and SHORTEST_WINDOW <= value < 2**31,
        f"a whole number from {SHORTEST_WINDOW} on",
    ),
    "threshold": (is_number, "a number"),
    "thresholds": (is_mapping(is_number), "a mapping of labels to numbers"),
    "symmetric": (is_list_of_texts, "a list of labels"),
}


def check_config(config: Any, name: str) -> None:
    """Check the fields that corpusmith reads; a field may be missing or null.

    Raises:
        ValueError: a field has another form. The message starts with `name`, the file's.
    """
    if not isinstance(config, dict):
        raise ValueError(f"{name} is not a JSON object: {REMEDY}")
    check_fields(config, OF_CONFIG, name, "")
    check_fields(config.get("corpusmith") or {}, OF_BLOCK, name, "corpusmith.")


def check_fields(
    fields: Mapping[str, Any],
    forms: Mapping[str, tuple[Callable[[Any], bool], str]],
    name: str,
    prefix: str,
) -> None:
    for key, (fits, form) in forms.items():
        if fields.get(key) is not None and not fits(fields[key]):
            shown = repr(fields[key])[:40]
            raise ValueError(f"{name}: {prefix}{key} is {shown}, not {form}: {REMEDY}")


def read_object(file: Path) -> dict[str, Any]:
    """The JSON object in a file.

    Raises:
        ValueError: it holds something else.
    """
    if file.stat().st_size > LARGEST_CONFIG:
        raise ValueError(f"{file} is larger than {LARGEST_CONFIG >> 20} MiB: {REMEDY}")
    try:
        found = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{file} is not JSON ({error}): {REMEDY}") from None
    if not isinstance(found, dict):
        raise ValueError(f"{file} is not a JSON object: {REMEDY}")
    return found


def read_config(folder: Path) -> dict[str, Any]:
    """config.json of a model folder, without fields that are null.

    Raises:
        OSError: there is none.
        ValueError: it is no JSON object, or a field that corpusmith reads has another form.
    """
    config = read_object(folder / "config.json")
    check_config(config, str(folder / "config.json"))
    block = config.get("corpusmith")
    return without_null(config | ({"corpusmith": without_null(block)} if block else {}))


def without_null(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value is not None}


def window_of(folder: Path, config: Mapping[str, Any]) -> int:
    """Subwords of a window: what `train` recorded, or the tokenizer's limit up to 512."""
    if recorded := config.get("corpusmith", {}).get("max_length"):
        return int(recorded)
    file = folder / "tokenizer_config.json"
    most = read_object(file).get("model_max_length") or 512
    if not is_number(most) or not most >= SHORTEST_WINDOW:
        raise ValueError(f"{file}: model_max_length is {most!r:.40}, not a number: {REMEDY}")
    return int(min(most, 512))
