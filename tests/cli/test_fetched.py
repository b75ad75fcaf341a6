"""A folder given by URL is published from a local copy."""

from pathlib import Path

import fsspec
import pytest

from corpusmith.cli.fetched import fetched_folder
from corpusmith.errors import UserError


def test_local_folder_is_used_in_place(tmp_path: Path) -> None:
    with fetched_folder(str(tmp_path)) as folder:
        assert folder == tmp_path


def test_url_is_copied_and_copy_is_deleted() -> None:
    store = fsspec.filesystem("memory")
    store.pipe({"/corpus/recipes/r/build.json": b"{}", "/corpus/data/r/train.parquet": b"PAR1"})
    with fetched_folder("memory://corpus") as folder:
        assert (folder / "recipes" / "r" / "build.json").read_bytes() == b"{}"
        assert (folder / "data" / "r" / "train.parquet").read_bytes() == b"PAR1"
    assert not folder.exists()


@pytest.mark.parametrize("url", ["memory://absent", "nonsense://corpus"])
def test_missing_url_is_a_user_error(url: str) -> None:
    with pytest.raises(UserError, match="cannot be fetched"), fetched_folder(url):
        pass
