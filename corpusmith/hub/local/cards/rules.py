"""Check a card's metadata by the rules of the real Hub, before a `hub push` is refused."""

import re
from collections.abc import Iterator
from typing import Any

import langcodes

from corpusmith.hub.local.cards.lists import (
    LICENSES,
    PIPELINE_TAGS,
    SPACE_SDKS,
    SPECIAL_LANGUAGES,
)
from corpusmith.hub.local.cards.parse import parse_metadata, split_card

TEXT_FIELDS = (
    "license",
    "tags",
    "language",
    "datasets",
    "metrics",
    "base_model",
    "task_categories",
    "task_ids",
    "size_categories",
)
REPO_ID = re.compile(r"[\w.-]{1,96}(/[\w.-]{1,96})?", re.ASCII)
LANGUAGE = re.compile("[a-z]{2,3}")
PLACES = {  # what a result of a model-index must name
    "task": ("type",),
    "dataset": ("type", "name"),
}


def as_list(value: Any) -> list[Any]:
    """A list as it is, one value as a list of one, nothing as an empty list."""
    return value if isinstance(value, list) else [] if value is None else [value]


def card_errors(text: str, kind: str) -> list[str]:
    """The complaints of the Hub about a card of a model, dataset or space; empty if it is fine."""
    try:
        data = parse_metadata(split_card(text)[0]) or {}
    except ValueError as error:
        return [str(error)]
    if not isinstance(data, dict):
        return ["YAML metadata must be a mapping."]
    not_text = [
        key
        for key in TEXT_FIELDS
        if not all(isinstance(item, str) for item in as_list(data.get(key)))
    ]
    errors = [f'"{key}" must be a string or a list of strings' for key in not_text]
    errors += field_errors({key: value for key, value in data.items() if key not in not_text})
    if kind == "model":
        errors += [*widget_errors(data.get("widget")), *index_errors(data.get("model-index"))]
    if kind == "space" and data.get("sdk") not in SPACE_SDKS:
        errors.append(f'"sdk" must be one of {", ".join(SPACE_SDKS)}')
    return errors


def field_errors(data: dict[str, Any]) -> Iterator[str]:
    """Values that are not in the Hub's lists."""
    for name in as_list(data.get("license")):
        if name not in LICENSES:
            yield (
                f'"license" with value "{name}" is not an identifier of the Hub such as cc-by-4.0; '
                'use "other" with "license_name" and "license_link"'
            )
    for code in as_list(data.get("language")):
        if not (is_language(code) or code in SPECIAL_LANGUAGES):
            yield (
                f'"language" with value "{code}" is not valid: use an ISO 639-1, 639-2 or 639-3 '
                'code of two or three letters, or "code" or "multilingual"'
            )
    for key in ("base_model", "datasets"):
        for name in as_list(data.get(key)):
            if not REPO_ID.fullmatch(name):
                yield f'"{key}" with value "{name}" is not the id of a repository'
    tag = data.get("pipeline_tag")
    if tag is not None and tag not in PIPELINE_TAGS:
        yield f'"pipeline_tag" with value "{tag}" is not a task of the Hub'


def is_language(code: str) -> bool:
    """Whether it is a code of two or three letters that ISO 639 assigns to a language."""
    return bool(LANGUAGE.fullmatch(code)) and langcodes.tag_is_valid(code)


def widget_errors(widget: Any) -> Iterator[str]:
    """A widget is a list of examples, each a mapping."""
    if widget is None or isinstance(widget, bool):
        return
    if not isinstance(widget, list):
        yield '"widget" must be a list'
        return
    for number, example in enumerate(widget):
        if not isinstance(example, dict) or not example:
            yield f'"widget[{number}]" must be a mapping such as {{text: A sentence.}}'


def index_errors(index: Any) -> Iterator[str]:
    """A model-index names models, and of each result its task, dataset and metrics."""
    if index is None:
        return
    if not isinstance(index, list) or not all(isinstance(model, dict) for model in index):
        yield '"model-index" must be a list of mappings'
        return
    for number, model in enumerate(index):
        where = f"model-index[{number}]"
        if not isinstance(model.get("name"), str):
            yield f'"{where}.name" is required'
        results = model.get("results")
        if not isinstance(results, list):
            yield f'"{where}.results" must be a list'
            continue
        for place, result in enumerate(results):
            yield from result_errors(f"{where}.results[{place}]", result)


def result_errors(where: str, result: Any) -> Iterator[str]:
    """One result of a model-index."""
    if not isinstance(result, dict):
        yield f'"{where}" must be a mapping'
        return
    for part, keys in PLACES.items():
        named = result.get(part)
        for key in keys:
            if not isinstance(named, dict) or not isinstance(named.get(key), str):
                yield f'"{where}.{part}.{key}" is required'
    metrics = result.get("metrics")
    if not isinstance(metrics, list) or not metrics:
        yield f'"{where}.metrics" must be a list that is not empty'
        return
    for number, metric in enumerate(metrics):
        if not isinstance(metric, dict) or not isinstance(metric.get("type"), str):
            yield f'"{where}.metrics[{number}].type" is required'
        elif metric.get("value") is None:
            yield f'"{where}.metrics[{number}].value" is required'
