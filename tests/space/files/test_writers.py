import csv
import json
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpusmith.space.files.writers import neutralise, spacy_sentences, write_all
from corpusmith.space.schema import Annotated, Mention

TEXT = "Asthma and\ncystic\nfibrosis."


def mention(start: int, end: int, concept_id: str | None = None) -> Mention:
    return mention_in(TEXT, start, end, concept_id)


def mention_in(text: str, start: int, end: int, concept_id: str | None = None) -> Mention:
    return Mention(
        start=start,
        end=end,
        label="Disease",
        text=text[start:end],
        score=0.9,
        concept_id=concept_id,
        concept_url=None,
    )


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    documents: list[Annotated] = [
        {"id": "=1+1", "text": TEXT, "mentions": [mention(0, 6, "MESH:D001249"), mention(11, 26)]},
        {"id": "b", "text": "Nothing.", "mentions": []},
    ]
    return {path.name: path for path in write_all(documents, tmp_path)}


def test_json_lines_hold_everything(files: dict[str, Path]) -> None:
    rows = [json.loads(line) for line in files["mentions.jsonl"].read_text().splitlines()]
    assert [row["id"] for row in rows] == ["=1+1", "b"]
    assert rows[0]["mentions"][1]["text"] == "cystic\nfibrosis"


def test_csv_has_one_row_per_mention_and_no_formula(files: dict[str, Path]) -> None:
    with files["mentions.csv"].open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [(row["id"], row["text"], row["start"]) for row in rows] == [
        ("'=1+1", "Asthma", "0"),
        ("'=1+1", "cystic\nfibrosis", "11"),
    ]


def test_brat_offsets_cut_a_span_at_the_end_of_a_line(files: dict[str, Path]) -> None:
    with zipfile.ZipFile(files["mentions-brat.zip"]) as archive:
        assert archive.namelist() == ["000001.txt", "000001.ann", "000002.txt", "000002.ann"]
        text, lines = (
            archive.read("000001.txt").decode(),
            archive.read("000001.ann").decode().splitlines(),
        )
    assert lines[0] == "T1\tDisease 0 6\tAsthma"
    assert lines[1] == "#1\tAnnotatorNotes T1\tMESH:D001249"
    assert lines[2] == "T2\tDisease 11 17;18 26\tcystic fibrosis"
    assert (text[11:17], text[18:26]) == ("cystic", "fibrosis")


@pytest.mark.parametrize("between", ["\n\n", "\r\n", "\r"])
def test_brat_fragments_hold_no_line_end(tmp_path: Path, between: str) -> None:
    text = f"cystic{between}fibrosis"
    write_all([{"id": "a", "text": text, "mentions": [mention_in(text, 0, len(text))]}], tmp_path)
    with zipfile.ZipFile(tmp_path / "mentions-brat.zip") as archive:
        line = archive.read("000001.ann").decode()
    start = 6 + len(between)
    assert line == f"T1\tDisease 0 6;{start} {start + 8}\tcystic fibrosis\n"


def test_spacy_tokens_spell_the_text_and_mark_the_mentions(files: dict[str, Path]) -> None:
    first, second = json.loads(files["mentions-spacy.json"].read_text())
    (paragraph,) = first["paragraphs"]
    (sentence,) = paragraph["sentences"]
    assert paragraph["raw"] == TEXT == spelled(sentence["tokens"])
    tags = [(token["orth"], token["ner"]) for token in sentence["tokens"]]
    assert tags == [
        ("Asthma", "U-Disease"),
        ("and", "O"),
        ("\n", "O"),
        ("cystic", "B-Disease"),
        ("\n", "I-Disease"),
        ("fibrosis", "L-Disease"),
        (".", "O"),
    ]
    assert {token["ner"] for token in second["paragraphs"][0]["sentences"][0]["tokens"]} == {"O"}


def spelled(tokens: list[dict]) -> str:
    return "".join(token["orth"] + " " * token["space"] for token in tokens)


@given(st.text("ab .\n\t(é"), st.integers(0, 9), st.integers(1, 9))
def test_spacy_tokens_reproduce_any_text(text: str, start: int, length: int) -> None:
    marked = text[start : start + length].strip()
    begin = text.find(marked, start) if marked else 0
    mentions = [mention_in(text, begin, begin + len(marked))] if marked else []
    sentences = spacy_sentences({"id": "1", "text": text, "mentions": mentions})
    assert "".join(map(spelled, sentences)) == text
    assert [token["id"] for tokens in sentences for token in tokens] == list(
        range(sum(map(len, sentences)))
    )


def test_spacy_convert_reads_it(files: dict[str, Path]) -> None:
    spacy = pytest.importorskip("spacy")
    from spacy.training.converters import json_to_docs

    first, second = json_to_docs(files["mentions-spacy.json"].read_text())
    assert (first.text, second.text) == (TEXT, "Nothing.")
    assert [(e.start_char, e.end_char, e.label_) for e in first.ents] == [
        (0, 6, "Disease"),
        (11, 26, "Disease"),
    ]
    assert len(list(spacy.tokens.DocBin(docs=[first, second]).get_docs(first.vocab))) == 2


@pytest.mark.parametrize(
    "cell", ["=1", "+1", "-1", "@SUM(A1)", "\t=1", "  =1", "\r\n@x", "＝1", "\ufeff=1"]
)
def test_formula_is_written_as_text(cell: str) -> None:
    assert neutralise(cell) == "'" + cell


@given(st.text())
def test_no_cell_starts_a_formula(cell: str) -> None:
    kept = neutralise(cell)
    assert isinstance(kept, str) and kept.endswith(cell)
    assert not kept.strip().startswith(("=", "+", "-", "@"))


def test_numbers_stay_numbers() -> None:
    assert neutralise(-1) == -1
