"""The texts and the thresholds of growth, which are YAML files."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import yaml

from corpusmith.files import shipped


@lru_cache(maxsize=2)
def _read(folder: str) -> Mapping[str, Any]:
    text = shipped("builders", folder, "growth.yaml").read_text(encoding="utf-8")
    content: dict[str, Any] = yaml.safe_load(text)
    return content


def prompts() -> Mapping[str, Any]:
    """The texts of the requests: builders/prompts/growth.yaml."""
    return _read("prompts")


def thresholds() -> Mapping[str, Any]:
    """The limits of the checks: builders/words/growth.yaml."""
    return _read("words")
