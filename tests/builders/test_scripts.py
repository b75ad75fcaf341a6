"""The dataset builder scripts, from recipe to release through the public API."""

from pathlib import Path

import pytest

import corpusmith as cs
from builders import ner, relations
from tests.teacher.fake_teacher import FakeTeacher


def test_ner_script_generates_builds_and_releases_once(
    ner_recipe: Path, hub: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with FakeTeacher(faults=0.0).serve() as url:
        line = [str(ner_recipe), "--out", str(tmp_path / "corpus"), "--base-url", url]
        line += ["--ledger", str(tmp_path / "ledger.sqlite"), "--repo", "local/x", "--hub", hub]
        ner.main(line)
        first = capsys.readouterr().out
        ner.main(line)
    assert "answers became rows" in first and "local/x v0.1.0 released" in first
    assert "local/x v0.1.0 unchanged" in capsys.readouterr().out


def test_relations_script_builds_from_shipped_answers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    relations.main(["demo-gene-disease", "--out", str(tmp_path / "corpus")])
    printed = capsys.readouterr().out
    assert "labels: unrelated, related" in printed and "train: " in printed


@pytest.mark.parametrize(
    ("script", "recipe"), [(ner, "demo-gene-disease"), (relations, "demo-disease")]
)
def test_script_refuses_the_other_task(script, recipe: str, tmp_path: Path) -> None:
    with pytest.raises(cs.UserError, match="use builders/"):
        script.main([recipe, "--out", str(tmp_path)])
