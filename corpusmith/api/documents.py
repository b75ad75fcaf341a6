"""Use a model on documents: extract and export_corpus."""

import warnings
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from corpusmith.api.folder import PathName


def extract(
    model: PathName,
    paths: PathName | Sequence[PathName],
    out: PathName,
    *,
    to: str | None = None,
    skip_bad: bool = False,
    **options: Any,
) -> dict[str, Any]:
    """Extract entities from files into a file. Repeat a killed call to continue it.

    >>> done = cs.extract("student", "notes.txt", out="entities.jsonl")
    >>> done["documents"], done["skipped"]
    (1, [])

    For texts in memory use `Extractor` (docs/formats.md).

    Args:
        model: an entity model: a folder or a Hub id.
        paths: files, folders, globs, or URLs of fsspec.
        out: the file to write; for BRAT the folder.
        to: its format, one of those in docs/formats.md; by default that of its suffix.
        skip_bad: leave out documents that can't be read, and list them under "skipped".
        options: those of the command: `relations` (a relation model), `neighbours`, `threshold`,
            `context` and `assist` (a list of LABEL=FILE).

    Raises:
        UserError: a model or document can't be read, or `out` exists.
    """
    from corpusmith.extraction.extract import ExtractorSettings
    from corpusmith.extraction.run import Inputs, Output, extract_files

    given = [paths] if isinstance(paths, str | PathLike) else list(paths)
    output = Output.of(Path(out), to)
    if options.get("relations") is not None:
        options["relations"] = str(options["relations"])
    settings = ExtractorSettings(
        str(model), **options | {"assist": tuple(map(str, options.get("assist", ())))}
    )
    inputs = Inputs(list(map(str, given)), skip_bad=skip_bad)
    done = extract_files(settings.load(), inputs, output)
    return {"documents": done.documents, "mentions": done.mentions, "skipped": done.skipped}


def export_corpus(
    dataset: PathName,
    to: str,
    out: PathName,
    *,
    splits: Sequence[str] = ("train", "validation", "test"),
) -> dict[str, int]:
    """Write a corpus in the format that another trainer reads.

    >>> sorted(cs.export_corpus("corpus", "gliner", "exported", splits=["validation"]))
    ['exported/validation.json']

    Args:
        dataset: a dataset folder, a Hub id, or a benchmark in any format.
        to: spacy, gliner, conll, brat, label-studio or flair.
        out: the folder to write, with a file or folder for each split.
        splits: those that the dataset lacks are left out.

    Returns:
        The number of rows of each written path. Warnings name the splits that were left out, and
        count the rows with masked words, which no such file can express.
    """
    from corpusmith.extraction.export_corpus import export_corpus as write

    written = write(str(dataset), to, Path(out), splits)
    for warning in written.warnings:
        warnings.warn(warning, stacklevel=2)
    return {str(path): rows for path, rows in written.rows.items()}
