"""Record the answers of a zero-shot LLM on the loopback to a file that the Space reads."""

import json
from pathlib import Path

import pytest

from builders.record_zero_shot import record
from corpusmith.errors import UserError
from corpusmith.space.settings import read_zero_shot
from tests.teacher.fake_teacher import FakeTeacher

TEXT = "Familial gout, not Gout-arthritis, was seen."


def test_recorded_mentions_match_their_offsets(tmp_path: Path) -> None:
    teacher, out = (
        FakeTeacher(forms=("text",), answer='{{"mentions": ["gout", "seen by"]}}'),
        tmp_path / "out.jsonl",
    )
    with teacher.serve() as url:
        assert record([TEXT], out, model="m", base_url=url, labels=["Disease"]) == 1
    assert json.loads(out.read_text())["teacher"] == "m"
    assert [(e.start, e.end, e.label, e.text) for e in read_zero_shot(out)[TEXT]] == [
        (9, 13, "Disease", "gout"),
        (19, 23, "Disease", "Gout"),
    ]


def test_unusable_answer_is_not_recorded_as_empty(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text("as before")
    with (
        FakeTeacher(forms=("text",), answer="I cannot help.").serve() as url,
        pytest.raises(UserError, match="no usable"),
    ):
        record([TEXT], out, model="m", base_url=url, labels=["Disease"])
    assert out.read_text() == "as before"
