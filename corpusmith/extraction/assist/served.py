"""Assisted extraction for a server, which already has the model and the names in memory."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from corpusmith.extraction.assist.assist import AssistedExtractor, label_model_of
from corpusmith.inference import Entity, EntityExtractor
from corpusmith.lexicon.matcher import Matcher
from corpusmith.lexicon.words import fold


class ListOfNames(Protocol):
    """Names with their concept ids, and names that never match."""

    @property
    def names(self) -> Iterable[tuple[str, str]]: ...

    @property
    def stop(self) -> Collection[str]: ...


def assisted_reader(
    extractor: EntityExtractor, folder: Path, lists: Mapping[str, ListOfNames]
) -> Callable[[Sequence[str]], Sequence[Sequence[Entity]]] | None:
    """A function that extracts by model and lists; None if no list is of a type of the model.

    No word of a text is in memory after a call.

    Args:
        extractor: The model.
        folder: The model's folder; that of an adapted model has the estimated precision of names.
        lists: By entity type; those of types that the model lacks are ignored.
    """
    lookup = {
        label: Matcher(listed.names, listed.stop)
        for label, listed in lists.items()
        if label in extractor.labels
    }
    if not lookup:
        return None
    assisted = AssistedExtractor(extractor, lookup, label_model_of(folder, extractor.labels))

    def read(texts: Sequence[str]) -> Sequence[Sequence[Entity]]:
        try:
            return assisted.extract(texts)
        finally:
            fold.cache_clear()

    return read
