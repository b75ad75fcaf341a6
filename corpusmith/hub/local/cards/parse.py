"""Read the card of a repository: README.md with YAML metadata at its head.

Cards are untrusted: reading one takes bounded time and memory, and a card that can't be parsed
counts as empty.
"""

import math
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

CARD_BYTES = 1 << 20  # of README.md that are read
METADATA_CHARACTERS = 1 << 18
VALUES_IN_A_CARD = 100_000
LARGEST_NUMBER = 1 << 64


class CardLoader(yaml.SafeLoader):
    """YAML without merge keys: a few nested ones can stand for gigabytes."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Refuse `<<` where SafeLoader would copy the merged mapping."""
        for key, _ in node.value:
            if key.tag == "tag:yaml.org,2002:merge":
                raise yaml.constructor.ConstructorError(
                    None, None, "merge keys (<<) are not supported", key.start_mark
                )


def split_card(text: str) -> tuple[str, str]:
    """(YAML, Markdown) of a card."""
    match = re.match(
        r"\s*---[ \t]*\r?\n(.*?)^---[ \t]*(?:\r?\n|\Z)", text, re.DOTALL | re.MULTILINE
    )
    return (match.group(1), text[match.end() :]) if match else ("", text)


def parse_metadata(front_matter: str) -> Any:
    """The metadata as JSON can say it.

    Raises:
        ValueError: it is no YAML, or it is too large, too deep or holds values that JSON lacks.
    """
    if len(front_matter) > METADATA_CHARACTERS:
        raise ValueError(f"YAML metadata has more than {METADATA_CHARACTERS} characters")
    try:
        # A tag such as !!int or !!timestamp can make the loader raise nearly anything.
        data = yaml.load(front_matter, CardLoader)
        return jsonable(data, iter(range(VALUES_IN_A_CARD)))
    except yaml.YAMLError as error:
        raise ValueError(f"YAML metadata is invalid: {error}") from None
    except RecursionError:
        raise ValueError("YAML metadata is nested too deeply") from None
    except StopIteration:
        raise ValueError(f"YAML metadata has more than {VALUES_IN_A_CARD} values") from None
    except Exception as error:
        raise ValueError(f"YAML metadata is invalid: {type(error).__name__}") from None


def jsonable(value: Any, room: Iterator[int]) -> Any:
    """YAML as JSON can say it.

    Raises StopIteration when `room` is used up: a few aliases can stand for gigabytes.
    """
    next(room)
    if isinstance(value, dict):
        return {encodable(str(key)): jsonable(item, room) for key, item in value.items()}
    if isinstance(value, list | tuple | set):  # pairs of !!omap are tuples
        return [jsonable(item, room) for item in value]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if abs(value) >= LARGEST_NUMBER:
            raise ValueError("a number is too large")
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    return encodable(str(value))


def encodable(text: str) -> str:
    """Replace lone surrogates: UTF-8 can't encode them."""
    return text.encode("utf-8", "replace").decode()


@lru_cache(maxsize=512)
def read_card_file(path: Path) -> tuple[dict[str, Any], str]:
    """(metadata, Markdown) of a card. The result is shared by callers: do not change it.

    An object's path names its content, so a cached card is never stale.
    """
    with path.open("rb") as file:
        text = file.read(CARD_BYTES).decode("utf-8", "replace")
    front_matter, markdown = split_card(text)
    try:
        data = parse_metadata(front_matter)
    except ValueError:
        data = None
    return (data if isinstance(data, dict) else {}), markdown
