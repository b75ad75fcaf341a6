"""Open documents and sample sentences."""

import json
import tracemalloc
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from corpusmith.errors import UserError
from corpusmith.training.adapt.documents import sample_sentences
from corpusmith.training.adapt.settings import adapt_settings

SETTINGS = adapt_settings(sentences=20, shortest=3)
NOTES = "The patient has asthma. No sign of gout was found.\n\nShe takes salbutamol twice a day."


def sentences(*paths: Path, **settings: int) -> list[str]:
    sample = sample_sentences(paths, adapt_settings(**{"sentences": 20, "shortest": 3, **settings}))
    return [" ".join(words) for words in sample.sentences]


def test_text_file_is_split_into_sentences_and_words(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text(NOTES)
    assert sorted(sentences(tmp_path)) == [
        "No sign of gout was found .",
        "She takes salbutamol twice a day .",
        "The patient has asthma .",
    ]


def test_json_lines_hold_tokens_or_text(tmp_path: Path) -> None:
    rows = [{"tokens": ["No", "sign", "of", "gout"]}, {"text": "A text. It has two sentences."}]
    (tmp_path / "notes.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    sample = sample_sentences([tmp_path / "notes.jsonl"], SETTINGS)
    assert sample.documents == 2 and sample.sentences_read == 3
    assert ("No", "sign", "of", "gout") in sample.sentences


def test_sample_is_independent_of_files_and_has_no_duplicates(tmp_path: Path) -> None:
    lines = [f"Patient number {i} has asthma ." for i in range(60)]
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    (tmp_path / "one" / "all.txt").write_text("\n\n".join(lines))
    for i, line in enumerate(reversed(lines + lines[:30])):
        (tmp_path / "two" / f"{i}.txt").write_text(line)
    first, second = sentences(tmp_path / "one"), sentences(tmp_path / "two")
    assert first == second
    assert len(set(first)) == 20
    assert sentences(tmp_path / "one", seed=7) != first


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", b'{"tokens": ["a"]}\n{"words": []}\n', r"a\.jsonl, line 2"),
        ("a.jsonl", b"not json\n", r"a\.jsonl, line 1"),
        ("a.txt", b"caf\xe9", r"a\.txt.*UTF-8"),
        ("a.txt", b"Too short", "hold no sentence of 3 to"),
        ("a.docx", b"", "holds no file that ends in"),
    ],
)
def test_error_for_unreadable_input_names_place(
    name: str, content: bytes, message: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=message):
        sentences(tmp_path)


def test_other_formats_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,text\n1,The patient has asthma.\n")
    (tmp_path / "b.conll").write_text("No\tO\nsign\tO\nof\tO\ngout\tB-Disease\n\n")
    (tmp_path / "c.ann").write_text("T1\tDisease 0 4\tgout\n")
    assert sorted(sentences(tmp_path)) == ["No sign of gout", "The patient has asthma ."]


def test_missing_path_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        sentences(tmp_path / "absent")


def test_memory_does_not_grow_with_documents(tmp_path: Path) -> None:
    peaks = []
    for count in (300, 6000):
        file = tmp_path / f"{count}.jsonl"
        with file.open("w") as rows:
            for i in range(count):
                rows.write(json.dumps({"text": f"Patient number {i} has asthma and gout."}) + "\n")
        tracemalloc.start()
        sample = sample_sentences([file], adapt_settings(sentences=100))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert len(sample.sentences) == 100 and sample.documents == count
    assert peaks[1] < 1.5 * peaks[0] + 500_000


def test_parquet_without_text_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": [1]}), tmp_path / "a.parquet")
    with pytest.raises(UserError, match="neither a column tokens nor text"):
        sentences(tmp_path / "a.parquet")
    (tmp_path / "b.parquet").write_bytes(b"not parquet")
    with pytest.raises(UserError, match="can't be read as Parquet"):
        sentences(tmp_path / "b.parquet")
