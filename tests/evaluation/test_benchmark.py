import json

import pytest
from datasets import Dataset

from corpusmith.errors import UserError
from corpusmith.evaluation.benchmark import read_benchmark
from corpusmith.evaluation.metrics import spans
from corpusmith.evaluation.tagged import tagged_text

TOKENS = ["Ataxia", "-", "telangiectasia", "and", "gout", "."]
TAGS = ["B-Disease", "I-Disease", "I-Disease", "O", "B-Disease", "O"]


def write(folder, name, text):
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8", newline="")


def only(folder, split="dev", **options):
    (row,) = read_benchmark(str(folder), split, **options).tagged
    assert [row.text[start:end] for start, end, _ in row.entities] == [
        row.text[
            row.text.index(row.tokens[first]) : row.text.index(row.tokens[last - 1])
            + len(row.tokens[last - 1])
        ]
        for _, first, last in spans(row.tags)
    ]
    return row


def test_json_lines(tmp_path):
    write(tmp_path, "dev.jsonl", json.dumps({"id": "1", "tokens": TOKENS, "ner_tags": TAGS}) + "\n")
    row = only(tmp_path)
    assert (list(row.tokens), list(row.tags)) == (TOKENS, TAGS)
    assert row.text == "Ataxia - telangiectasia and gout ."
    assert row.entities == ((0, 23, "Disease"), (28, 32, "Disease"))
    assert read_benchmark(str(tmp_path / "dev.jsonl"), "dev").tagged == (row,)


@pytest.mark.parametrize("strange", ["\u2028", "\x85", "\x0c"])
def test_line_separator_inside_text_does_not_end_line(tmp_path, strange):
    word = f"Ataxia{strange}x"
    row = {"id": "1", "tokens": [word], "ner_tags": ["B-Disease"]}
    write(tmp_path, "dev.jsonl", json.dumps(row, ensure_ascii=False) + "\n")
    write(tmp_path, "dev2.pubtator", f"1|t|{word}\n1|a|b\n1\t0\t8\t{word}\tDisease\tD1\n")
    write(tmp_path, "dev3.tsv", f"{word}\tB-Disease\n")
    for split in ("dev", "dev2", "dev3"):
        (entity,) = read_benchmark(str(tmp_path), split).tagged[0].entities
        assert entity == (0, 8, "Disease")


def test_json_lines_of_relations(tmp_path):
    write(tmp_path, "dev.jsonl", '{"id": 7, "text": "@GENE$ in @DISEASE$", "label": 1}\n')
    (row,) = read_benchmark(str(tmp_path), "dev").labelled
    assert (row.id, row.text, row.label) == ("7", "@GENE$ in @DISEASE$", 1)


def test_error_names_broken_line(tmp_path):
    write(
        tmp_path,
        "dev.jsonl",
        '{"id": 1, "text": "a", "label": 1}\n{"id": 2, "tokens": ["a"], "ner_tags": []}\n',
    )
    with pytest.raises(UserError, match=r"line 2: 1 tokens and 0 tags; write"):
        read_benchmark(str(tmp_path), "dev")
    write(tmp_path, "dev.conll", "gout\tdisease\n")
    with pytest.raises(UserError, match="line 1 ends in no BIO tag"):
        read_benchmark(str(tmp_path / "dev.conll"), "dev")


@pytest.mark.parametrize("separator", ["\t", " NN X "])
def test_conll(tmp_path, separator):
    lines = [f"{token}{separator}{tag}" for token, tag in zip(TOKENS, TAGS, strict=True)]
    write(tmp_path, "dev.tsv", "-DOCSTART-\tO\n\n" + "\n".join(lines) + f"\n\n\nNone{separator}O\n")
    first, second = read_benchmark(str(tmp_path), "dev").tagged
    assert (list(first.tokens), list(first.tags)) == (TOKENS, TAGS)
    assert second.tokens == ("None",)


def test_other_schemes_and_untyped_tags_are_converted_to_bio(tmp_path):
    write(tmp_path, "dev.conll", "breast\tB-X\nand\tI-X\ncancer\tE-X\ngout\tS-X\n")
    assert only(tmp_path).tags == ("B-X", "I-X", "I-X", "B-X")
    write(tmp_path, "train.tsv", "breast\tB\ncancer\tI\n")
    assert only(tmp_path, "train", types={"_": "Disease"}).tags == ("B-Disease", "I-Disease")


PUBTATOR = """\
123|t|Gout and BRCA1.
123|a|Fevers in ataxia-telangiectasia.
123\t0\t4\tGout\tDisease\tD006073
123\t9\t14\tBRCA1\tGene\t672
123\t26\t47\tataxia-telangiectasia\tSpecificDisease\tD001260
123\tCID\tD1\tD2

124|t|Nothing
124|a|here.
"""


def test_pubtator(tmp_path):
    write(tmp_path, "dev.pubtator", PUBTATOR)
    document, empty = read_benchmark(str(tmp_path), "dev").tagged
    assert document.text == "Gout and BRCA1. Fevers in ataxia-telangiectasia."
    assert [document.text[a:b] for a, b, _ in document.entities] == [
        "Gout",
        "BRCA1",
        "ataxia-telangiectasia",
    ]
    assert document.tags[-4:] == (
        "B-SpecificDisease",
        "I-SpecificDisease",
        "I-SpecificDisease",
        "O",
    )
    assert set(empty.tags) == {"O"}
    assert "relations between concepts, not read: 1" in read_benchmark(str(tmp_path), "dev").notes


def test_types_are_renamed_or_left_out(tmp_path):
    write(tmp_path, "dev.pubtator", PUBTATOR)
    data = read_benchmark(
        str(tmp_path), "dev", {"Disease": "Disease", "SpecificDisease": "Disease"}
    )
    assert data.types == {"Disease"}
    assert [type_ for *_, type_ in data.tagged[0].entities] == ["Disease", "Disease"]
    assert data.tagged[0].tags.count("B-Disease") == 2


def test_pubtator_offsets_must_fit(tmp_path):
    write(tmp_path, "dev.pubtator", PUBTATOR.replace("\t0\t4\t", "\t1\t5\t"))
    with pytest.raises(UserError, match="line 3: 'Gout' is not the text from 1 to 5"):
        read_benchmark(str(tmp_path), "dev")


def test_brat(tmp_path):
    write(tmp_path, "dev/one.txt", "Gout,\r\nbreast or ovarian cancer.")
    write(
        tmp_path,
        "dev/one.ann",
        "T1\tDisease 0 4\tGout\nT2\tDisease 7 13;25 31\tbreast cancer\n#1\tNote T1\tx\n",
    )
    row = only(tmp_path)
    assert [row.text[a:b] for a, b, _ in row.entities] == ["Gout", "breast or ovarian cancer"]
    assert row.tags == ("B-Disease", "O", "B-Disease", "I-Disease", "I-Disease", "I-Disease", "O")


def test_biobert_relation_files(tmp_path):
    write(tmp_path, "train.tsv", "@GENE$ in @DISEASE$.\t1\n@DISEASE$ without @GENE$.\t0\n")
    write(
        tmp_path,
        "test.tsv",
        "index\tsentence\tlabel\n40\t@GENE$ in @DISEASE$.\t1\n41\t@DISEASE$.\t0\n",
    )
    train, test = (read_benchmark(str(tmp_path), split).labelled for split in ("train", "test"))
    assert [(row.id, row.label) for row in train] == [("1", 1), ("2", 0)]
    assert [(row.id, row.label) for row in test] == [("40", 1), ("41", 0)]
    assert test[0].text == train[0].text


def test_dataset_folder(ner_dataset, relation_dataset):
    data = read_benchmark(str(ner_dataset), "validation")
    assert data.tagged and data.types == {"Disease"}
    assert {
        row.label
        for row in read_benchmark(f"{relation_dataset}:demo-gene-disease", "train").labelled
    } == {0, 1}


def test_rows_with_masked_words_are_left_out_and_counted(masked_dataset, tmp_path):
    data = read_benchmark(str(masked_dataset), "train")
    assert [row.tokens[2] for row in data.tagged] == ["x2", "x4", "x6", "x8"]
    assert [row.tokens[2] for row in data.masked] == ["x1", "x3", "x7", "x9"]
    assert data.notes == ("rows with masked words (tag -1), left out: 4",)
    assert all(row.tags == ("B-Disease", "O", "O", "O") for row in (*data.tagged, *data.masked))
    (renamed,) = {row.tags for row in read_benchmark(str(masked_dataset), "train", {}).masked}
    assert renamed == ("B-Disease", "O", "O", "O")
    for part in (masked_dataset / "data" / "demo-masked").glob("train-*"):
        rows = Dataset.from_parquet(str(part))
        rows.filter(lambda row: -1 in row["ner_tags"]).to_parquet(part)
    with pytest.raises(UserError, match="every row has words without a tag"):
        read_benchmark(str(masked_dataset), "train")


def test_longest_of_overlapping_entities_is_kept():
    row = tagged_text(
        "1", "breast cancer-free", [(0, 6, "Organ"), (0, 13, "Disease"), (7, 13, "Sign")]
    )
    assert row.entities == ((0, 13, "Disease"),)
    assert row.tags == ("B-Disease", "I-Disease", "O", "O")


def test_missing_split_and_empty_file_are_refused(tmp_path):
    write(tmp_path, "dev.jsonl", "\n")
    with pytest.raises(UserError, match="no row in its dev split"):
        read_benchmark(str(tmp_path), "dev")
    with pytest.raises(UserError):
        read_benchmark(str(tmp_path), "test")


def test_mention_of_a_type_that_is_not_scored_hides_no_other(tmp_path):
    row = {
        "id": "1",
        "text": "The gout clinic was new.",
        "entities": [[4, 15, "Place"], [4, 8, "Disease"]],
    }
    write(tmp_path, "dev.jsonl", json.dumps(row) + "\n")
    data = read_benchmark(str(tmp_path), "dev", {"Disease": "Disease"})
    assert data.tagged[0].entities == ((4, 8, "Disease"),)
    with pytest.raises(UserError, match=r"marks no Drug in its dev split: .*Disease, Place"):
        read_benchmark(str(tmp_path), "dev", {"Drug": "Drug"})
