"""The zero-shot LLM: nothing is sent without permission; its mentions become tags."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpusmith.errors import UserError
from corpusmith.files import shipped
from corpusmith.quality.zero_shot import (
    RowSample,
    ZeroShotTeacher,
    tag_mentions,
    zero_shot_predictions,
)
from corpusmith.recipe.relation import RelationRecipe
from corpusmith.teacher.ledger import Ledger
from tests.teacher.fake_teacher import FakeTeacher

PAIR = RelationRecipe(head="gene", tail="disease")


def benchmark(folder: Path, *rows: dict) -> Path:
    folder.mkdir()
    (folder / "test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_nothing_is_sent_without_permission(tmp_path: Path) -> None:
    folder = benchmark(
        tmp_path / "b", {"id": "1", "tokens": ["Gout", "."], "ner_tags": ["B-Disease", "O"]}
    )
    teacher = FakeTeacher()
    with Ledger(tmp_path / "l.sqlite") as ledger, teacher.serve() as url:
        host = url.removeprefix("http://").removesuffix("/v1")
        with pytest.raises(UserError, match=host):
            refused = ZeroShotTeacher("m", url)
            zero_shot_predictions(RowSample(folder, "test"), tmp_path / "p.jsonl", ledger, refused)
        with pytest.raises(UserError, match=r"dev\.jsonl"):
            allowed = ZeroShotTeacher("m", url, True)
            zero_shot_predictions(RowSample(folder, "dev"), tmp_path / "p.jsonl", ledger, allowed)
        assert teacher.asked.total() == 0 and ledger.counts()["requests"] == 0


def test_mentions_become_tags_through_the_ledger(tmp_path: Path) -> None:
    rows = [
        {
            "id": "1",
            "tokens": ["Familial", "gout", "-", "arthritis", ";", "gout", "."],
            "ner_tags": ["O", "B-Disease", *"OOOOO"],
        },
        {"id": "2", "tokens": ["No", "such", "thing"], "ner_tags": ["O"] * 3},
    ]
    folder, out = benchmark(tmp_path / "b", *rows), tmp_path / "new" / "p.jsonl"
    teacher = FakeTeacher(
        forms=("text",), answer='{{"mentions": ["gout", "Gout-arthritis", "thin", ""]}}'
    )
    with Ledger(tmp_path / "l.sqlite") as ledger, teacher.serve() as url:
        llm = ZeroShotTeacher("m", url, True)
        figures = zero_shot_predictions(RowSample(folder, "test"), out, ledger, llm)
        asked = teacher.asked.total()
        assert zero_shot_predictions(RowSample(folder, "test"), out, ledger, llm) == figures
        assert teacher.asked.total() == asked
    assert figures == {"rows": 2, "requests": 2, "unusable": 0}
    assert [json.loads(line) for line in out.read_text().splitlines()] == [
        {
            "id": "1",
            "ner_tags": ["O", "B-Disease", "I-Disease", "I-Disease", "O", "B-Disease", "O"],
        },
        {"id": "2", "ner_tags": ["O", "O", "O"]},
    ]


def test_relation_answers_other_than_yes_or_no_are_counted(tmp_path: Path) -> None:
    rows = [
        {"id": str(i), "text": f"@GENE$ causes @DISEASE$ in {i} families.", "label": 1}
        for i in range(3)
    ]
    folder, out = benchmark(tmp_path / "b", *rows), tmp_path / "p.jsonl"
    for number, (answer, label, unusable) in enumerate(
        [('{{"related": true}}', 1, 0), ('{{"related": "maybe"}}', 0, 3)]
    ):
        teacher = FakeTeacher(answer=answer)
        with Ledger(tmp_path / f"{number}.sqlite") as ledger, teacher.serve() as url:
            llm = ZeroShotTeacher("m", url, True)
            figures = zero_shot_predictions(RowSample(folder, "test"), out, ledger, llm, PAIR)
        assert figures["unusable"] == unusable
        assert all(
            "@DISEASE$ and @GENE$ stand for" in str(payload["messages"])
            for payload in teacher.payloads
        )
        assert [json.loads(line)["label"] for line in out.read_text().splitlines()] == [label] * 3


def test_relation_types_are_listed_with_statements_and_read_back(tmp_path: Path) -> None:
    types = [
        {"name": "Raises", "statements": ["{head} raises the level of {tail}"]},
        {"name": "blocks", "statements": ["{head} blocks {tail}"]},
    ]
    relation = RelationRecipe.model_validate({"head": "drug", "tail": "drug", "types": types})
    texts = ("@DRUG$ was given with @DRUG$.", "@DRUG$ blocked @DRUG$.", "@DRUG-DRUG$ was given.")
    labels = ("none", "blocks", "raises")
    rows = [
        {"id": str(i), "text": text, "label": label}
        for i, (text, label) in enumerate(zip(texts, labels, strict=True))
    ]
    folder, out = benchmark(tmp_path / "b", *rows), tmp_path / "p.jsonl"
    found = {}
    for answer in ("Raises", "none", "sings"):
        teacher = FakeTeacher(answer=f'{{{{"relation": "{answer}"}}}}')
        with Ledger(tmp_path / f"{answer}.sqlite") as ledger, teacher.serve() as url:
            llm = ZeroShotTeacher("m", url, True)
            done = zero_shot_predictions(RowSample(folder, "test"), out, ledger, llm, relation)
        found[answer] = [json.loads(line)["label"] for line in out.read_text().splitlines()]
        assert done["requests"] == 2 and done["unusable"] == (2 if answer == "sings" else 0)
    assert found == {"Raises": ["raises", "raises", 0], "none": [0, 0, 0], "sings": [0, 0, 0]}
    question = teacher.payloads[0]["messages"][1]["content"]
    assert "blocks: @DRUG1$ blocks @DRUG2$\nnone: none of these" in question
    assert "Sentence: @DRUG1$ " in question


def test_relations_without_a_recipe_are_refused(tmp_path: Path) -> None:
    folder = benchmark(tmp_path / "b", {"id": "1", "text": "@GENE$ and @DISEASE$.", "label": 1})
    llm = ZeroShotTeacher("m", "http://127.0.0.1:9/v1", True)
    with (
        Ledger(tmp_path / "l.sqlite") as ledger,
        pytest.raises(UserError, match="give a recipe for relations"),
    ):
        zero_shot_predictions(RowSample(folder, "test"), tmp_path / "p.jsonl", ledger, llm)


def test_larger_sample_includes_smaller_sample(tmp_path: Path) -> None:
    rows = [
        {"id": str(i), "text": f"@GENE$ causes @DISEASE$ in {i} families.", "label": 1}
        for i in range(20)
    ]
    folder, teacher, ids = (
        benchmark(tmp_path / "b", *rows),
        FakeTeacher(answer='{{"related": true}}'),
        [],
    )
    with Ledger(tmp_path / "l.sqlite") as ledger, teacher.serve() as url:
        for sample in (3, 8, 99):
            llm, out = ZeroShotTeacher("m", url, True), tmp_path / "p.jsonl"
            done = zero_shot_predictions(RowSample(folder, "test", sample), out, ledger, llm, PAIR)
            assert done["requests"] == teacher.answered.total() == min(sample, 20)
            ids.append(
                [
                    int(json.loads(line)["id"])
                    for line in (tmp_path / "p.jsonl").read_text().splitlines()
                ]
            )
    assert (
        set(ids[0]) < set(ids[1])
        and ids[1] == sorted(ids[1]) != list(range(8))
        and ids[2] == list(range(20))
    )


TOKENS = st.lists(st.text("abAB-", min_size=1, max_size=3), max_size=8)


@given(TOKENS, st.lists(st.text("abAB- ", max_size=6), max_size=4))
def test_tags_are_well_formed_and_every_tagged_span_was_listed(
    tokens: list[str], listed: list[str]
) -> None:
    tags = tag_mentions(tokens, {"X": listed})
    assert len(tags) == len(tokens)
    wanted = {"".join(mention.lower().split()) for mention in listed}
    spans, previous = [], "O"
    for token, tag in zip(tokens, tags, strict=True):
        assert tag != "I-X" or previous != "O"
        if tag == "B-X":
            spans.append(token)
        elif tag == "I-X":
            spans[-1] += token
        previous = tag
    assert {span.lower() for span in spans} <= wanted
    if all(tag == "O" for tag in tags):
        joined = {
            "".join(tokens[i:j]).lower()
            for i in range(len(tokens))
            for j in range(i + 1, len(tokens) + 1)
        }
        assert not (wanted & joined)


def test_shipped_predictions_hold_no_text() -> None:
    files = sorted(shipped("builders", "zero_shot").glob("*.jsonl"))
    assert files
    for file in files:
        for row in map(json.loads, file.read_text(encoding="utf-8").splitlines()):
            values = row.pop("ner_tags", None) or [row.pop("label")]
            assert list(row) == ["id"] and re.fullmatch(r"[a-z_0-9]+(-dev)?-[0-9]+", row["id"])
            assert set(values) <= {"O", "B-Disease", "I-Disease", "B-Chemical", "I-Chemical", 0, 1}
