"""The evidence report of a tiny recipe, from its answers and a small benchmark."""

import json
from pathlib import Path

import pytest

from corpusmith.errors import UserError
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.plan import Plan
from corpusmith.teacher.ledger import Answer, Ledger
from corpusmith.teacher.payload import payload_key
from tests.evidence.reported import report


def test_report_without_training_quotes_no_benchmark_sentence(
    recipe: Path, ledger: Path, benchmarks: Path, tmp_path: Path
) -> None:
    out = tmp_path / "report"
    text = ("acceptance", "form", "unlabelled", "map", "memorisation")
    document = report(str(recipe), out, ledger=ledger, benchmarks=benchmarks, only=text)
    sections = document["sections"]

    assert json.loads((out / "report.json").read_text(encoding="utf-8")) == document
    accepted, answered = (sections["acceptance"]["counts"][key] for key in ("accepted", "answered"))
    assert sections["acceptance"]["accepted_share"] == round(accepted / answered, 4)
    assert sections["acceptance"]["rejected_by_reason"] == {"preamble": 8}
    low, high = sections["acceptance"]["ci95"]
    assert low < accepted / answered < high
    assert sections["form"]["reference_statistics"]["tiny/dev"][
        "share_without_mention"
    ] == pytest.approx(8 / 24, abs=1e-4)
    assert sections["map"]["two_sample"]["auroc"] > 0.9  # two templates that share hardly a word
    assert sections["map"]["real"] == {"tiny/dev": 24, "tiny/train": 40}
    told = sections["unlabelled"]["labels"]["Disease"]
    assert told["labelled"] > 20 and told["unlabelled"] == sum(
        name["unlabelled"] for name in told["names"]
    )
    near = sections["memorisation"]["nearest"]["tiny/dev"]
    assert near["synthetic"]["max"] < near["real"]["max"] <= 1.0
    assert near["synthetic"]["rows"] == sections["map"]["synthetic"]  # each written sentence once

    page = (out / "README.md").read_text(encoding="utf-8")
    for name in ("acceptance", "form", "map"):
        assert (out / f"{name}.png").read_bytes().startswith(
            b"\x89PNG"
        ) and f"![{name}]({name}.png)" in page
    for file in (path for path in out.rglob("*") if path.is_file()):
        assert b"was screened" not in file.read_bytes(), f"a benchmark sentence in {file}"


def test_sections_are_kept_until_corpus_changes(
    recipe: Path, ledger: Path, benchmarks: Path, tmp_path: Path
) -> None:
    out = tmp_path / "report"
    report(str(recipe), out, ledger=ledger, benchmarks=benchmarks, only=["acceptance"])
    again = report(str(recipe), out, ledger=ledger, benchmarks=benchmarks, only=["form"])
    assert set(again["sections"]) == {"acceptance", "form"}

    content = recipe.read_text(encoding="utf-8").replace("replacements: 2", "replacements: 1")
    recipe.write_text(content, encoding="utf-8")
    other = report(str(recipe), out, ledger=ledger, benchmarks=benchmarks, only=["form"])
    assert set(other["sections"]) == {"form"}
    assert "From request to row" not in (out / "README.md").read_text(encoding="utf-8")


def test_sections_that_need_a_benchmark_are_left_out_without_one(
    recipe: Path, ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CORPUSMITH_BENCHMARKS", raising=False)
    said: list[str] = []
    text = ("acceptance", "form", "unlabelled", "map", "memorisation")
    document = report(str(recipe), tmp_path / "report", ledger=ledger, only=text, say=said.append)
    assert set(document["sections"]) == {"acceptance", "form", "unlabelled"}
    assert any("left out" in line for line in said)
    assert "How far from real text" not in (tmp_path / "report" / "README.md").read_text(
        encoding="utf-8"
    )


def test_error_names_unknown_section(recipe: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no section called forms: choose among acceptance"):
        report(str(recipe), tmp_path, only=["forms"])


@pytest.mark.slow
def test_curve_ablation_and_baselines_are_trained_once(
    recipe: Path, ledger: Path, benchmarks: Path, tmp_path: Path
) -> None:
    out = tmp_path / "report"
    said: list[str] = []
    asked = {
        "ledger": ledger,
        "benchmarks": benchmarks,
        "only": ("curve", "ablation", "baselines"),
        "seeds": (1, 2),
        "settings": {"epochs": 1, "learning_rate": 5e-4, "batch_tokens": 256},
        "changes": ("augmentation", "no-mention", "leakage"),
        "first": 30,
        "say": said.append,
    }
    planned = report(str(recipe), out, **asked, dry_run=True)
    assert planned["sections"] == {} and not (out / "runs").exists()
    assert said[-1] == "12 students to train, 0 are trained already; nothing was trained"

    sections = report(str(recipe), out, **asked)["sections"]
    results = sorted((out / "runs").glob("*.json"))
    # No weight files remain.
    assert len(results) == 12 and len(list((out / "runs").iterdir())) == 12

    points = sections["curve"]["points"]
    assert [point["rows"] for point in points] == [30, 46]
    assert points[0]["training_rows"] < points[1]["training_rows"]
    assert all(set(point["figures"]["by_seed"]) == {"1", "2"} for point in points)
    assert (
        sections["curve"]["line"]["system"] == "dictionary"
        and sections["curve"]["line"]["figures"]["recall"] > 90
    )

    whole, *changed = sections["ablation"]["rows"]
    assert [row["name"] for row in changed] == [
        "Neither contrasts nor replacements",
        "Only kinds with a mention",
    ]
    assert sections["ablation"]["left_out"] == [
        "Rows that share n-grams with a benchmark kept: it changes no row."
    ]
    for row in changed:
        test = row["difference"]
        assert row["training_rows"] < whole["training_rows"]
        difference = row["figures"]["strict_f1"] - whole["figures"]["strict_f1"]
        assert (
            test["difference"] == pytest.approx(difference)
            and test["ci95"][0] <= difference <= test["ci95"][1]
        )

    systems = {row["system"]: row for row in sections["baselines"]["rows"]}
    assert set(systems) == {"dictionary", "synthetic", "gold", "gold+synthetic"}
    # A tenth of the 40 real sentences is the validation split.
    assert systems["gold"]["training_rows"] == 36
    assert systems["gold+synthetic"]["training_rows"] == 36 + whole["training_rows"]
    assert systems["synthetic"]["figures"] == whole["figures"] == points[-1]["figures"]
    assert "gap_closed" not in sections["baselines"]  # there is no zero-shot LLM

    page = (out / "README.md").read_text(encoding="utf-8")
    assert (
        "![curve](curve.png)" in page
        and "![ablation](ablation.png)" in page
        and "learning_rate" in page
    )
    for file in (path for path in out.rglob("*") if path.is_file()):
        assert b"was screened" not in file.read_bytes() and b'"screened"' not in file.read_bytes()

    before = {path: path.stat().st_mtime_ns for path in results}
    results[0].unlink()
    again = report(str(recipe), out, **asked)["sections"]
    assert again == sections  # the missing student, trained again, is the same
    assert {path for path in results if path.stat().st_mtime_ns != before[path]} == {results[0]}

    fewer = report(str(recipe), out, **asked | {"only": ["baselines"]}, systems=["synthetic"])[
        "sections"
    ]["baselines"]
    assert [row["system"] for row in fewer["rows"]] == ["dictionary", "synthetic"]
    assert "students on gold: not asked for" in fewer["left_out"]
    with pytest.raises(UserError, match="no students called silver"):
        report(str(recipe), out, **asked, systems=["silver"])

    other = tmp_path / "other.yaml"
    other.write_text(
        f"extends: {recipe}\nname: other\ntitle: Half of the requests\nrows: 28\n", encoding="utf-8"
    )
    asked |= {"only": ["ablation"], "changes": ()}
    first, second = report(str(recipe), out, **asked, beside=[str(other)])["sections"]["ablation"][
        "rows"
    ]
    assert first["figures"] == whole["figures"] and second["name"] == "Half of the requests"
    assert second["training_rows"] < first["training_rows"] and set(
        second["figures"]["by_seed"]
    ) == {"1", "2"}
    with pytest.raises(UserError, match="gad can't be compared with"):
        report(str(recipe), out, **asked, beside=["gad"])


@pytest.mark.slow
def test_relation_report_uses_two_fold_cross_validation_and_states_gap(
    relation_recipe: Path, encoder: Path, tmp_path: Path
) -> None:
    relation_recipe.write_text(
        relation_recipe.read_text(encoding="utf-8") + "benchmarks: [re/tiny]\n", encoding="utf-8"
    )
    requests = list(Plan(load_recipe(str(relation_recipe))).requests())
    with Ledger(tmp_path / "ledger.sqlite") as opened:
        opened.add((payload_key(request.payload), request.payload) for request in requests)
        opened.record(
            Answer(
                payload_key(r.payload),
                f"In cohort {r.index} {' and '.join(s.text for s in r.seeds)} were {r.kind.label}",
            )
            for r in requests
        )
    folder = tmp_path / "benchmarks" / "re" / "tiny"
    folder.mkdir(parents=True)
    rows = [
        {
            "id": f"r-{i}",
            "fold": i % 5,
            "text": f"@GENE$ was seen with @DISEASE$ in study {i}.",
            "label": i % 2,
        }
        for i in range(40)
    ]
    (folder / "dev.jsonl").write_text(
        "".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8"
    )
    answers = tmp_path / "zero-shot.jsonl"
    answers.write_text(
        "".join(json.dumps({"id": r["id"], "label": r["label"]}) + "\n" for r in rows),
        encoding="utf-8",
    )

    out = tmp_path / "report"
    asked = {
        "ledger": tmp_path / "ledger.sqlite",
        "benchmarks": tmp_path / "benchmarks",
        "encoder": str(encoder),
    }
    document = report(
        str(relation_recipe),
        out,
        **asked,
        only=["baselines"],
        seeds=[3],
        settings={"epochs": 1},
        zero_shot=answers,
    )
    section = document["sections"]["baselines"]
    figures = {row["system"]: row["figures"] for row in section["rows"]}
    assert list(figures) == ["always-related", "synthetic", "gold", "gold+synthetic", "zero-shot"]
    assert figures["always-related"]["macro_f1"] == pytest.approx(100 / 3)
    assert figures["zero-shot"]["macro_f1"] == figures["zero-shot"]["positive_f1"] == 100.0
    assert "auroc" in figures["synthetic"] and "auroc" not in figures["gold"]
    assert section["gap_closed"]["value"] == pytest.approx(
        (figures["synthetic"]["macro_f1"] - 100) / (figures["gold"]["macro_f1"] - 100)
    )
    assert "two-fold cross-validation" in section["notes"][0]
    # The whole recipe, and two folds of each of the others.
    assert len(list((out / "runs").glob("*.json"))) == 5
    assert "Gap closed" in (out / "README.md").read_text(encoding="utf-8")

    asked |= {"only": ["baselines"], "seeds": [3], "settings": {"epochs": 1}, "zero_shot": answers}
    answers.write_text(
        "".join(json.dumps({"id": r["id"], "label": 1}) + "\n" for r in rows[:9]), encoding="utf-8"
    )
    part = report(str(relation_recipe), out, **asked)["sections"]["baselines"]
    of_part = {row["system"]: row["figures"] for row in part["rows"]}
    assert (
        of_part["synthetic"] == figures["synthetic"]
        and of_part["always-related"] == figures["always-related"]
    )
    assert of_part["zero-shot"]["recall"] == 100.0 and of_part["zero-shot"][
        "precision"
    ] == pytest.approx(400 / 9)
    assert (
        "9 of the 40 sentences" in part["notes"][1] and part["gap_closed"] != section["gap_closed"]
    )
    above = {row["system"]: row.get("above", {}) for row in part["rows"]}
    assert list(above["zero-shot"]) == ["always-related"]  # equal on the nine rows that were sent
    assert [test["difference"] for test in above["zero-shot"]["always-related"].values()] == [
        0.0,
        0.0,
    ]
    for score, test in above["synthetic"]["always-related"].items():
        gained = of_part["synthetic"][score] - of_part["always-related"][score]
        assert (
            test["difference"] == pytest.approx(gained)
            and test["ci95"][0] <= gained <= test["ci95"][1]
        )
    assert list(above["synthetic"]) == list(above["gold"]) == ["always-related", "zero-shot"]
    answers.write_text('{"id": "of another", "label": 1}\n', encoding="utf-8")
    with pytest.raises(UserError, match="predicts no row of tiny, dev"):
        report(str(relation_recipe), out, **asked)
