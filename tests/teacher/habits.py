"""Ask an endpoint with a habit, and check that what it bills is counted."""

from typing import Any

from corpusmith.errors import UserError
from corpusmith.teacher.client import generate
from corpusmith.teacher.ledger import Ledger
from corpusmith.teacher.limits import AskLimits
from tests.teacher.fake_teacher import FakeTeacher, Habit
from tests.teacher.sent import plan

SENTENCE = "Ataxia was seen in nine families with the mutation."


def counted(ledger: Ledger) -> dict[str, int]:
    totals = ledger.totals()
    return {
        "prompt": sum(usage.prompt_tokens for usage in totals),
        "completion": sum(usage.completion_tokens for usage in totals),
    }


def ask(habit: Habit, ledger: Ledger, n: int = 40, **limits: Any) -> tuple[FakeTeacher, str]:
    """Send n requests and check that billed equals counted. Returns the teacher and the error."""
    teacher, error, before = FakeTeacher(habit=habit), "", counted(ledger)
    with teacher.serve() as url:
        try:
            generate(plan(n), ledger, base_url=url, limits=AskLimits(**limits))
        except UserError as raised:
            error = str(raised)
    assert counted(ledger) == {name: n + teacher.bills[name] for name, n in before.items()}
    counts = ledger.counts()
    assert counts["answered"] + counts["failed"] + counts["pending"] == counts["requests"]
    return teacher, error
