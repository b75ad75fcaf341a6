"""An exported transcript gives another ledger the same answers; a damaged one is refused."""

import gzip
import hashlib
import json
import random
from pathlib import Path

import pytest

from corpusmith.errors import UserError
from corpusmith.recipe.load import load_recipe
from corpusmith.teacher.ledger import Answer, Ledger
from corpusmith.teacher.payload import payload_key
from corpusmith.teacher.transcript import (
    answered_by_transcript,
    export_transcript,
    import_transcript,
    transcript_header,
)


def payload(i: int, system: str = "Be brief."):
    messages = [{"role": "system", "content": system}, {"role": "user", "content": f"Topic {i}."}]
    return {"model": "m", "messages": messages, "temperature": 0.9, "seed": i}


def kept(answer: Answer) -> tuple:
    """The fields that a transcript keeps."""
    tokens = (answer.prompt_tokens, answer.completion_tokens, answer.cached_tokens)
    return (answer.key, answer.text, answer.finish_reason, *tokens, answer.host)


KEYS = [payload_key(payload(i)) for i in range(40)]


@pytest.fixture
def ledger(tmp_path: Path):
    with Ledger(tmp_path / "ledger.sqlite") as opened:
        opened.add((payload_key(payload(i)), payload(i)) for i in range(42))
        opened.record(
            Answer(key, f"Sentence {i} on β-catenin.", "stop", 50, 9, i, 1_700_000_000 + i, "h")
            for i, key in enumerate(KEYS)
        )
        yield opened


def test_exported_transcript_answers_the_same_requests(ledger: Ledger, tmp_path: Path) -> None:
    header = export_transcript(ledger, tmp_path / "t.jsonl.gz", license="apache-2.0")
    assert (header["count"], header["model"], header["license"], header["host"]) == (
        40,
        "m",
        "apache-2.0",
        "h",
    )
    assert header["shapes"][0]["temperature"] == 0.9 and header["recorded"] == "2023-11-14"
    assert transcript_header(tmp_path / "t.jsonl.gz") == header
    with Ledger(tmp_path / "other.sqlite") as other:
        import_transcript(tmp_path / "t.jsonl.gz", other)
        assert other.counts() == {"requests": 40, "answered": 40, "failed": 0, "pending": 0}
        ours, theirs = ledger.get_many(KEYS), other.get_many(KEYS)
        assert list(map(kept, ours.values())) == list(map(kept, theirs.values()))
        assert ledger.totals() == other.totals()
        assert not dict(other.payloads(KEYS))
        export_transcript(other, tmp_path / "again.jsonl.gz", license="apache-2.0")
    assert (tmp_path / "again.jsonl.gz").read_bytes() == (tmp_path / "t.jsonl.gz").read_bytes()


def test_request_order_is_kept_and_determines_the_bytes(ledger: Ledger, tmp_path: Path) -> None:
    keys = [*KEYS, payload_key(payload(41)), payload_key(payload(99))]
    random.Random(1).shuffle(keys)
    header = export_transcript(ledger, tmp_path / "a.jsonl.gz", keys, license="mit")
    export_transcript(ledger, tmp_path / "b.jsonl.gz", iter(keys), license="mit")
    assert header["count"] == 40
    assert (tmp_path / "a.jsonl.gz").read_bytes() == (tmp_path / "b.jsonl.gz").read_bytes()
    with Ledger(tmp_path / "other.sqlite") as other:
        import_transcript(tmp_path / "a.jsonl.gz", other)
        assert [answer.key for answer in other.answers()] == [key for key in keys if key in KEYS]


def test_import_keeps_existing_answers(ledger: Ledger, tmp_path: Path) -> None:
    export_transcript(ledger, tmp_path / "t.jsonl.gz", license="mit")
    with Ledger(tmp_path / "other.sqlite") as other:
        other.add([(KEYS[0], payload(0))])
        other.record([Answer(KEYS[0], "Ours.")])
        import_transcript(tmp_path / "t.jsonl.gz", other)
        import_transcript(tmp_path / "t.jsonl.gz", other)
        assert (
            other.get_many(KEYS[:1])[KEYS[0]].text == "Ours." and other.counts()["answered"] == 40
        )
        assert sum(usage.unusable for usage in other.totals()) == 0  # nothing was paid twice


def test_requests_of_several_shapes_round_trip(tmp_path: Path) -> None:
    with Ledger(tmp_path / "l.sqlite") as ledger, Ledger(tmp_path / "m.sqlite") as other:
        payloads = [payload(i, system=f"System {i % 2}.") for i in range(4)]
        ledger.add((payload_key(p), p) for p in payloads)
        ledger.record(Answer(payload_key(p), "x") for p in payloads)
        assert len(export_transcript(ledger, tmp_path / "t.gz", license="mit")["shapes"]) == 2
        import_transcript(tmp_path / "t.gz", other)
        keys = [payload_key(p) for p in payloads]
        assert other.shapes(keys) == ledger.shapes(keys)


def test_changed_truncated_or_foreign_file_is_refused(ledger: Ledger, tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl.gz"
    export_transcript(ledger, path, license="mit")
    whole = path.read_bytes()
    text = gzip.decompress(whole)
    broken = [
        whole[:-200],
        b"",
        b"plain",
        gzip.compress(b"{}\n"),
        gzip.compress(b"[1]\n"),
        gzip.compress(text.replace(b"Sentence 7", b"Sentence 8")),
        gzip.compress(text[:-30]),
    ]
    for content in broken:
        path.write_bytes(content)
        with Ledger(tmp_path / "other.sqlite") as other:
            with pytest.raises(UserError, match=r"t\.jsonl\.gz.*(export|fetch|write)"):
                import_transcript(path, other)
            assert other.counts()["requests"] == 0
    with pytest.raises(UserError, match="missing"):
        transcript_header(tmp_path / "missing.jsonl.gz")


def test_flipped_byte_anywhere_is_one_line_error_or_harmless(
    ledger: Ledger, tmp_path: Path
) -> None:
    path = tmp_path / "t.jsonl.gz"
    header = export_transcript(ledger, path, license="mit")
    whole, refused = path.read_bytes(), 0
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        try:
            assert transcript_header(path) == header  # a byte that gzip does not read
        except UserError as error:
            assert "t.jsonl.gz" in str(error) and "again" in str(error)
            refused += 1
    assert refused > len(whole) - 10


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"recorded": None}, ["AA", 0, "x", "stop", 1, 1, 0]),
        ({"recorded": "yesterday"}, ["AA", 0, "x", "stop", 1, 1, 0]),
        ({"shapes": 3}, ["AA", 0, "x", "stop", 1, 1, 0]),
        ({}, ["AA", 9, "x", "stop", 1, 1, 0]),
        ({}, ["AA", 0, "x"]),
        ({}, {"key": "AA"}),
        ({}, 7),
    ],
)
def test_transcript_of_other_fields_is_one_line_error(
    ledger: Ledger, tmp_path: Path, fields: dict, line: object
) -> None:
    path = tmp_path / "t.jsonl.gz"
    header = export_transcript(ledger, path, license="mit")
    body = f"{json.dumps(line)}\n".encode()
    header |= {"sha256": hashlib.sha256(body).hexdigest()} | fields
    path.write_bytes(gzip.compress(json.dumps(header).encode() + b"\n" + body))
    with Ledger(tmp_path / "other.sqlite") as other:
        with pytest.raises(UserError, match=r"t\.jsonl\.gz .*export it again"):
            import_transcript(path, other)
        assert other.counts()["requests"] == 0


def test_error_for_missing_transcript_names_remedy(ner_recipe: Path, tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"no transcript ships with it; .*--ledger runs/tiny-disease/ledger.sqlite"
    ):
        answered_by_transcript(load_recipe(str(ner_recipe)), tmp_path)
