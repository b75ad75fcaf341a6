"""Generation over many tasks: one ledger each, no repeated request, shared limits."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from corpusmith.corpus.generate import estimate, resized
from corpusmith.errors import UserError
from corpusmith.teacher.ledger import Ledger
from corpusmith.teacher.limits import AskLimits
from corpusmith.teacher.prices import Price
from tests.teacher.fake_teacher import FakeTeacher

pytest.importorskip("datatrove", reason="datatrove comes with corpusmith[scale]")

from corpusmith.cluster import Cluster
from corpusmith.corpus.scale.generate import estimate_at_scale, generate_at_scale

pytestmark = pytest.mark.slow
ANYWAY = AskLimits(anyway=True)  # few of the fake answers become rows
ROWS = 60  # of the tests' small recipe


def lines_of(out: Path) -> list[dict]:
    return [
        json.loads(line) for path in sorted(out.glob("answers-*.jsonl")) for line in path.open()
    ]


def test_each_task_resumes_from_its_own_ledger(
    ner_recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    teacher, out = FakeTeacher(faults=0.2, kinds=("error", "content_filter")), tmp_path / "answers"
    with teacher.serve() as url:
        monkeypatch.setenv("OPENAI_BASE_URL", url)
        counts = generate_at_scale(resized(str(ner_recipe)), out, Cluster(), 3, limits=ANYWAY)
        asked, before = teacher.asked.total(), (out / "answers-00001.jsonl").read_text()
        # Simulate a task that was lost before it wrote its answers.
        (out / "answers-00001.jsonl").unlink()
        (out / "asked-00001.json").unlink()
        assert (
            generate_at_scale(resized(str(ner_recipe)), out, Cluster(), 3, limits=ANYWAY) == counts
        )
    assert (
        counts["failed"] and counts["answered"] + counts["failed"] == ROWS and not counts["pending"]
    )
    assert teacher.asked.total() == asked
    assert (out / "answers-00001.jsonl").read_text() == before
    answers = lines_of(out)
    assert [answer["index"] % 3 for answer in answers] == [0] * 20 + [1] * 20 + [2] * 20
    assert sorted(answer["index"] for answer in answers) == list(range(ROWS))
    assert sum("text" in answer for answer in answers) == counts["answered"]


def test_killed_generation_repeats_only_requests_in_flight(ner_recipe: Path, tmp_path: Path):
    teacher, out = FakeTeacher(latency=0.05), tmp_path / "answers"
    command = [
        sys.executable,
        "-m",
        "corpusmith",
        "generate",
        str(ner_recipe),
        "--answers",
        str(out),
    ]
    command += [
        "--anyway",
        "--executor",
        "local",
        "--tasks",
        "4",
        "--workers",
        "2",
        "--concurrency",
        "2",
    ]
    with teacher.serve() as url:
        environment = os.environ | {"OPENAI_BASE_URL": url, "PYTHONPATH": os.getcwd()}
        killed = subprocess.Popen(
            command, env=environment, start_new_session=True, stderr=subprocess.DEVNULL
        )
        while teacher.asked.total() < 20:
            assert killed.poll() is None
            time.sleep(0.01)
        os.killpg(killed.pid, signal.SIGKILL)
        killed.wait()
        while teacher.in_flight:
            time.sleep(0.01)
        done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    assert f"{ROWS} answered, 0 failed, 0 pending" in done.stdout
    assert teacher.answered.keys() == teacher.asked.keys() and len(teacher.answered) == ROWS
    assert teacher.asked.total() - ROWS <= 4
    assert sorted(answer["index"] for answer in lines_of(out)) == list(range(ROWS))


def test_started_folder_allows_more_rows_and_retries_but_keeps_number_of_tasks(
    ner_recipe: Path, tmp_path: Path
):
    teacher, out = FakeTeacher(faults=0.2, kinds=("content_filter",)), tmp_path / "answers"
    with teacher.serve() as url:
        few, all_rows = resized(str(ner_recipe), rows=30), resized(str(ner_recipe))
        counts = generate_at_scale(few, out, Cluster(), 2, base_url=url, limits=ANYWAY)
        assert (
            counts["answered"] + counts["failed"] == 30 == len(lines_of(out)) and counts["failed"]
        )
        with pytest.raises(UserError, match="was begun with 2 tasks: give --tasks 2"):
            generate_at_scale(all_rows, out, Cluster(), 3, base_url=url)
        expected = estimate_at_scale(all_rows, out, 1, None, None)
        # The number of tasks stays two.
        counts = generate_at_scale(all_rows, out, Cluster(), base_url=url, limits=ANYWAY)
        assert expected.answered == 30 and expected.requests == 30
        assert counts["answered"] + counts["failed"] == ROWS == teacher.asked.total()
        teacher.faults = 0.0
        mended = generate_at_scale(
            all_rows, out, Cluster(), base_url=url, limits=AskLimits(retry_failed=True, anyway=True)
        )
    assert mended == {"answered": ROWS, "failed": 0, "pending": 0}
    assert teacher.asked.total() == ROWS + counts["failed"]
    assert all("text" in answer for answer in lines_of(out))


def test_limits_apply_to_all_tasks_together(ner_recipe: Path, tmp_path: Path):
    """The budget stops the tasks with requests pending. This is not a failure: the next call
    resumes.
    """
    price, teacher, out = Price(1000.0, 1000.0, 1000.0), FakeTeacher(), tmp_path / "answers"
    recipe = resized(str(ner_recipe))
    bounded = recipe.teacher.model_copy(update={"parameters": {"max_tokens": 20}})
    recipe = recipe.model_copy(update={"teacher": bounded})
    with teacher.serve() as url:
        limits = AskLimits(price=price, concurrency=1, anyway=True)
        counts = generate_at_scale(
            recipe, out, Cluster(), 3, base_url=url, limits=replace(limits, max_cost=1.5)
        )
        paid = 0.0
        for path in out.glob("ledger-*.sqlite"):
            with Ledger(path) as ledger:
                paid += sum(
                    price.cost(usage.prompt_tokens, usage.completion_tokens)
                    for usage in ledger.totals()
                )
        assert 0.3 < paid <= 1.5
        assert counts["pending"] and counts["answered"] + counts["pending"] == ROWS
        assert (
            generate_at_scale(recipe, out, Cluster(), 3, base_url=url, limits=limits)["answered"]
            == ROWS
        )
    assert teacher.asked.total() == ROWS


def test_estimate_over_tasks_equals_one_ledger_and_writes_nothing(ner_recipe: Path, tmp_path: Path):
    recipe, price = resized(str(ner_recipe)), Price(1.0, 2.0, 1.0)
    with Ledger(tmp_path / "one.sqlite") as ledger:
        one = estimate(recipe, ledger, price=price)
    many = estimate_at_scale(recipe, tmp_path / "answers", 4, None, price)
    assert (many.requests, many.completion_tokens) == (one.requests, one.completion_tokens)
    assert many.prompt_tokens == pytest.approx(one.prompt_tokens, abs=4)  # each task rounds
    assert many.cost == pytest.approx(one.cost, rel=0.01)
    assert not (tmp_path / "answers").exists()
