"""The built wheel and sdist, installed in a separate environment and used in a hostile folder.

The folder holds files named like the standard names of the field (training.py, datasets.py, …).
Each raises when it is imported, so a verb or one of its child processes that imports from the
current folder fails.
"""

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.answered import answer_all
from tests.fixtures.hub import Loopback

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[1]
LONGEST = 900  # seconds for one child: a verb that waits for ever fails instead of the whole suite
HOSTILE = ("training.py", "builders/__init__.py", "space.py", "cards.py", "publisher.py")
HOSTILE += ("datasets.py", "corpusmith_errors.py")


class Installed(NamedTuple):
    """A virtual environment with the wheel, and the two archives."""

    wheel: Path
    sdist: Path
    bin: Path


def checked(*line: object, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    """Run a command and return its output. Fails with the output if the status is not 0."""
    finished = subprocess.run(
        list(map(str, line)), cwd=cwd, env=env, capture_output=True, text=True, timeout=LONGEST
    )
    said = f"{' '.join(map(str, line))}\n{finished.stdout[-2000:]}\n{finished.stderr[-3000:]}"
    assert finished.returncode == 0, said
    return finished.stdout


def environment(folder: Path, archive: Path) -> Path:
    """The `bin` of a new venv with the archive and access to the libraries of this Python."""
    checked(sys.executable, "-m", "venv", "--without-pip", folder)
    (packages,) = (folder / "lib").glob("python*/site-packages")
    libraries = next(path for path in map(Path, sys.path) if (path / "datasets").is_dir())
    # A path in a .pth file is searched last, and .pth files below it are not read: an editable
    # install of this checkout is not found there.
    (packages / "libraries.pth").write_text(f"{libraries}\n")
    install = ("install", "-q", "--no-deps", "--no-build-isolation", archive)
    checked(sys.executable, "-m", "pip", "--python", folder / "bin" / "python", *install)
    return folder / "bin"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("built")
    checked(sys.executable, "-m", "hatchling", "build", "-d", folder, cwd=ROOT)
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return Installed(wheel, sdist, environment(folder / "venv", wheel))


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    folder = tmp_path / "hostile"
    for name in HOSTILE:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"raise RuntimeError('imported {name} of the current folder')\n")
    (folder / "words.txt").write_text("\n".join(f"device {i}" for i in range(20)))
    return folder


def test_wheel_holds_one_top_level_name(installed: Installed) -> None:
    with zipfile.ZipFile(installed.wheel) as archive:
        names = archive.namelist()
    (metadata,) = {name.split("/")[0] for name in names} - {"corpusmith"}
    assert metadata.endswith(".dist-info")
    for name in ("py.typed", "data/builders/recipes/demo-disease.yaml", "data/space/app.py"):
        assert f"corpusmith/{name}" in names
    assert not [name for name in names if name.endswith((".pyc", ".sqlite"))]


def test_sdist_installs(installed: Installed, tmp_path: Path) -> None:
    with tarfile.open(installed.sdist) as archive:
        assert not [name for name in archive.getnames() if "/docs/results" in name]
    script = environment(tmp_path / "venv", installed.sdist) / "corpusmith"
    assert "demo-disease" in checked(script, "recipes", cwd=tmp_path, env=clean_environment())


def clean_environment(**more: str) -> dict[str, str]:
    """The environment without variables that point a child to the checkout or a teacher."""
    hidden = ("PYTHONPATH", "CORPUSMITH_BENCHMARKS", "OPENAI_BASE_URL", "HF_ENDPOINT")
    kept = {name: value for name, value in os.environ.items() if name not in hidden}
    return kept | {"HF_HUB_DISABLE_TELEMETRY": "1", "OMP_NUM_THREADS": "1"} | more


def test_every_verb_works_beside_hostile_files(
    installed: Installed, hostile: Path, ner_recipe: Path, encoder: Path, tmp_path: Path
) -> None:
    answer_all(ner_recipe, ledger := tmp_path / "ledger.sqlite")
    (hostile / "quick.yaml").write_text("epochs: 1\ntracker: none\n")
    data, student = "runs/tiny-disease/dataset", "runs/tiny-disease/model"
    tiny, quick = ("--encoder", encoder), ("--config", "quick.yaml")
    script = (installed.bin / "corpusmith",)
    used: set[str] = set()

    def verb(*line: object, **more: str) -> str:
        used.add(str(line[0]))
        return checked(*script, *line, cwd=hostile, env=clean_environment(**more))

    def verbs(*lines: tuple[object, ...]) -> None:
        """Run verbs in one process: importing torch takes seconds."""
        used.update(str(line[0]) for line in lines)
        given = json.dumps([list(map(str, line)) for line in lines])
        command = (installed.bin / "python", "-P", "-m", "corpusmith.verbs", given)
        checked(*command, cwd=hostile, env=clean_environment())

    where = checked(
        installed.bin / "python",
        "-P",
        "-c",
        "import corpusmith; print(corpusmith.__file__)",
        cwd=hostile,
        env=clean_environment(),
    )
    assert Path(where.strip()).is_relative_to(installed.bin.parent)

    assert "demo-disease" in verb("recipes")
    verb("doctor")
    verb("new", "medical-device", "--words", "words.txt")
    verb("grow", "medical-device.yaml")
    verb("generate", ner_recipe, "--dry-run", "--ledger", ledger)
    verb("ledger", "show", ledger)
    verb("run", ner_recipe, "--ledger", ledger, *tiny)  # with train, export and hub serve inside
    verb("build", ner_recipe, "--ledger", ledger, "--out", "again")
    verb("train", data, "--out", "two", *tiny, *quick, "--num-processes", 2)
    notes = (f"Of {i} patients {i + 2} had gout and {i + 3} cystic fibrosis.\n" for i in range(80))
    (hostile / "notes.txt").write_text("".join(notes))
    (hostile / "once.yaml").write_text("rounds: 1\nepochs: 1\n")
    local = ("--documents", "notes.txt", "--corpus", data, "--config", "once.yaml")
    verb("extract", student, "notes.txt", "--out", "found.csv")
    drawn = ("--documents", "notes.txt", "--out", "sample", "--sentences", 10)
    (hostile / "test.jsonl").write_text('{"id": "1", "tokens": ["gout"], "ner_tags": ["O"]}\n')
    verbs(
        ("adapt", student, *local, "--out", "adapted"),
        ("review", student, *drawn, "--label-studio"),  # without it, a page is served until Ctrl-C
        ("export-corpus", data, "--to", "conll", "--out", "conll"),
        ("search", data, "--out", "best", *tiny, *quick, "--trials", 1, "--finalists", 1),
        ("evaluate", student, data),
        ("export", student),
        ("baseline", "dictionary", ner_recipe, ".", "--out", "found.jsonl"),
        ("report", ner_recipe, "--ledger", ledger, "--only", "acceptance", "--out", "report"),
        ("noise", data, "--out", "noise.jsonl", *tiny, *quick, "--folds", 2),
        ("outliers", data, "--out", "outliers.jsonl", *tiny),
        ("aim", ner_recipe, "--out", "round2.yaml", "--predictions", "noise.jsonl"),
        ("prompts", "search", ner_recipe, "--dry-run", "--ledger", "prompts.sqlite"),
    )
    hub = Loopback(hostile / "runs" / "hub")
    try:
        here = {"HF_ENDPOINT": hub.url}
        verb("publish", "dataset", data, "--repo", "local/another", **here)
        verb("diff", "local/another", "v0.1.0", "v0.1.0", **here)
        model = f"local/corpusmith-tiny-disease-{encoder.name}@v0.1.0"
        verb("repin", "local/corpusmith", model, "--dry-run", **here)
        verb(
            "hub",
            "push",
            "local/another",
            "--kind",
            "dataset",
            "--from",
            hub.url,
            "--to",
            hub.url,
            "--as",
            "local/pushed",
        )
    finally:
        hub.stop()

    from corpusmith.cli.main import GROUPS, SUBCOMMANDS

    functions = (function for verbs in GROUPS.values() for function in verbs)
    assert {function.__name__.replace("_", "-") for function in functions} <= used
    assert set(SUBCOMMANDS) <= used


def test_python_m_ignores_modules_in_current_folder(installed: Installed, hostile: Path) -> None:
    python = (installed.bin / "python", "-m", "corpusmith")
    built = checked(
        *python, "build", "demo-gene-disease", "--out", "out", cwd=hostile, env=clean_environment()
    )
    assert "rows accepted" in built
