import io
import json
from pathlib import Path

import datasets
import pyarrow.parquet as pq
import pytest

from corpusmith.corpus.build import build, missing_splits
from corpusmith.corpus.generate import estimate, request_of
from corpusmith.corpus.parquet import NerBuilder, RelationBuilder, write_shards
from corpusmith.corpus.rows import RowWriter, class_names
from corpusmith.corpus.scale.answers import write_answers
from corpusmith.errors import UserError
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.plan import Plan
from corpusmith.recipe.request import Request
from corpusmith.teacher.ledger import Answer, Failure, Ledger
from corpusmith.teacher.payload import payload_key
from corpusmith.teacher.structured import FORMS, in_answer_form


def answer_of(request: Request) -> str:
    """Write a valid answer to the request; every seventh answer is unusable."""
    if request.index % 7 == 6:
        return f"Sure, here it is: {request.index}"
    names = " and ".join(seed.text for seed in request.seeds) or "nothing of note"
    opening = [
        "In the families",
        "Among all controls",
        "At follow-up",
        "Before treatment",
        "In most of the carriers",
    ][request.index % 5]
    share = f"{request.index + 3} of {2 * request.index + 9}"
    return f"{opening} of region {request.index} we found {names} in {share} persons"


def fill(recipe: Path, ledger: Path, answered: int) -> Path:
    plan = Plan(load_recipe(str(recipe)))
    with Ledger(ledger) as opened:
        requests = list(plan.requests())
        opened.add((payload_key(request.payload), request.payload) for request in requests)
        opened.record(
            Answer(payload_key(r.payload), answer_of(r), "stop", 80, 30)
            for r in requests[:answered]
        )
        opened.fail([Failure(payload_key(requests[answered].payload), "finish reason length", 1)])
    return ledger


@pytest.fixture
def built(ner_recipe: Path, tmp_path: Path) -> dict:
    return build(
        str(ner_recipe), tmp_path / "out", fill(ner_recipe, tmp_path / "ledger.sqlite", 50)
    )


def test_corpus_without_validation_rows_is_built_and_names_the_remedy(
    built: dict, ner_recipe: Path, tmp_path: Path
) -> None:
    assert missing_splits(built) is None
    small = build(str(ner_recipe), tmp_path / "few", fill(ner_recipe, tmp_path / "few.sqlite", 2))
    assert small["counts"]["accepted"] == small["splits"]["train"]["rows"] == 2
    problem = missing_splits(small)
    assert problem and "the validation and the test split" in problem and "--rows" in problem


def test_every_request_is_accepted_rejected_failed_or_pending(built: dict) -> None:
    counts = built["counts"]
    assert (
        counts["requests"]
        == 60
        == counts["accepted"] + counts["rejected"] + counts["failed"] + counts["pending"]
    )
    assert (counts["failed"], counts["pending"], counts["answered"]) == (1, 9, 50)
    assert built["rejected_by_reason"] == {"preamble": 7} and built["near_duplicates"] == 0.8
    assert sum(split["rows"] for split in built["splits"].values()) == counts["accepted"] - sum(
        built["filtered_by_reason"].values()
    )


def test_rows_load_with_features_and_keep_invariants(built: dict, tmp_path: Path) -> None:
    files = {
        split: f"{tmp_path}/out/data/tiny-disease/{split}-*.parquet" for split in built["splits"]
    }
    corpus = datasets.load_dataset("parquet", data_files=files, cache_dir=str(tmp_path / "cache"))
    tags = corpus["train"].features["ner_tags"].feature
    assert tags.names == ["O", "B-Disease", "I-Disease"]
    ids = [row["id"] for split in corpus.values() for row in split]
    assert len(ids) == len(set(ids))
    for row in (row for split in corpus.values() for row in split):
        assert all(row["text"][e["start"] : e["end"]] == e["text"] for e in row["entities"])
        assert row["ner_tags"].count(tags.str2int("B-Disease")) == len(row["entities"])
        assert len(row["tokens"]) == len(row["ner_tags"])
        assert row["teacher"] == "tiny-teacher" and row["prompt"].startswith("ner.v1@")


def test_rejected_rows_are_kept_with_reason(built: dict, tmp_path: Path) -> None:
    files = f"{tmp_path}/out/data/rejected/tiny_disease-*.parquet"
    rejected = datasets.load_dataset(
        "parquet", data_files=files, cache_dir=str(tmp_path / "cache")
    )["train"]
    assert rejected["reason"].count("preamble") == 7
    assert all(row["answer"].startswith("Sure") for row in rejected if row["reason"] == "preamble")


def test_splits_share_no_seed_concept(built: dict, tmp_path: Path) -> None:
    seen: dict[str, set[str]] = {}
    for split in built["splits"]:
        rows = datasets.Dataset.from_parquet(
            f"{tmp_path}/out/data/tiny-disease/{split}-00000-of-00001.parquet",
            cache_dir=str(tmp_path / "cache"),
        )
        seen[split] = {e["concept_id"] for row in rows for e in row["entities"]}
    splits = list(seen.values())
    assert not any(a & b for i, a in enumerate(splits) for b in splits[i + 1 :])


def test_long_build_shows_progress(
    ner_recipe: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("corpusmith.progress.QUICK", 0.0)
    monkeypatch.setattr("corpusmith.progress.LOG_EVERY", 0.0)
    facts = build(
        str(ner_recipe), tmp_path / "out", fill(ner_recipe, tmp_path / "ledger.sqlite", 50)
    )
    shown, rows = (
        capsys.readouterr().err,
        facts["counts"]["accepted"] + sum(facts["added_by_augmentation"].values()),
    )
    assert f"{facts['recipe']}, verified: 100%" in shown and "60/60 [" in shown
    assert f"{facts['recipe']}, filtered: 100%" in shown and f"{rows}/{rows} [" in shown


def test_same_recipe_and_ledger_give_same_bytes(
    built: dict, ner_recipe: Path, tmp_path: Path
) -> None:
    again = build(str(ner_recipe), tmp_path / "again", tmp_path / "ledger.sqlite")
    assert again == built
    for path in sorted((tmp_path / "out" / "data").rglob("*.parquet")):
        assert (
            path.read_bytes()
            == (tmp_path / "again" / path.relative_to(tmp_path / "out")).read_bytes()
        )


def test_more_answers_change_content_hash_but_not_fingerprint(
    built: dict, ner_recipe: Path, tmp_path: Path
) -> None:
    more = build(str(ner_recipe), tmp_path / "more", fill(ner_recipe, tmp_path / "more.sqlite", 58))
    assert more["fingerprint"] == built["fingerprint"]
    assert more["content_hash"] != built["content_hash"]


def test_new_prompt_changes_fingerprint(built: dict, ner_recipe: Path, tmp_path: Path) -> None:
    ner_recipe.write_text(
        ner_recipe.read_text(encoding="utf-8").replace("stop:\n    - disease", "stop:\n    - gout"),
        encoding="utf-8",
    )
    other = build(str(ner_recipe), tmp_path / "other", tmp_path / "ledger.sqlite")
    assert other["fingerprint"] != built["fingerprint"]


def test_rows_with_benchmark_text_are_left_out(
    built: dict, ner_recipe: Path, tmp_path: Path
) -> None:
    row = json.loads(
        json.dumps(
            datasets.Dataset.from_parquet(
                f"{tmp_path}/out/data/tiny-disease/train-00000-of-00001.parquet",
                cache_dir=str(tmp_path / "cache"),
            )[0]
        )
    )
    folder = tmp_path / "benchmarks" / "ner" / "leaky"
    folder.mkdir(parents=True)
    leaked = {"id": "1", "tokens": row["tokens"], "ner_tags": ["O"] * len(row["tokens"])}
    (folder / "dev.jsonl").write_text(json.dumps(leaked) + "\n", encoding="utf-8")
    facts = build(
        str(ner_recipe), tmp_path / "clean", tmp_path / "ledger.sqlite", tmp_path / "benchmarks"
    )
    assert facts["filtered_by_reason"].get("8-gram shared with leaky/dev", 0) >= 1
    assert facts["audit"]["leaky/dev"]["leaked_rows_8gram"] == 0


def test_error_for_empty_ledger_names_remedy(ner_recipe: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="corpusmith generate"):
        build(str(ner_recipe), tmp_path / "out", tmp_path / "empty.sqlite")


def test_relations_are_built_with_masks_and_spans(relation_recipe: Path, tmp_path: Path) -> None:
    facts = build(
        str(relation_recipe),
        tmp_path / "out",
        fill(relation_recipe, tmp_path / "ledger.sqlite", 39),
    )
    rows = datasets.Dataset.from_parquet(
        f"{tmp_path}/out/data/tiny-pairs/train-00000-of-00001.parquet",
        cache_dir=str(tmp_path / "cache"),
    )
    assert facts["labels"] == ["unrelated", "related"] == rows.features["label"].names
    assert set(rows["label"]) == {0, 1}
    for row in rows:
        assert row["text"].count("@GENE$") == row["text"].count("@DISEASE$") == 1
        for span in (row["head"], row["tail"]):
            assert row["source_text"][span["start"] : span["end"]] == span["text"]


@pytest.mark.parametrize("recipe", ["ner_recipe", "relation_recipe"])
def test_parquet_equals_output_of_dataset_builder(
    recipe: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corpusmith.corpus.parquet.ROWS_A_GROUP", 7)
    monkeypatch.setattr("corpusmith.corpus.parquet.ROWS_A_SHARD", 14)
    parsed = load_recipe(str(request.getfixturevalue(recipe)))
    writer = RowWriter(parsed, tmp_path / "rows")
    with Ledger(fill(request.getfixturevalue(recipe), tmp_path / "ledger.sqlite", 35)) as ledger:
        writer.write(ledger, None)
    train = writer.work / "train.jsonl"
    odd = json.loads(train.read_text().splitlines()[0]) | {
        "id": "odd",
        "text": 'a "b"\\ \t\x00\u2028 \U0001f9ec 2020-01-01',
    }
    with train.open("a") as out:
        out.write(json.dumps(odd, ensure_ascii=False) + "\n")
    builder_class = NerBuilder if parsed.task == "ner" else RelationBuilder
    names = tuple(class_names(parsed))
    builder = builder_class(
        cache_dir=str(tmp_path / "cache"), class_names=names, rows={"train": train}
    )
    files = sorted(map(str, write_shards(builder, tmp_path / "shards").glob("train-*.parquet")))
    builder.download_and_prepare(str(tmp_path / "made"), file_format="parquet")
    made = datasets.Dataset.from_parquet(
        [str(path) for path in (tmp_path / "made").glob("*.parquet")]
    )
    written = datasets.Dataset.from_parquet(files)
    assert len(files) > 1 and files[0].endswith(f"train-00000-of-{len(files):05d}.parquet")
    assert written.features == made.features == builder.info.features
    assert written.to_list() == made.to_list()
    assert pq.ParquetFile(files[0]).num_row_groups == 2


def test_answers_are_found_for_every_request_form(ner_recipe: Path, tmp_path: Path) -> None:
    parsed = load_recipe(str(ner_recipe))
    asked = {
        "type": "json_schema",
        "json_schema": {"name": "s", "schema": {"type": "string"}, "strict": True},
    }
    teacher = parsed.teacher.model_copy(
        update={"parameters": {**parsed.teacher.parameters, "response_format": asked}}
    )
    structured = parsed.model_copy(update={"teacher": teacher})
    requests = [Plan(structured).request(i) for i in range(6)]
    sent = [in_answer_form(request.payload, FORMS[request.index % 3]) for request in requests]
    keys = [payload_key(payload) for payload in sent]
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        ledger.add(zip(keys, sent, strict=True))
        ledger.record(Answer(key, f"Answer {i}", "stop", 80, 30) for i, key in enumerate(keys[:4]))
        ledger.fail(Failure(key, "refused", 1) for key in keys[4:])
        writer = RowWriter(structured, tmp_path)
        found = [(request.index, answer.text) for request, answer in writer.answered(ledger)]
        planned = estimate(structured, ledger)
        out = io.StringIO()
        pending = write_answers(Plan(structured), ledger, out)
    assert found == [(i, f"Answer {i}") for i in range(4)]
    assert (writer.counts.failed, writer.counts.pending) == (2, 54)
    assert (planned.answered, planned.requests, pending) == (6, 54, 54)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [line.get("text") for line in lines] == [
        "Answer 0",
        "Answer 1",
        "Answer 2",
        "Answer 3",
        None,
        None,
    ]
    assert request_of(writer.plan, sent[5]) == requests[5]
