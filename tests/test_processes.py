"""Child processes import this package, whatever Python files the current folder holds."""

import subprocess
from pathlib import Path

import pytest

from corpusmith.processes import module_command

HOSTILE = ("training.py", "space.py", "datasets.py", "inference.py", "runpy.py", "typer.py")


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder of modules that exit the process that imports them."""
    for name in (*HOSTILE, "builders/__init__.py", "corpusmith/__init__.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("raise SystemExit('imported from the current folder')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    return tmp_path


def test_child_ignores_modules_of_the_current_folder(hostile: Path) -> None:
    line = module_command("corpusmith", "hub", "serve", "--help")
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "--root" in done.stdout, done.stderr


def test_local_hub_starts_beside_hostile_modules(hostile: Path) -> None:
    from corpusmith.hub.loopback import hub_at
    from tests.hub import http

    with hub_at("local", hostile / "hub") as endpoint:
        assert http.get(f"{endpoint}/api/models").json() == []
