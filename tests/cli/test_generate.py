"""`corpusmith generate` and `ledger` as a user runs them. The printed next commands work."""

import re
import shlex
from pathlib import Path
from typing import Any

import yaml

from corpusmith.teacher.ledger import Ledger
from tests.cli.command import corpusmith
from tests.teacher.fake_teacher import FakeTeacher


def accepted_sentence(payload: dict[str, Any]) -> str:
    """A sentence with the names that the prompt asks for."""
    prompt = payload["messages"][-1]["content"]
    asked = re.search(r"It must contain (.*?), written exactly like that", prompt, re.S)
    names = " and the ".join(re.findall(r'"([^"]+)"', asked.group(1))) if asked else "weather"
    return f"In {payload['seed'] + 20} families, the {names} was followed for several long years."


def test_dry_run_shows_five_prompts_and_sends_nothing(ner_recipe: Path, tmp_path: Path) -> None:
    shown = corpusmith("generate", ner_recipe, "--ledger", tmp_path / "l.sqlite", "--dry-run")
    assert shown.returncode == 0
    assert len(re.findall(r"^\[(mention|with gene|no mention)\]", shown.stdout, re.M)) == 5
    assert "60 requests to tiny-teacher" in shown.stdout and "nothing was sent" in shown.stdout


def test_printed_build_command_reads_all_answers_of_more_requests(
    ner_recipe: Path, tmp_path: Path
) -> None:
    ledger = tmp_path / "l.sqlite"
    with FakeTeacher(write=accepted_sentence).serve() as url:
        line = ("generate", ner_recipe, "--ledger", ledger, "--rows", 90)
        done = corpusmith(*line, "--base-url", url, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    command = re.search(r"corpusmith (build .*)", done.stdout)
    assert command
    built = corpusmith(*shlex.split(command.group(1)), cwd=tmp_path)
    assert built.returncode == 0 and "of 90 answers" in built.stdout, built.stderr


def test_dry_run_shows_five_prompts_of_an_edited_recipe(ner_recipe: Path, tmp_path: Path) -> None:
    """The ledger has every answer to the recipe before the edit."""
    ledger = tmp_path / "l.sqlite"
    with FakeTeacher(write=accepted_sentence).serve() as url:
        done = corpusmith("generate", ner_recipe, "--ledger", ledger, "--base-url", url)
    assert done.returncode == 0, done.stderr
    before = corpusmith("generate", ner_recipe, "--ledger", ledger, "--dry-run").stdout
    recipe = yaml.safe_load(ner_recipe.read_text())
    recipe["attributes"]["topic"] = ["a remedy of long ago"]
    ner_recipe.write_text(yaml.safe_dump(recipe))
    after = corpusmith("generate", ner_recipe, "--ledger", ledger, "--dry-run").stdout
    shown = r"^\[(?:mention|with gene|no mention)\].*"
    assert len(re.findall(shown, before, re.M)) == len(re.findall(shown, after, re.M)) == 5
    assert "a remedy of long ago" in after and "a remedy of long ago" not in before
    assert "60 requests to tiny-teacher" in after


def test_run_ends_if_few_of_first_ten_answers_give_rows(ner_recipe: Path, tmp_path: Path) -> None:
    teacher = FakeTeacher(write=lambda payload: f"List {payload['seed']}.")
    ledger = tmp_path / "l.sqlite"
    with teacher.serve() as url:
        command = ["generate", ner_recipe, "--ledger", ledger, "--base-url", url]
        stopped = corpusmith(*command, cwd=tmp_path)
        assert stopped.returncode == 2 and "Traceback" not in stopped.stderr
        assert "only 0 of the first 10 answers became rows" in stopped.stderr
        assert stopped.stderr.count("  too short: List") == 10 and "--anyway" in stopped.stderr
        assert "0 accepted and" in stopped.stdout and "too short)" in stopped.stdout
        paid = teacher.asked.total()
        assert paid <= 16
        again = corpusmith(*command, cwd=tmp_path)
        assert (
            again.returncode == 2 and teacher.asked.total() == paid
        )  # decided from stored answers
        rest = corpusmith(*command, "--anyway", cwd=tmp_path)
    assert rest.returncode == 0 and teacher.asked.total() == 60
    assert rest.stdout.rstrip().endswith(f"next: corpusmith ledger show {ledger}")


def test_printed_build_command_works_with_another_model(ner_recipe: Path, tmp_path: Path) -> None:
    with FakeTeacher(write=accepted_sentence).serve() as url:
        command = ["generate", ner_recipe, "--model", "other", "--base-url", url]
        done = corpusmith(*command, "--ledger", "l.sqlite", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    following = done.stdout.rstrip().rsplit("next: corpusmith ", 1)[1]
    built = corpusmith(*shlex.split(following), cwd=tmp_path)
    assert built.returncode == 0, built.stderr
    assert "60 answers" in built.stdout
    without = corpusmith("build", ner_recipe, "--ledger", "l.sqlite", "--out", "out", cwd=tmp_path)
    assert without.returncode == 2
    assert (
        "no answer of tiny-teacher, but 60 answers of other: give --model other" in without.stderr
    )


def test_build_says_that_the_recipe_was_changed_after_its_answers(
    ner_recipe: Path, tmp_path: Path
) -> None:
    with FakeTeacher(write=accepted_sentence).serve() as url:
        asked = ["generate", ner_recipe, "--ledger", "l.sqlite", "--base-url", url]
        assert corpusmith(*asked, cwd=tmp_path).returncode == 0
    hotter = "license: apache-2.0\n  parameters: {temperature: 1.3}"
    ner_recipe.write_text(ner_recipe.read_text().replace("license: apache-2.0", hotter))
    built = corpusmith("build", ner_recipe, "--ledger", "l.sqlite", "--out", "out", cwd=tmp_path)
    assert built.returncode == 2
    assert "60 answers of tiny-teacher, but none to a request of this recipe" in built.stderr


def test_run_builds_from_answers_of_another_model(ner_recipe: Path, tmp_path: Path) -> None:
    """One answer is too few for three splits: the run ends after it has found the answer."""
    with FakeTeacher(write=accepted_sentence).serve() as url:
        asked = ["generate", ner_recipe, "--model", "other", "--base-url", url, "--rows", 1]
        assert corpusmith(*asked, "--ledger", "l.sqlite", cwd=tmp_path).returncode == 0
    command = ["run", ner_recipe, "--ledger", "l.sqlite", "--root", "runs"]
    without = corpusmith(*command, cwd=tmp_path)
    assert without.returncode == 2 and "1 answers of other: give --model other" in without.stderr
    of_other = corpusmith(*command, "--model", "other", cwd=tmp_path)
    assert of_other.returncode == 2 and "give --model" not in of_other.stderr
    assert (tmp_path / "runs" / "tiny-disease" / "dataset" / "build.json").is_file()


def test_printed_commands_work_with_spaces_in_names(ner_recipe: Path, tmp_path: Path) -> None:
    ledger = tmp_path / "two words" / "l.sqlite"
    with FakeTeacher(write=accepted_sentence).serve() as url:
        command = ["generate", ner_recipe, "--model", "Bonsai 8B", "--base-url", url]
        done = corpusmith(*command, "--ledger", ledger, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    following = shlex.split(done.stdout.rstrip().rsplit("next: corpusmith ", 1)[1])
    assert following[following.index("--ledger") + 1] == str(ledger)
    assert following[-2:] == ["--model", "Bonsai 8B"]
    built = corpusmith(*following, cwd=tmp_path)
    assert built.returncode == 0 and "60 answers" in built.stdout, built.stderr


def test_open_batches_are_listed_and_dropped(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    with Ledger(path) as ledger:
        ledger.open_batch("tag-1", "api.example.org", "batch_1")
    assert "batch_1 at api.example.org" in corpusmith("ledger", "batches", path).stdout
    wrong = corpusmith("ledger", "batches", path, "--drop", "batch_2")
    assert wrong.returncode == 2 and "no open batch batch_2" in wrong.stderr
    assert corpusmith("ledger", "batches", path, "--drop", "batch_1").returncode == 0
    assert "no open batches" in corpusmith("ledger", "batches", path).stdout
