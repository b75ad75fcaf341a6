"""The ledger stores each request and answer once, in any order and from several processes."""

import multiprocessing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpusmith.corpus.build import build
from corpusmith.errors import UserError
from corpusmith.teacher.ledger import (
    Answer,
    Failure,
    Ledger,
    Spent,
    Tokens,
    Usage,
    existing_ledger,
)
from corpusmith.teacher.payload import payload_key


def payload(i: int, model: str = "m", **more):
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": f"Topic {i} – β."},
    ]
    return {"model": model, "messages": messages, "temperature": 0.9, "seed": i, **more}


def answer(i: int, text: str = "A sentence.", **more) -> Answer:
    values = {
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "cached_tokens": 2,
        "created_at": 1_700_000_000,
        "host": "h",
    }
    return Answer(payload_key(payload(i)), text, **{**values, **more})


def added(ledger: Ledger, *numbers: int) -> Ledger:
    ledger.add((payload_key(payload(i)), payload(i)) for i in numbers)
    return ledger


def test_key_covers_whole_payload_and_ignores_key_order() -> None:
    base = payload(1)
    assert payload_key(base) == payload_key(dict(reversed(base.items())))
    changed = [
        payload(2),
        payload(1, model="n"),
        payload(1, temperature=0.8),
        payload(1, seed=2),
        payload(1, top_p=0.9),
        payload(1, response_format={"type": "json_object"}),
        {**base, "messages": [{"role": "system", "content": "Be long."}, base["messages"][1]]},
    ]
    assert len({payload_key(p) for p in [base, *changed]}) == 1 + len(changed)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(JSON, st.text(), JSON, JSON), max_size=6))
def test_payload_round_trip(tmp_path_factory: pytest.TempPathFactory, parts: list) -> None:
    payloads = [
        {
            "model": "m",
            "messages": [{"role": "system", "content": system}, {"role": "user", "content": user}],
            "seed": seed,
            "more": more,
        }
        for system, user, seed, more in parts
    ]
    keyed = {payload_key(p): p for p in payloads}
    with Ledger(tmp_path_factory.mktemp("l") / "ledger.sqlite") as ledger:
        ledger.add(keyed.items())
        assert dict(ledger.payloads(keyed)) == keyed
        assert ledger.counts()["requests"] == len(keyed)


def test_states_add_up_and_first_answer_is_kept(tmp_path: Path) -> None:
    with Ledger(tmp_path / "new" / "ledger.sqlite") as ledger:
        added(added(ledger, 1, 2, 3, 4), 4)
        ledger.record([answer(1), answer(2), answer(99)])
        ledger.record([answer(1, "Another sentence.")])
        ledger.fail([Failure(answer(3).key, "length", 1), Failure(answer(1).key, "length", 1)])
        ledger.fail([Failure(answer(3).key, "HTTP 500", 6)])
        assert ledger.counts() == {"requests": 4, "answered": 2, "failed": 1, "pending": 1}
        assert ledger.get_many([answer(1).key, answer(4).key, answer(99).key]) == {
            answer(1).key: answer(1)
        }
        assert ledger.settled(answer(i).key for i in range(9)) == {
            answer(1).key: True,
            answer(2).key: True,
            answer(3).key: False,
        }
        assert ledger.failures_by_reason() == {"HTTP 500": 1}
        assert list(ledger.answers()) == [answer(1), answer(2)]


def test_failed_add_is_rolled_back_completely(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        with pytest.raises(KeyError):
            ledger.add(
                [(answer(1).key, payload(1)), (answer(2).key, {"model": "without messages"})]
            )
        assert ledger.counts()["requests"] == 0
        added(ledger, 1)
        assert dict(ledger.payloads([answer(1).key])) == {answer(1).key: payload(1)}


def test_totals_are_grouped_by_model_host_and_batch(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        other = payload(9, model="n")
        added(ledger, 1, 2, 3).add([(payload_key(other), other)])
        ledger.record(
            [answer(1), answer(2), answer(3, batch=True), Answer(payload_key(other), "x", host="g")]
        )
        added(ledger, 4, 5).record(
            failures=[Failure(answer(4).key, "length", 1), Failure(answer(5).key, "HTTP 400", 1)],
            spent=[Spent(answer(4).key, "length", Tokens(10, 50, 2), "h")],
        )
        assert ledger.totals() == [
            Usage("m", "h", False, 2, 1, 30, 60, 6),
            Usage("m", "h", True, 1, 0, 10, 5, 2),
            Usage("n", "g", False, 1, 0, 0, 0, 0),
        ]


def test_merged_shards_equal_single_run(tmp_path: Path) -> None:
    with Ledger(tmp_path / "a.sqlite") as a, Ledger(tmp_path / "b.sqlite") as b:
        added(a, 1, 3, 5).record([answer(1), answer(3)])
        added(b, 5, 2, 4, 3).record([answer(5, batch=True), answer(2), answer(3, "Another.")])
        a.fail([Failure(answer(5).key, "length", 1)])
        b.fail([Failure(answer(4).key, "refused", 1)])
        b.remember_response_format("h", "m", "json_object")
        a.merge(b.path)
        a.merge(b.path)
        assert a.counts() == {"requests": 5, "answered": 4, "failed": 1, "pending": 0}
        assert list(a.answers()) == [answer(1), answer(3), answer(5, batch=True), answer(2)]
        assert (
            a.failures_by_reason() == {"refused": 1}
            and a.response_format("h", "m") == "json_object"
        )
        assert dict(a.payloads([answer(4).key])) == {answer(4).key: payload(4)}


def write_many(path: Path, numbers: range) -> None:
    with Ledger(path) as ledger:
        for i in numbers:
            added(ledger, i).record([answer(i)])


def test_several_processes_write_to_one_ledger(tmp_path: Path) -> None:
    path, context = tmp_path / "ledger.sqlite", multiprocessing.get_context("spawn")
    writers = [
        context.Process(target=write_many, args=(path, range(n, n + 60))) for n in (0, 30, 60)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    with Ledger(path) as ledger:
        assert ledger.counts() == {"requests": 120, "answered": 120, "failed": 0, "pending": 0}


@pytest.mark.parametrize(
    "content",
    [b"no database at all, but long enough to be read as one" * 50, b"SQLite format 3\x00"],
)
def test_file_that_is_not_a_ledger_is_refused_and_unchanged(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"notes\.txt"):
        Ledger(path)
    assert path.read_bytes() == content
    with Ledger(tmp_path / "a.sqlite") as ledger, pytest.raises(UserError):
        ledger.merge(path)


def test_ledger_of_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with Ledger(path) as ledger:
        ledger._db.execute("PRAGMA user_version = 99")
    with pytest.raises(UserError, match="version is 99"):
        Ledger(path)


def test_mistyped_path_makes_no_new_ledger(tmp_path: Path) -> None:
    missing = tmp_path / "missing.sqlite"
    with pytest.raises(UserError, match=r"no ledger at .*missing\.sqlite"):
        existing_ledger(missing)
    with (
        Ledger(tmp_path / "ledger.sqlite") as ledger,
        pytest.raises(UserError, match="no ledger at"),
    ):
        ledger.merge(missing)
    with pytest.raises(UserError, match="no ledger at"):
        build("demo-disease", tmp_path / "out", missing)
    assert not missing.exists()
