"""One probe finds the response format that a server supports. Answers are parsed strictly."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from corpusmith.errors import UserError
from corpusmith.teacher.client import generate
from corpusmith.teacher.ledger import Ledger
from corpusmith.teacher.structured import find_answers, in_answer_form, parse, response_format
from tests.teacher.fake_teacher import FakeTeacher, completion, problem


class Reply(BaseModel):
    model_config = ConfigDict(extra="forbid")

    words: list[str]


def payload(i: int):
    messages = [{"role": "user", "content": f"Words of {i}?"}]
    return {
        "model": "m",
        "messages": messages,
        "seed": i,
        "response_format": response_format(Reply),
    }


PLAN = [payload(i) for i in range(6)]


@pytest.mark.parametrize(
    ("forms", "refusal", "probes"),
    [
        (("text", "json_object", "json_schema"), 400, 0),
        (("text", "json_object"), 500, 2),  # llama.cpp; a 500 may be transient: retried once
        (("text",), 400, 2),
    ],
)
def test_strictest_supported_form_is_found_once(
    tmp_path: Path, forms: tuple[str, ...], refusal: int, probes: int
) -> None:
    teacher = FakeTeacher(forms=forms, refusal=refusal, answer='{{"words": ["{}"]}}')
    with Ledger(tmp_path / "l.sqlite") as ledger, teacher.serve() as url:
        generate(PLAN[:3], ledger, base_url=url)
        assert teacher.asked.total() == 3 + probes and len(teacher.answered) == 3
        generate(PLAN, ledger, base_url=url)
        assert teacher.asked.total() == 6 + probes
        assert (
            ledger.response_format(url.removeprefix("http://").removesuffix("/v1"), "m")
            == forms[-1]
        )
        assert ledger.counts()["pending"] == 0  # a form that was refused leaves none
        answers = find_answers(ledger, PLAN)
    assert all(answer and parse(answer.text, Reply).words for answer in answers)
    assert teacher.payloads[-1] == in_answer_form(PLAN[-1], forms[-1])


def test_prompt_asks_for_json_if_server_ignores_response_format(tmp_path: Path) -> None:
    teacher = FakeTeacher(answer="Sure! Here are {} words.")
    with Ledger(tmp_path / "l.sqlite") as ledger, teacher.serve() as url:
        generate(PLAN[:2], ledger, base_url=url)
    assert "response_format" not in teacher.payloads[-1]
    assert '"words"' in teacher.payloads[-1]["messages"][-1]["content"]


def test_probe_waits_for_busy_server_and_stops_at_wrong_key(tmp_path: Path) -> None:
    with Ledger(tmp_path / "l.sqlite") as ledger:
        busy = FakeTeacher(faults=1.0, kinds=("refuse",), answer='{{"words": []}}')
        with busy.serve() as url:
            generate(PLAN[:1], ledger, base_url=url)
        assert ledger.counts() == {"requests": 1, "answered": 1, "failed": 0, "pending": 0}
        with (
            FakeTeacher(key="secret").serve() as url,
            pytest.raises(UserError, match="OPENAI_API_KEY"),
        ):
            generate(PLAN, ledger, base_url=url)


@pytest.mark.parametrize(
    "poor",
    [
        Response('{"choices": [{"mess', media_type="application/json"),
        completion(""),
        problem(529, "overloaded", {"retry-after": "0.01"}),
    ],
)
def test_form_is_not_given_up_for_ever_after_a_poor_reply(poor: Response, tmp_path: Path) -> None:
    def habit(asked: dict[str, Any], number: int) -> Response | None:
        return poor if number <= 2 else None

    teacher = FakeTeacher(answer='{{"words": []}}', habit=habit)
    with Ledger(tmp_path / "l.sqlite") as ledger, teacher.serve() as url:
        generate(PLAN[:3], ledger, base_url=url)
        host = url.removeprefix("http://").removesuffix("/v1")
        assert ledger.response_format(host, "m") in (None, "json_schema")
        assert ledger.counts()["answered"] == 3


def test_probe_pays_for_nothing_while_the_ledger_is_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corpusmith.teacher.ledger.file.LOCK_TIMEOUT", 0.2)
    path = tmp_path / "l.sqlite"
    teacher = FakeTeacher(answer='{{"words": []}}')
    with Ledger(path) as ledger, teacher.serve() as url:
        blocker = sqlite3.connect(path, isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        with pytest.raises(UserError, match="is locked by another process"):
            generate(PLAN, ledger, base_url=url)
        blocker.execute("ROLLBACK")
        blocker.close()
        assert teacher.asked.total() == 0
        generate(PLAN, ledger, base_url=url)
        assert ledger.counts()["answered"] == len(PLAN) == teacher.asked.total()


def test_parsing_is_strict() -> None:
    assert (
        parse('{"words": ["a"]}', Reply)
        == parse('```json\n{"words": ["a"]}\n```', Reply)
        == Reply(words=["a"])
    )
    for text in (
        '{"words": [1]}',
        '{"words": ["a"], "more": 1}',
        'Here: {"words": []}',
        '{"words": ["a"]',
        "",
        "[]",
    ):
        with pytest.raises(ValueError):
            parse(text, Reply)
