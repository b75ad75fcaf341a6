"""Read the YAML files that people write: recipes and settings."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from corpusmith.errors import UserError
from corpusmith.text_files import TextFile

# Control characters but tab and line ends, and halves of surrogate pairs, which UTF-8 can't hold.
UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def read_yaml(path: Path) -> Any:
    """The content of a YAML file.

    Raises:
        UserError: when it can't be read, is not UTF-8, or is not valid YAML. One line, with the
            file and, where it is known, the line.
    """
    text = TextFile.of(path, remedy="save it as UTF-8").text()
    try:
        content = yaml.load(text, UniqueKeys)  # a safe loader
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        raise UserError(f"{path}{line}: not valid YAML: {error.problem}") from None
    except yaml.reader.ReaderError as error:
        number = text[: error.position].count("\n") + 1
        raise UserError(
            f"{path}:{number}: not valid YAML: the character {error.character!r} is not allowed"
        ) from None
    except RecursionError:
        raise UserError(f"{path}: not valid YAML: nested too deeply") from None
    except ValueError as error:  # 2001-13-45 is no date, and a number may have too many digits
        raise UserError(f"{path}: not valid YAML: {error}; put the value in quotes") from None
    except (LookupError, AttributeError, TypeError) as error:  # !!int '', !!bool maybe
        problem = f"a value does not fit its tag ({type(error).__name__})"
        raise UserError(f"{path}: not valid YAML: {problem}; remove the tag") from None
    for string in strings_in(content):
        if UNPRINTABLE.search(string):
            raise UserError(f"{path}: {string!r:.80} has a control character: remove it")
    return content


def strings_in(content: Any) -> Iterator[str]:
    """Every string of a YAML content, keys too. What aliases repeat is visited once."""
    waiting, seen = [content], set()
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, list | tuple | set | dict) and id(item) not in seen:
            seen.add(id(item))
            waiting += item
            waiting += item.values() if isinstance(item, dict) else ()


class UniqueKeys(yaml.SafeLoader):
    """The safe loader, but a key may stand once in a mapping: by default the last one counts."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self.merged: set[int] = set()  # nodes that hold the keys of others by now

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        keys: set[str] = set()
        for key, _ in [] if id(node) in self.merged else node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if key.value in keys:
                    problem = f"the key {key.value!r} stands twice; remove one of the two"
                    raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
                keys.add(key.value)
        self.merged.add(id(node))
        super().flatten_mapping(node)
