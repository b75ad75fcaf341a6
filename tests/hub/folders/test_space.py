import subprocess
import sys
from pathlib import Path

import yaml

from corpusmith.files import shipped
from corpusmith.hub.folders.space import stage_space
from corpusmith.recipe.load import load_recipe


def test_space_folder_holds_app_package_and_lexicons(
    tmp_path: Path,
) -> None:
    recipes = [load_recipe("demo-disease"), load_recipe("demo-gene-disease")]
    folder = stage_space(tmp_path / "space", recipes)
    for name in (
        "app.py",
        "README.md",
        "requirements.txt",
        "zero_shot.jsonl",
        "page.css",
        "corpusmith/__init__.py",
        "corpusmith/inference/__init__.py",
        "corpusmith/space/page.py",
        "corpusmith/extraction/assist/assist.py",
        "training/settings/adapt.yaml",
    ):
        assert (folder / name).is_file(), name
    front = yaml.safe_load((folder / "README.md").read_text(encoding="utf-8").split("---\n")[1])
    listed = {item["label"]: item["path"] for item in front["corpusmith"]["lexicons"]}
    assert listed == {"Disease": "lexicons/disease.tsv.gz", "Gene": "lexicons/gene.tsv.gz"}
    assert all((folder / path).is_file() for path in listed.values())
    assert not list(folder.rglob("__pycache__"))


def test_staged_folder_imports_nothing_that_is_left_out(tmp_path: Path) -> None:
    folder = stage_space(tmp_path / "space", [load_recipe("demo-disease")])
    program = (
        "import sys; sys.path.insert(0, '.')\n"
        "import corpusmith.space.service as service\n"
        "from corpusmith.extraction.assist.label_model import prior_model\n"
        "from corpusmith.extraction.assist.served import assisted_reader\n"
        "from corpusmith.extraction.assist.settings import label_settings\n"
        "assert prior_model(['Disease'], label_settings()).groups\n"
        "print(service.__file__)"
    )
    line = [sys.executable, "-c", program]
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, env={})
    assert done.returncode == 0, done.stderr
    assert str(folder) in str(Path(folder, done.stdout.strip()).resolve())


def test_restaging_removes_earlier_files(tmp_path: Path) -> None:
    folder = stage_space(tmp_path / "space", [load_recipe("demo-disease")])
    (folder / "stale.txt").write_text("old", encoding="utf-8")
    assert not (stage_space(folder, [load_recipe("demo-disease")]) / "stale.txt").exists()


def test_recorded_offsets_match_their_texts() -> None:
    from corpusmith.space.settings import read_zero_shot

    recorded = read_zero_shot(shipped("space", "zero_shot.jsonl"))
    assert recorded
    assert all(
        e.text == text[e.start : e.end] != ""
        for text, entities in recorded.items()
        for e in entities
    )
