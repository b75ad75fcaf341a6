"""A parameter that an endpoint refuses is left out or renamed, and remembered."""

from typing import Any

import pytest
from starlette.responses import JSONResponse, Response

from corpusmith.errors import UserError
from corpusmith.teacher.client import generate
from corpusmith.teacher.ledger import Ledger
from tests.teacher.fake_teacher import FakeTeacher, problem
from tests.teacher.habits import ask
from tests.teacher.sent import payload, plan

pytestmark = pytest.mark.usefixtures("no_backoff")


@pytest.mark.parametrize(
    ("refuses", "message", "sent"),
    [
        (
            "seed",
            {
                "message": {
                    "detail": [{"loc": ["body", "seed"], "msg": "Extra inputs are not permitted"}]
                }
            },
            {},
        ),
        (
            "max_tokens",
            {
                "error": {
                    "message": "Unsupported parameter: 'max_tokens'. "
                    "Use 'max_completion_tokens' instead."
                }
            },
            {"max_completion_tokens": 50},
        ),
        (
            "temperature",
            {
                "error": {
                    "message": "Unsupported value: 0.9 does not work here.",
                    "param": "temperature",
                }
            },
            {},
        ),
    ],
)
def test_refused_parameter_is_omitted_or_renamed_and_remembered(
    ledger: Ledger, refuses: str, message: dict[str, Any], sent: dict[str, Any]
) -> None:
    def habit(asked: dict[str, Any], n: int) -> Response | None:
        return JSONResponse(message, 400) if refuses in asked else None

    teacher, _ = ask(habit, ledger, 20)
    assert ledger.counts()["answered"] == 20 and teacher.asked.total() <= 20 + 16
    last = teacher.payloads[-1]
    assert refuses not in last and sent.items() <= last.items()
    with teacher.serve() as url:
        asked = teacher.asked.total()
        generate(plan(20), ledger, base_url=url)
        assert teacher.asked.total() == asked  # the key is that of the planned payload


def test_dialect_is_remembered_per_endpoint(ledger: Ledger) -> None:
    teacher = FakeTeacher(
        habit=lambda p, n: (
            problem(422, "seed: Extra inputs are not permitted") if "seed" in p else None
        )
    )
    with teacher.serve() as url:
        done = generate(plan(3), ledger, base_url=url)
        asked = teacher.asked.total()
        generate([payload(i) for i in range(3, 9)], ledger, base_url=url)
    assert done.dialect == "seed left out" and teacher.asked.total() == asked + 6


def test_refused_system_message_is_merged_into_user_message(ledger: Ledger) -> None:
    def habit(asked: dict[str, Any], n: int) -> Response | None:
        refused = any(message["role"] == "system" for message in asked["messages"])
        return problem(400, "System role not supported") if refused else None

    teacher, _ = ask(habit, ledger, 4)
    assert teacher.payloads[-1]["messages"][0]["role"] == "user"
    assert teacher.payloads[-1]["messages"][0]["content"].startswith(
        "Reply with a sentence.\n\nTopic"
    )


def test_answers_beside_a_refusal_that_cannot_be_remembered_are_kept(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*arguments: Any) -> None:
        raise UserError("the ledger is locked")

    def habit(asked: dict[str, Any], n: int) -> Response | None:
        return problem(400, "Unknown parameter: 'seed'") if n == 1 else None

    monkeypatch.setattr(ledger, "remember_dialect", locked)
    teacher = FakeTeacher(habit=habit, latency=0.1)
    with teacher.serve() as url, pytest.raises(UserError, match="the ledger is locked"):
        generate(plan(16), ledger, base_url=url)
    assert ledger.counts()["answered"] == 15
