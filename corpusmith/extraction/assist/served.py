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
    """The extraction by a model and the lists of its types together; None without such a list.

    It keeps no word of a text in memory.

    Args:
        extractor: The model.
        folder: The model's folder; an adapted one holds the estimated precision of lists.
        lists: By entity type; those of other types are left out.
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
