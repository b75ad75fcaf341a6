"""`prompts search` as a user types it, against a teacher on the loopback."""

import json
import re
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from corpusmith.cli.main import app
from tests.teacher.fake_teacher import FakeTeacher

TEMPLATE = "Write one sentence about {topic} that must hold {phrases} as in a good abstract."


def write(payload: dict[str, Any]) -> str:
    prompt = payload["messages"][-1]["content"]
    if "Placeholders stand for" in prompt:
        return f"Number {payload['seed']}: {TEMPLATE}"
    names = re.findall(r'"([^"]+)"', prompt)
    return f"\x1b[2JAmong {payload['seed']} carriers we found {' and '.join(names)} at follow-up."


def test_dry_run_counts_requests_and_sends_none(ner_recipe: Path, tmp_path: Path) -> None:
    line = [
        "prompts",
        "search",
        str(ner_recipe),
        "--dry-run",
        "--ledger",
        str(tmp_path / "ledger.sqlite"),
    ]
    told = CliRunner().invoke(
        app, [*line, "--rounds", "2", "--templates", "3", "--base-url", "http://127.0.0.1:9/v1"]
    )
    assert told.exit_code == 0
    assert "at most 76 requests to tiny-teacher; nothing was sent" in told.output


def test_person_ranks_sentences_and_is_asked_again_after_unknown_ids(
    ner_recipe: Path, tmp_path: Path
) -> None:
    with FakeTeacher(write=write).serve() as url:
        line = [
            "prompts",
            "search",
            str(ner_recipe),
            "--ledger",
            str(tmp_path / "ledger.sqlite"),
            "--out",
            str(tmp_path),
        ]
        size = [
            "--rounds",
            "1",
            "--templates",
            "2",
            "--sentences",
            "3",
            "--rank",
            "--base-url",
            url,
        ]
        told = CliRunner().invoke(app, [*line, *size], input="9.9\n1.2 1.1\n")
    assert told.exit_code == 0, told.output
    assert (
        "\x1b[2J" not in told.output
        and "?[2JAmong" in told.output
        and "the ids are 1.1, 1.2, now" in told.output
    )
    facts = json.loads((tmp_path / "tiny-disease.v2.json").read_text(encoding="utf-8"))
    assert (facts["best"], facts["ranked_by"]) == ("1.2", "a person")
    assert (tmp_path / "tiny-disease.v2.jinja").exists()
