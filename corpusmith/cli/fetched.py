"""Fetch folders to release from another machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from corpusmith.errors import UserError


@contextmanager
def fetched_folder(path: str) -> Iterator[Path]:
    """The folder, or a temporary copy of an fsspec URL that `build --executor` wrote to.

    Raises UserError when there is nothing at the URL, or nothing installed that reads it.
    """
    if "://" not in path:
        yield Path(path)
        return
    import fsspec

    with TemporaryDirectory(prefix="corpusmith-") as scratch:
        try:
            system, root = fsspec.url_to_fs(path)
            system.get(f"{root.rstrip('/')}/", f"{scratch}/", recursive=True)
        except Exception as error:  # each file system raises errors of its own
            raise UserError(f"{path} cannot be fetched: {error}") from None
        yield Path(scratch)
