"""`prompts search` and `grow` as a user types them, against a teacher on the loopback."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from corpusmith.cli.main import app
from tests.teacher.fake_teacher import FakeTeacher

Serve = Callable[..., tuple[FakeTeacher, str]]
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


def test_list_is_grown_as_a_user_types_it(
    device: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, serve: Serve
) -> None:
    """Dry run, run, an edited table, and `--apply` twice."""
    monkeypatch.chdir(tmp_path)
    teacher, url = serve()
    line = ["grow", "device.yaml", "--base-url", url, "--requests", "10"]
    told = CliRunner().invoke(app, [*line, "--dry-run"])
    assert told.exit_code == 0, told.output
    assert told.output.count("[frequent] ") == 2 and "[confusable] " in told.output
    assert "device: 10 requests to tiny-teacher; 0 more are settled already" in told.output
    assert told.output.endswith("nothing was sent\n") and not teacher.payloads

    told = CliRunner().invoke(app, line)
    assert told.exit_code == 0, told.output
    assert "runs/device/growth.sqlite: 10 answered, 0 failed; cost unknown" in told.output
    assert "2 yes frequent: bone screw, endoscope" in told.output
    assert "no  in the list already: pacemaker" in told.output
    assert "then corpusmith grow device.yaml --apply" in told.output
    table = tmp_path / "device.grown.tsv"
    table.write_text(table.read_text("utf-8").replace("yes\tendoscope", "no\tendoscope"), "utf-8")

    told = CliRunner().invoke(app, ["grow", "device.yaml", "--apply"])
    assert told.exit_code == 0, told.output
    assert "added 1 frequent: bone screw" in told.output and "endoscope" not in told.output
    assert "changed" in told.output and "device.tsv" in told.output
    assert "next: corpusmith generate device.yaml --dry-run" in told.output
    told = CliRunner().invoke(app, ["grow", "device.yaml", "--apply"])
    assert "nothing new with use=yes; no file was changed" in told.output


def test_growth_without_an_endpoint_says_so(
    device: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, serve: Serve
) -> None:
    monkeypatch.chdir(tmp_path)
    told = CliRunner().invoke(app, ["grow", "device.yaml"])
    assert told.exit_code == 0, told.output
    assert told.output.startswith("no endpoint is set (--base-url or OPENAI_BASE_URL)")
    assert (tmp_path / "device.grown.tsv").exists()
