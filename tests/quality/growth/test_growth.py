"""A growth run against a teacher on the loopback: asked once, checked, written, and its errors."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from corpusmith.errors import UserError
from corpusmith.quality.growth.growth import Growth, growth_estimate, propose
from corpusmith.quality.growth.lists import growing, spoken_label
from corpusmith.quality.growth.table import COLUMNS, read_rows
from corpusmith.teacher.ledger import Ledger
from corpusmith.teacher.limits import AskLimits
from corpusmith.teacher.prices import Price
from tests.teacher.fake_teacher import FakeTeacher, problem

Serve = Callable[..., tuple[FakeTeacher, str]]


def grow(recipe: Path, url: str | None, count: int = 10, **options: Any) -> Growth:
    with Ledger(recipe.with_name("growth.sqlite")) as ledger:
        return propose(growing(str(recipe)), count, ledger, base_url=url, **options)


def reasons(growth: Growth) -> dict[tuple[str, str], str]:
    return {(row.name, row.kind): row.reason for row in growth.rows}


def test_proposals_are_checked_and_written(device: Path, serve: Serve) -> None:
    teacher, url = serve()
    growth = grow(device, url)
    assert growth.asked is not None and growth.asked.answered == 10 == len(teacher.payloads)
    found = reasons(growth)
    assert {key: found[key] for key in found if "oddity" not in key[0]} == {
        ("bone screw", "frequent"): "",
        ("endoscope", "frequent"): "",
        ("IUD", "short"): "",
        ("scar tissue", "confusable"): "",
        ("pacemaker", "frequent"): "in the list already",
        ("component", "frequent"): "in the list of what doesn't count",
        ("component", "confusable"): "in the list of what doesn't count",
        ("pacemaker lead", "confusable"): "has a listed name in it",
        ("surgical mesh repair", "confusable"): "has a listed name in it",
    }
    odd = {reason for (name, _), reason in found.items() if "oddity" in name}
    assert odd == {"proposed by fewer than 2"}
    assert growth.junk == 2  # "None"
    assert growth.file == device.with_suffix(".grown.tsv")
    written = [row for _, row in read_rows(growth.file)]
    assert [(r.use, r.name, r.of) for r in written] == [(r.use, r.name, r.of) for r in growth.rows]
    first, *_ = growth.file.read_text("utf-8").splitlines()
    assert first.split("\t") == list(COLUMNS)
    short = next(row for row in growth.rows if row.kind == "short" and row.use)
    assert (short.of, short.proposed) == ("intrauterine device", 2)
    groups = [(use, why, len(names)) for use, why, names in growth.summary()]
    assert groups[0] == (True, "frequent", 2) and not groups[-1][0]


def test_stopped_run_resumes_and_pays_nothing_twice(device: Path, serve: Serve) -> None:
    def dies(payload: dict[str, Any], number: int) -> Any:
        return problem(401, "the account is closed") if number > 6 else None

    stopped, url = serve(habit=dies)
    with pytest.raises(UserError, match="the account is closed"):
        grow(device, url, limits=AskLimits(concurrency=1))
    assert not device.with_suffix(".grown.tsv").exists()
    teacher, url = serve()
    growth = grow(device, url)
    assert stopped.bills["replies"] == 6 and teacher.bills["replies"] == 4
    growth.file.unlink()
    again = grow(device, url)
    assert teacher.bills["replies"] == 4 and reasons(again) == reasons(growth)
    again.file.unlink()
    grow(device, url, 15)
    assert teacher.bills["replies"] == 9


def test_budget_ends_a_run_before_it_is_overspent(device: Path, serve: Serve) -> None:
    teacher, url = serve()
    limits = AskLimits(concurrency=1, price=Price(0.0, 5000.0, 0.0), max_cost=1.15)
    with pytest.raises(UserError, match=r"--max-cost 1\.15 is spent with \d+ requests open"):
        grow(device, url, limits=limits)
    assert 0 < teacher.bills["replies"] < 10


def test_estimate_counts_open_requests_and_sends_nothing(device: Path, serve: Serve) -> None:
    teacher, url = serve()
    grow(device, url, 5)
    with Ledger(device.with_name("growth.sqlite")) as ledger:
        limits = AskLimits(price=Price(1.0, 1.0, 1.0))
        planned = growth_estimate(growing(str(device)), 12, ledger, limits)
    assert (planned.requests, planned.answered) == (7, 5) and planned.cost
    assert planned.completion_tokens == 7 * 12 and len(teacher.payloads) == 5


def test_failed_requests_are_counted_and_the_others_used(device: Path, serve: Serve) -> None:
    def fails(payload: dict[str, Any], number: int) -> Any:
        return problem(400, "the prompt is too long") if payload["seed"] % 5 == 2 else None

    _, url = serve(habit=fails)
    growth = grow(device, url)
    assert growth.asked is not None and growth.asked.failed == 2
    assert ("bone screw", "frequent") in reasons(growth)
    assert not any(kind == "confusable" for _, kind in reasons(growth))


def test_without_endpoint_names_come_from_recorded_sentences(
    device: Path, tmp_path: Path, serve: Serve
) -> None:
    text = "concept_id\tname\tsynonyms\nD:1\tasthma\t\nD:2\tbreast cancer\t\nD:3\tpain\t\n"
    (tmp_path / "device.tsv").write_text(text, "utf-8")
    growth = grow(device, None)
    assert growth.asked is None and not growth.junk
    assert growth.rows and {row.kind for row in growth.rows} == {"coordinated"}
    assert all(row.recorded for row in growth.rows)


def test_relation_recipe_gets_names_and_statements(pairs: Path, serve: Serve) -> None:
    def write(payload: dict[str, Any]) -> str:
        prompt = payload["messages"][-1]["content"]
        if "{head}" not in prompt:
            return "Xamolin\nenzyme"
        verb = "stimulates" if "activates" in prompt else "suppresses"
        return f"1. {{head}} {verb} {{tail}}.\n2. {{head}} works\n3. {{tail}} {verb} {{head}}"

    _, url = serve(write=write)
    growth = grow(pairs, url, 20)
    used = {(row.name, row.of) for row in growth.rows if row.kind == "statement" and row.use}
    assert used == {
        ("{head} suppresses {tail}", "inhibits"),
        ("{head} stimulates {tail}", "activates"),
    }
    assert not any(row.kind == "confusable" for row in growth.rows)
    assert {row.list for row in growth.rows if row.kind != "statement"} == {"drug", "protein"}


def test_table_that_a_person_may_have_edited_is_kept(device: Path, serve: Serve) -> None:
    teacher, url = serve()
    device.with_suffix(".grown.tsv").write_text("mine", "utf-8")
    with pytest.raises(UserError, match=r"device\.grown\.tsv exists: add what it has by --apply"):
        grow(device, url)
    assert not teacher.payloads
    assert device.with_suffix(".grown.tsv").read_text("utf-8") == "mine"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nothing.yaml", "no recipe 'nothing.yaml': give the path of a YAML file"),
        ("species", "species ships with corpusmith and can't be changed in place"),
    ],
)
def test_recipe_must_be_ones_own(name: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        growing(name)


def test_list_must_be_a_table_with_its_columns(device: Path, tmp_path: Path) -> None:
    text = device.read_text("utf-8")
    device.write_text(text.replace("device.tsv", "species"), "utf-8")
    with pytest.raises(UserError, match=r"device\.yaml:8: the list 'words' is species; grow adds"):
        growing(str(device))
    device.write_text(text, "utf-8")
    (tmp_path / "device.tsv").write_text("concept_id\tname\nD:1\tgout\n", "utf-8")
    with pytest.raises(UserError, match=r"device\.tsv:1: no column 'synonyms'"):
        growing(str(device))


def test_number_of_requests_is_positive(device: Path) -> None:
    with pytest.raises(UserError, match="--requests 0: give a positive number"):
        grow(device, None, 0)


def test_labels_are_spoken() -> None:
    labels = ("MedicalDevice", "medical-device", "Species", "DNA", "cell_line")
    assert [spoken_label(label) for label in labels] == [
        *("medical device", "medical device", "species", "DNA", "cell line")
    ]
