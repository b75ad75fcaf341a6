from pathlib import Path

import yaml

from builders.recipe import load_recipe
from publisher.staging import stage_space


def test_the_space_holds_its_entrance_its_rooms_and_the_lexicons_of_every_recipe(tmp_path: Path) -> None:
    recipes = [load_recipe("demo-disease"), load_recipe("demo-gene-disease")]
    folder = stage_space(tmp_path / "space", recipes)
    for name in ("app.py", "README.md", "requirements.txt", "space/page.py", "space/page.css", "training/inference.py"):
        assert (folder / name).is_file(), name
    front = yaml.safe_load((folder / "README.md").read_text(encoding="utf-8").split("---\n")[1])
    listed = {item["label"]: item["path"] for item in front["corpusmith"]["lexicons"]}
    assert listed == {"Disease": "lexicons/disease.tsv.gz", "Gene": "lexicons/gene.tsv.gz"}
    assert all((folder / path).is_file() for path in listed.values())
    assert not list(folder.rglob("__pycache__"))


def test_staging_again_leaves_nothing_of_before(tmp_path: Path) -> None:
    folder = stage_space(tmp_path / "space", [load_recipe("demo-disease")])
    (folder / "stale.txt").write_text("old", encoding="utf-8")
    assert not (stage_space(folder, [load_recipe("demo-disease")]) / "stale.txt").exists()
