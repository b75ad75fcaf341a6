import json
import subprocess
import sys
from pathlib import Path

import pytest

from corpusmith.cli.corpus import parse_shard
from corpusmith.errors import UserError
from tests.cli.command import corpusmith, corpusmith_in_child
from tests.teacher.fake_teacher import FakeTeacher


def test_help_imports_nothing_heavy() -> None:
    heavy = ("torch", "datasets", "transformers", "openai", "gradio", "huggingface_hub", "yaml")
    program = (
        f"import corpusmith.cli.main, sys; print([name for name in {heavy} if name in sys.modules])"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert finished.stdout.strip() == "[]"


def test_recipes_lists_source_of_answers() -> None:
    listed = corpusmith("recipes").stdout
    assert "ncbi-disease" in listed and "demo-gene-disease" in listed
    assert "answers shipped" in listed


def test_user_error_is_one_line_and_status_2(tmp_path: Path) -> None:
    finished = corpusmith_in_child("build", "nothing-of-the-sort", "--out", tmp_path / "out")
    assert finished.returncode == 2
    assert finished.stderr.startswith("error: no recipe 'nothing-of-the-sort'")
    assert "Traceback" not in finished.stderr


def test_verbose_shows_the_traceback(tmp_path: Path) -> None:
    finished = corpusmith_in_child(
        "--verbose", "build", "nothing-of-the-sort", "--out", tmp_path / "out"
    )
    assert finished.returncode != 0 and "Traceback" in finished.stderr


def test_dry_run_prints_requests_tokens_and_cost_and_sends_nothing(
    ner_recipe: Path, tmp_path: Path
) -> None:
    prices = tmp_path / "prices.toml"
    prices.write_text('["tiny-teacher"]\ninput = 100\noutput = 200\n', encoding="utf-8")
    ledger = tmp_path / "ledger.sqlite"
    unreachable = {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    finished = corpusmith(
        "generate", ner_recipe, "--ledger", ledger, "--prices", prices, "--dry-run", **unreachable
    )
    assert finished.returncode == 0, finished.stderr
    assert (
        "60 requests to tiny-teacher" in finished.stdout and "nothing was sent" in finished.stdout
    )
    assert "cost unknown" not in finished.stdout
    assert (
        "cost unknown"
        in corpusmith("generate", ner_recipe, "--ledger", ledger, "--dry-run", **unreachable).stdout
    )


def test_failed_generation_neither_prints_nor_stores_the_api_key(
    ner_recipe: Path, tmp_path: Path
) -> None:
    secret, ledger = "planted-credential-0123456789", tmp_path / "kept" / "ledger.sqlite"
    with FakeTeacher(key="another").serve() as url:
        finished = corpusmith(
            "--verbose",
            "generate",
            ner_recipe,
            "--ledger",
            ledger,
            "--base-url",
            url,
            OPENAI_API_KEY=secret,
        )
    written = b"".join(path.read_bytes() for path in ledger.parent.iterdir()).decode("latin-1")
    assert "Traceback" in finished.stderr and "refuses the API key" in finished.stderr and written
    assert secret not in finished.stdout + finished.stderr + written


def test_new_writes_loadable_recipe_and_shows_five_prompts(tmp_path: Path) -> None:
    names = [
        "pacemaker",
        "stent",
        "catheter",
        "ventilator",
        "hip prosthesis|hip implant",
        "cochlear implant",
    ]
    names += ["insulin pump", "defibrillator", "heart valve", "surgical mesh", "dialysis machine"]
    (tmp_path / "words.txt").write_text("\n".join(names), encoding="utf-8")
    finished = corpusmith(
        "new", "medical-device", "--words", "words.txt", cwd=tmp_path, OPENAI_BASE_URL=""
    )
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.count("\n[") + finished.stdout.startswith("[") == 5
    assert corpusmith("generate", "medical-device.yaml", "--dry-run", cwd=tmp_path).returncode == 0
    again = corpusmith("new", "medical-device", "--words", "words.txt", cwd=tmp_path)
    assert again.returncode == 2 and "exists" in again.stderr


def test_too_few_names_are_refused(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("stent\n", encoding="utf-8")
    finished = corpusmith("new", "device", "--words", "words.txt", cwd=tmp_path)
    assert finished.returncode == 2 and "holds 1 names" in finished.stderr
    assert not (tmp_path / "device.yaml").exists()


def test_doctor_lists_what_to_fix() -> None:
    finished = corpusmith(
        "doctor", OPENAI_BASE_URL="http://127.0.0.1:9/v1", CORPUSMITH_BENCHMARKS=""
    )
    assert finished.returncode == 0, finished.stderr
    assert "! teacher" in finished.stdout and "check OPENAI_BASE_URL" in finished.stdout
    assert "set CORPUSMITH_BENCHMARKS" in finished.stdout


def test_build_prints_accepted_and_rejected_counts(tmp_path: Path) -> None:
    finished = corpusmith("build", "demo-gene-disease", "--out", tmp_path / "out")
    assert finished.returncode == 0, finished.stderr
    counts = json.loads((tmp_path / "out" / "build.json").read_text(encoding="utf-8"))["counts"]
    assert (
        f"{counts['accepted']} rows accepted and {counts['rejected']} rejected" in finished.stdout
    )


@pytest.mark.parametrize("text", ["", "1", "2/2", "-1/3", "a/b"])
def test_bad_shard_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="give I/N"):
        parse_shard(text)


def test_shard_is_parsed_as_two_numbers() -> None:
    assert parse_shard("3/8") == (3, 8)


def test_zero_shot_refuses_to_send_text_without_permission(tmp_path: Path) -> None:
    (tmp_path / "dev.jsonl").write_text(
        '{"id": "1", "tokens": ["gout"], "ner_tags": ["O"]}\n', encoding="utf-8"
    )
    line = [
        "baseline",
        "zero-shot",
        "demo-disease",
        tmp_path,
        "--split",
        "dev",
        "--out",
        tmp_path / "out.jsonl",
    ]
    finished = corpusmith(*line, "--base-url", "http://127.0.0.1:9/v1", cwd=tmp_path)
    assert finished.returncode == 2
    assert "--i-may-send-this-text" in finished.stderr and "127.0.0.1:9" in finished.stderr
    assert not (tmp_path / "out.jsonl").exists()


def test_dictionary_baseline_writes_predictions(tmp_path: Path) -> None:
    row = {"id": "1", "tokens": ["Men", "with", "cystic", "fibrosis", "."], "ner_tags": ["O"] * 5}
    (tmp_path / "dev.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    out = tmp_path / "out.jsonl"
    finished = corpusmith(
        "baseline", "dictionary", "demo-disease", tmp_path, "--split", "dev", "--out", out
    )
    assert finished.returncode == 0, finished.stderr
    assert json.loads(out.read_text(encoding="utf-8"))["ner_tags"] == [
        "O",
        "O",
        "B-Disease",
        "I-Disease",
        "O",
    ]


def test_executor_needs_answers_and_a_known_name(tmp_path: Path) -> None:
    line = ["build", "demo-disease", "--out", tmp_path / "out"]
    assert "give --answers" in corpusmith(*line, "--executor", "local").stderr
    assert (
        "no executor 'cloud'"
        in corpusmith(*line, "--executor", "cloud", "--answers", tmp_path).stderr
    )
    line += ["--answers", tmp_path]
    assert (
        "for --executor slurm, not ray"
        in corpusmith(*line, "--executor", "ray", "--setup", "true").stderr
    )
    assert (
        "give NAME=VALUE"
        in corpusmith(*line, "--executor", "slurm", "--sbatch", "partition").stderr
    )
    spread = ["generate", "demo-disease", "--executor", "local", "--answers", tmp_path]
    for alone in (["--batch"], ["--shard", "1/2"], ["--ledger", tmp_path / "ledger.sqlite"]):
        assert (
            "cannot be used with --batch, --ledger or --shard" in corpusmith(*spread, *alone).stderr
        )


def test_ledger_show_export_import_and_merge(ner_recipe: Path, tmp_path: Path) -> None:
    from corpusmith.recipe.load import load_recipe
    from corpusmith.recipe.plan import Plan
    from corpusmith.teacher.ledger import Answer, Ledger
    from corpusmith.teacher.payload import payload_key

    first = Plan(load_recipe(str(ner_recipe))).request(0).payload
    with Ledger(tmp_path / "a.sqlite") as ledger:
        ledger.add([(payload_key(first), first)])
        ledger.record([Answer(payload_key(first), "An answer.", "stop", 9, 3)])
    shown = corpusmith("ledger", "show", tmp_path / "a.sqlite").stdout
    assert "1 answered" in shown and "9 prompt tokens" in shown and "cost unknown" in shown
    transcript = tmp_path / "t.jsonl.gz"
    assert (
        "1 answers"
        in corpusmith(
            "ledger", "export", tmp_path / "a.sqlite", transcript, "--recipe", ner_recipe
        ).stdout
    )
    assert "1 answered" in corpusmith("ledger", "import", tmp_path / "b.sqlite", transcript).stdout
    assert (
        "1 answered"
        in corpusmith("ledger", "merge", tmp_path / "c.sqlite", tmp_path / "b.sqlite").stdout
    )
    missing = corpusmith("ledger", "show", tmp_path / "none.sqlite")
    assert (
        missing.returncode == 2
        and "no ledger at" in missing.stderr
        and not (tmp_path / "none.sqlite").exists()
    )


def test_help_shows_the_groups_and_every_verb() -> None:
    from corpusmith.cli.main import GROUPS, SUBCOMMANDS

    shown = corpusmith("--help").stdout
    for group, verbs in GROUPS.items():
        assert f"─ {group} ─" in shown
        for verb in verbs:
            name = verb.__name__.replace("_", "-")
            assert f"│ {name} " in shown
    assert all(f"│ {name} " in shown for name in SUBCOMMANDS)


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["generate"],
        ["generate", "demo-disease", "--shard"],
        ["train", "dataset", "--nonsense"],
        ["build", "demo-disease", "--out", "x", "--memory-gb", "0"],
    ],
)
def test_wrong_usage_is_one_line_and_status_2(arguments: list[str]) -> None:
    finished = corpusmith(*arguments)
    assert finished.returncode == 2 and not finished.stdout
    assert finished.stderr.startswith("error: ") and finished.stderr.count("\n") == 1


def test_unreachable_hub_is_an_error_without_traceback(tmp_path: Path) -> None:
    (tmp_path / "dev.jsonl").write_text('{"id": "1", "tokens": ["a"], "ner_tags": ["O"]}\n')
    line = ("evaluate", "nobody/model", tmp_path, "--split", "dev")
    nowhere = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HUB_DISABLE_TELEMETRY": "1"}
    finished = corpusmith_in_child(*line, **nowhere)
    assert finished.returncode == 2 and "Traceback" not in finished.stderr
    assert "error: " in finished.stderr


def test_version_is_package_version() -> None:
    import corpusmith as package

    assert corpusmith("--version").stdout == f"corpusmith {package.__version__}\n"


def test_interrupt_prints_how_to_continue_and_exits_130(monkeypatch, capsys) -> None:
    from corpusmith.cli import main

    monkeypatch.setattr(
        main, "app", lambda words, standalone_mode: 130
    )  # what typer returns after Ctrl-C
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert ended.value.code == 130 and "same command again" in capsys.readouterr().err
