"""Load a lexicon by shipped name, path, URL or Hub dataset."""

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import yaml

from corpusmith.files import shipped
from corpusmith.lexicon.concept import Lexicon

SHIPPED = shipped("builders", "lexicons")


def load_lexicon(source: str) -> Lexicon:
    """A shipped lexicon by name (`disease`, `gene`: the files in builders/lexicons), or one from a
    file, URL or Hub dataset. A changed file is read again.

    Raises UserError when there is no such lexicon or a row of it cannot be read.
    """
    path = Path(source)
    return _loaded(source, path.stat().st_mtime_ns if path.is_file() else 0)


@lru_cache(maxsize=8)
def _loaded(source: str, changed: int) -> Lexicon:
    """The lexicon as it was when its file last `changed`."""
    from corpusmith.lexicon.formats import load_external  # which imports this module

    if not (SHIPPED / f"{source}.yaml").exists():
        return load_external(source)
    about = yaml.safe_load((SHIPPED / f"{source}.yaml").read_text(encoding="utf-8"))
    table = SHIPPED / f"{source}.tsv.gz"
    concepts = load_external(str(table if table.exists() else SHIPPED / f"{source}.txt")).concepts
    if "weight" in about:  # of each concept of a word list, which has none of its own
        concepts = tuple(replace(concept, weight=float(about["weight"])) for concept in concepts)
    return Lexicon(
        source,
        str(about["version"]),
        about["license"],
        about["attribution"],
        concepts,
        tuple(about["stop"]),
    )
