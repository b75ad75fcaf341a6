"""The words, frames and shares in builders/words/forms.yaml."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import yaml

from corpusmith.files import shipped

FORMS = shipped("builders", "words", "forms.yaml")


@lru_cache(maxsize=1)
def forms() -> Mapping[str, Any]:
    """By the part that uses them: `names`, `modified`, `entities`, `pairs`."""
    read: dict[str, Any] = yaml.safe_load(FORMS.read_text(encoding="utf-8"))
    return read
