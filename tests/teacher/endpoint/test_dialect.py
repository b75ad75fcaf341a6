"""Endpoints that refuse a parameter by one of its names, or by both."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import JSONResponse, Response

from corpusmith.errors import UserError
from corpusmith.teacher.client import generate
from corpusmith.teacher.endpoint.dialect import PLAIN, Dialect
from corpusmith.teacher.ledger import Ledger
from corpusmith.teacher.limits import AskLimits
from corpusmith.teacher.prices import Price
from tests.teacher.fake_teacher import FakeTeacher
from tests.teacher.test_client import payload


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "ledger.sqlite") as opened:
        yield opened


def forbid(*names: str) -> Any:
    """An endpoint that answers 422 to unknown parameters, as a strict schema does."""

    def habit(asked: dict[str, Any], n: int) -> Response | None:
        for name in names:
            if name in asked:
                fault = {"type": "extra_forbidden", "loc": ["body", name]}
                fault["msg"] = "Extra inputs are not permitted"
                return JSONResponse({"object": "error", "message": {"detail": [fault]}}, 422)
        return None

    return habit


def limited(i: int, name: str) -> dict[str, Any]:
    planned = payload(i, **{name: 70})
    return (
        planned
        if name == "max_tokens"
        else {k: planned[k] for k in planned.keys() - {"max_tokens"}}
    )


@pytest.mark.parametrize(
    ("refused", "sent"),
    [("max_completion_tokens", "max_tokens"), ("max_tokens", "max_completion_tokens")],
)
def test_refused_limit_of_an_answer_is_sent_under_its_other_name(
    ledger: Ledger, refused: str, sent: str
) -> None:
    teacher = FakeTeacher(habit=forbid(refused))
    with teacher.serve() as url:
        limits = AskLimits(price=Price(1, 1, 1), max_cost=1.0)
        done = generate(
            [limited(i, refused) for i in range(9)], ledger, base_url=url, limits=limits
        )
    assert (done.answered, done.dialect) == (9, f"{refused} sent as {sent}")
    assert teacher.payloads[-1][sent] == 70 and refused not in teacher.payloads[-1]
    assert ledger.counts()["failed"] == 0


def test_limit_refused_under_both_names_is_left_out_but_not_under_max_cost(ledger: Ledger) -> None:
    teacher = FakeTeacher(habit=forbid("max_tokens", "max_completion_tokens"))
    plan = [limited(i, "max_tokens") for i in range(6)]
    with teacher.serve() as url:
        with pytest.raises(UserError, match="a limit on cost needs one on each answer"):
            limits = AskLimits(price=Price(1, 1, 1), max_cost=1.0)
            generate(plan, ledger, base_url=url, limits=limits)
        assert ledger.counts() == {"requests": 6, "answered": 0, "failed": 0, "pending": 6}
        done = generate(plan, ledger, base_url=url)
    assert done.answered == 6 and done.dialect == "max_tokens left out"


@pytest.mark.parametrize(
    "message",
    [
        "Role 'system' is not supported",
        'Unexpected role "system"',
        "messages.0.role: Input should be 'user' or 'assistant'",
        "System messages are not permitted",
        "Only user, assistant and tool roles are supported",
    ],
)
def test_refused_system_role_is_known_in_other_words(message: str) -> None:
    asked = payload(
        1, messages=[{"role": "system", "content": "a"}, {"role": "user", "content": "b"}]
    )
    assert PLAIN.learn(message, asked) == Dialect(merge_system=True)
    assert PLAIN.learn("the model is on fire", asked) is None


def test_limit_with_a_refused_value_is_not_left_out() -> None:
    message = "max_tokens above 256 is not supported"
    assert PLAIN.learn(message, limited(1, "max_tokens")) is None


@pytest.mark.parametrize(
    ("message", "left_out"),
    [
        ("`temperature` and `top_p` cannot both be specified for this model.", {"top_p"}),
        ("The following parameters are not supported: seed, top_p", {"seed", "top_p"}),
        ("temperature must be 1 for this model", {"temperature"}),
        ("invalid temperature: only 1 is allowed for this model", {"temperature"}),
        ("seed is not a valid parameter", {"seed"}),
    ],
)
def test_refused_parameters_are_left_out(message: str, left_out: set[str]) -> None:
    asked = payload(1, top_p=0.9)
    assert PLAIN.learn(message, asked) == Dialect(frozenset(left_out))


@pytest.mark.parametrize(
    "message",
    [
        "Unknown parameter: seed. Supported parameters are temperature, top_p",
        "Unsupported parameters: seed, max_tokens",
    ],
)
def test_nothing_is_left_out_where_the_refusal_is_unclear(message: str) -> None:
    assert PLAIN.learn(message, payload(1, top_p=0.9)) is None


@pytest.mark.parametrize(
    "message",
    [
        "messages[0].role: value 'system' is not one of ['user', 'assistant']",
        "Input tag 'system' found using 'role' does not match any of the expected tags: 'user'",
    ],
)
def test_role_of_the_system_refused_by_a_list_of_roles_is_learned(message: str) -> None:
    messages = [{"role": "system", "content": "a"}, {"role": "user", "content": "b"}]
    assert PLAIN.learn(message, payload(1, messages=messages)) == Dialect(merge_system=True)
