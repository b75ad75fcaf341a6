"""The folder of an adaptation: only its owner can read it; working files are deleted at the end."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from corpusmith.errors import UserError


@contextmanager
def private_files() -> Iterator[None]:
    """All files written meanwhile, by child processes too, have the mode 0600, folders 0700."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def create_private(file: Path) -> None:
    """Create a file, and its folder if need be, that its owner alone can read.

    Raises:
        UserError: when it can't be written.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(0o600)
        file.chmod(0o600)
    except OSError as error:
        raise UserError(f"{file} cannot be written ({error.strerror}): give another path") from None


@contextmanager
def private_folder(out: Path) -> Iterator[Path]:
    """Create `out` and yield its folder for working files.

    All files written meanwhile have the mode 0600, folders 0700. Working files are kept after an
    interruption, for a resume, and deleted at the end.

    Raises:
        UserError: when `out` belongs to another user.
    """
    with private_files():
        out.mkdir(parents=True, exist_ok=True)
        try:
            out.chmod(0o700)
        except PermissionError:
            raise UserError(f"{out} belongs to another user: give a folder of your own") from None
        work = out / "work"
        work.mkdir(exist_ok=True)
        yield work
        shutil.rmtree(work)
