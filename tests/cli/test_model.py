"""The verbs that train and evaluate models, on the tiny corpus and encoder of tests/fixtures."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from corpusmith.cli.main import app
from corpusmith.cli.model import parse_seeds, parse_types, training_config
from corpusmith.errors import UserError
from tests.fixtures.training import TAGS, ner_rows
from tests.training.models import write_model


def corpusmith(*arguments: object) -> str:
    """Run a verb in this process, since torch imports slowly, and return its output."""
    done = CliRunner().invoke(app, [*map(str, arguments)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path) -> Path:
    return write_model(
        tmp_path_factory.mktemp("model"), tiny_encoder, TAGS, {"task": "ner", "max_length": 64}
    )


@pytest.fixture(scope="module")
def benchmark(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sentences of the corpus, with the entity type renamed to Illness."""
    folder = tmp_path_factory.mktemp("benchmark")
    names = ["O", "B-Illness", "I-Illness"]
    rows = [row | {"ner_tags": [names[tag] for tag in row["ner_tags"]]} for row in ner_rows()]
    (folder / "dev.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_train_reads_settings_file_and_trains_several_seeds(
    ner_dataset: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    (tmp_path / "settings.yaml").write_text(
        "tracker: none\nlearning_rate: 5e-3\nmixed_precision: bf16\nepochs: 9\n"
    )
    line = [
        "train",
        ner_dataset,
        "--encoder",
        tiny_encoder,
        "--out",
        tmp_path / "out",
        "--seeds",
        "1,2",
    ]
    printed = corpusmith(*line, "--epochs", 2, "--config", tmp_path / "settings.yaml")

    report = json.loads((tmp_path / "out" / "training.json").read_text())
    used = report["hyperparameters"]
    assert (used["learning_rate"], used["mixed_precision"], used["epochs"]) == (5e-3, "bf16", 2)
    assert report["seeds"]["values"].keys() == {"1", "2"}
    assert (
        f"2 seeds: mean {report['seeds']['mean']:.1f}, deviation {report['seeds']['stdev']:.1f}"
        in printed
    )
    assert f"strict_f1 {report['best']['value']:.1f} on validation at epoch" in printed


@pytest.mark.slow
def test_train_in_two_processes(ner_dataset: Path, tiny_encoder: Path, tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text("tracker: none\n")
    line = [
        "train",
        ner_dataset,
        "--encoder",
        tiny_encoder,
        "--out",
        tmp_path / "out",
        "--epochs",
        1,
    ]
    corpusmith(*line, "--config", tmp_path / "settings.yaml", "--num-processes", 2)
    assert json.loads((tmp_path / "out" / "training.json").read_text())["hardware"].startswith(
        "2 x"
    )


def test_evaluate_renames_types_splits_seen_from_unseen_and_compares(
    model: Path, benchmark: Path, ner_dataset: Path, tmp_path: Path
) -> None:
    never = tmp_path / "never.jsonl"
    never.write_text(
        "".join(
            json.dumps({"id": r["id"], "ner_tags": ["O"] * len(r["tokens"])}) + "\n"
            for r in ner_rows()
        )
    )
    line = [
        "evaluate",
        model,
        benchmark,
        "--split",
        "dev",
        "--types",
        "Illness=Disease",
        "--training",
        ner_dataset,
    ]
    printed = corpusmith(*line, "--against", never, "--json", tmp_path / "out.json")
    figures = json.loads((tmp_path / "out.json").read_text())
    assert figures["by_type"].keys() == {"Disease"}
    assert (
        figures["mentions"]["seen"]["support"] == figures["by_type"]["Disease"]["support"]
    )  # every mention occurs in training
    assert figures["against"]["difference"] == pytest.approx(figures["strict_f1"])
    assert (
        f"strict F1 {figures['strict_f1']:.1f}" in printed
        and f"{figures['errors']['missed']['count']} missed" in printed
    )
    assert f"seen F1 {figures['mentions']['seen']['f1']:.1f}" in printed
    assert f"against {never}: {figures['strict_f1']:+.1f}" in printed


def test_export_prints_int8_loss_if_measured(
    model: Path, ner_dataset: Path, tmp_path: Path
) -> None:
    assert "give --benchmark" in corpusmith("export", model)
    printed = corpusmith(
        "export", model, "--benchmark", ner_dataset, "--json", tmp_path / "out.json"
    )
    figures = json.loads((tmp_path / "out.json").read_text())
    assert figures["lost"] == figures["fp32"] - figures["int8"]
    assert f"int8 loses {figures['lost']:.2f} of {figures['fp32']:.2f} strict F1" in printed


def test_search_runs_short_trials_then_trains_best_settings_in_full(
    ner_dataset: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    pytest.importorskip("optuna")
    (tmp_path / "settings.yaml").write_text("tracker: none\npatience: null\n")
    line = [
        "search",
        ner_dataset,
        "--encoder",
        tiny_encoder,
        "--out",
        tmp_path / "out",
        "--trials",
        2,
        "--finalists",
        1,
    ]
    printed = corpusmith(*line, "--epochs", 2, "--config", tmp_path / "settings.yaml")
    found = json.loads((tmp_path / "out" / "search.json").read_text())
    assert len(found["trials"]) == 2 and found["best"]["settings"]["epochs"] == 2
    assert (
        f"trial {found['best']['trial']}: {found['best']['value']:.1f} on validation; learning_rate"
        in printed
    )
    assert (tmp_path / "out" / "model.safetensors").exists()


def test_wrong_types_and_settings_are_refused(tmp_path: Path) -> None:
    assert parse_types("") is None
    assert parse_types("A=B,C=B") == {"A": "B", "C": "B"}
    with pytest.raises(UserError, match="give THEIRS=OURS"):
        parse_types("SpecificDisease")
    with pytest.raises(UserError, match=r"cannot read .*none\.yaml: No such file"):
        training_config(tmp_path / "none.yaml", None)
    (tmp_path / "list.yaml").write_text("- epochs\n")
    with pytest.raises(UserError, match="holds no settings"):
        training_config(tmp_path / "list.yaml", None)
    assert parse_seeds("3,1") == [3, 1] and parse_seeds("") == []
    with pytest.raises(UserError, match="--seeds 1;2: give whole numbers"):
        parse_seeds("1;2")


@pytest.mark.slow
def test_model_and_benchmark_may_be_hub_ids(
    hub: str, model: Path, corpus_folder: Path, tmp_path: Path
) -> None:
    """Runs in a child process, since huggingface_hub reads the Hub's URL when it is imported."""
    from corpusmith.hub.publish import About, publish
    from corpusmith.hub.repo import HubTarget

    publish("dataset", corpus_folder, "local/corpus", target=HubTarget(hub))
    publish(
        "model",
        model,
        "local/model",
        about=About(dataset="local/corpus@v0.1.0"),
        target=HubTarget(hub),
    )
    house = str(Path(__file__).parents[2])
    environment = {
        **os.environ,
        "HF_ENDPOINT": hub,
        "HF_HOME": str(tmp_path / "home"),
        "PYTHONPATH": house,
    }
    line = [
        "evaluate",
        "local/model@v0.1.0",
        "local/corpus:demo-disease@v0.1.0",
        "--json",
        str(tmp_path / "out.json"),
    ]
    line = [
        sys.executable,
        "-m",
        "corpusmith",
        *line,
        "--training",
        "local/corpus:demo-disease@v0.1.0",
    ]
    done = subprocess.run(
        line, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    figures = json.loads((tmp_path / "out.json").read_text())
    assert figures["sentences"] == 2 and len(figures["revision"]) == 40
    assert (
        figures["mentions"]["seen"]["support"] == 2
    )  # both mention "cystic fibrosis", as does training
    line[line.index("local/model@v0.1.0")] = "local/model@v9.9.9"
    wrong = subprocess.run(
        line, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert (
        wrong.returncode == 2
        and "error: cannot load local/model" in wrong.stderr
        and "v9.9.9" in wrong.stderr
    )
