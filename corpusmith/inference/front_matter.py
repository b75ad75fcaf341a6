"""The front matter of cards: the YAML between the two `---` lines at their head."""

from collections.abc import Mapping
from typing import Any

import yaml

YAML_ERRORS = (  # PyYAML lets errors of Python through, as of dates and numbers out of range
    *(yaml.YAMLError, ValueError, TypeError, AttributeError),
    *(ArithmeticError, LookupError, RecursionError),
)
LANGUAGES = {
    "en": "English",
    "de": "German",
    "fr": "French",
    "es": "Spanish",
    "it": "Italian",
    "nl": "Dutch",
    "pt": "Portuguese",
    "zh": "Chinese",
    "ja": "Japanese",
}


def read_front_matter(card: str) -> Any:
    """The content of a card's front matter; an empty mapping without one.

    Raises one of YAML_ERRORS if it is no YAML.
    """
    head, *parts = card.split("---\n", 2)
    return {} if head or len(parts) != 2 else yaml.safe_load(parts[0])


def language(tag: str) -> str:
    """The English name of a language, or its tag."""
    return LANGUAGES.get(tag, tag)


def stated_languages(metadata: Mapping[str, Any]) -> tuple[str, ...]:
    """The tags of the languages that a front matter states."""
    stated = metadata.get("language") or ()
    listed = [stated] if isinstance(stated, str) else stated if isinstance(stated, list) else ()
    return tuple(str(tag) for tag in listed)
