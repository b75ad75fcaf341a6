"""The runs of `benchmarks.adapt`: each adapts one student and measures five systems."""

import ast
import hashlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmarks.adapt.table import SYSTEMS
from corpusmith.corpus.build import build
from corpusmith.evaluation.benchmark import read_benchmark
from corpusmith.evaluation.metrics import span_counts
from corpusmith.evaluation.seed_statistics import seed_figures
from corpusmith.evaluation.untrained.predictions import lookup_tags
from corpusmith.extraction.assist.assist import AssistedExtractor
from corpusmith.files import PACKAGE, read_json, shipped, write_json
from corpusmith.inference import EntityExtractor
from corpusmith.processes import environment, module_command
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.lookup import corpus_lookup
from corpusmith.training.config import task_settings

METHOD = ("training/adapt/rounds.py", "training/adapt/choice.py", "extraction/assist/*.py")
EVERY = 10**9


@dataclass(frozen=True)
class Set:
    """A corpus folder, and the folder of its benchmark."""

    name: str
    corpus: Path
    benchmark: Path


@dataclass(frozen=True)
class Plan:
    """The options that every run shares."""

    work: Path
    out: Path
    split: str
    config: Path | None

    def method(self) -> str:
        """A hash of the method's code (without comments and docstrings) and settings."""
        digest = hashlib.sha256()
        settings = yaml.safe_load(shipped("training", "settings", "adapt.yaml").read_text("utf-8"))
        if self.config:
            settings |= yaml.safe_load(self.config.read_text(encoding="utf-8"))
        digest.update(json.dumps(settings, sort_keys=True).encode())
        for path in sorted(path for pattern in METHOD for path in PACKAGE.glob(pattern)):
            digest.update(code_of(path).encode())
        return digest.hexdigest()[:12]


def code_of(path: Path) -> str:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if not isinstance(body, list) or len(body) < 2:
            continue
        if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
            body.pop(0)  # the docstring
    return ast.dump(tree)


def one_set(name: str, given: dict[str, Any], root: Path, work: Path) -> Set:
    """The set, its corpus built if it is not yet."""
    recipe = str(given.get("recipe", name))
    benchmark = root / str(given.get("benchmark") or load_recipe(recipe).benchmarks[0])
    if "corpus" in given:
        return Set(name, Path(given["corpus"]), benchmark)
    corpus = work / name / "dataset"
    if not (corpus / "build.json").exists():
        ledger = given.get("ledger")
        build(recipe, corpus, Path(ledger) if ledger else None, root)
    return Set(name, corpus, benchmark)


def documents_of(one: Set, work: Path) -> Path:
    """The unlabelled sentences of a set in a file of their own: words only."""
    files = [one.benchmark / f"{name}.jsonl" for name in ("unlabelled", "train")]
    source = next(file for file in files if file.exists())
    target = work / one.name / "documents.jsonl"
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open(encoding="utf-8") as rows, target.open("w", encoding="utf-8") as words:
        for line in rows:
            words.write(json.dumps({"tokens": json.loads(line)["tokens"]}) + "\n")
    return target


def timed(*arguments: object) -> dict[str, float]:
    """Run a verb in a process of its own; its time and peak memory. Raises if it fails."""
    begun = time.monotonic()
    line = module_command("corpusmith", *arguments)
    child = subprocess.Popen(line, env=environment(HF_HUB_OFFLINE="1"))
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"`corpusmith {' '.join(map(str, arguments))}` failed: see above")
    return {
        "seconds": round(time.monotonic() - begun, 1),
        "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 1),
        "peak_memory_mb": round(usage.ru_maxrss / 1024),
    }


def student_of(one: Set, encoder: str, seed: int, plan: Plan) -> Path:
    """The synthetic student, trained if it is not yet."""
    folder = plan.work / one.name / Path(encoder).name / f"seed-{seed}"
    if read_json(folder / "training.json") is None or (folder / "state").exists():
        config = plan.work / "training.json"
        write_json({**task_settings("ner"), "tracker": "none", "seed": seed}, config)
        cost = timed("train", one.corpus, "--out", folder, "--encoder", encoder, "--config", config)
        write_json(cost, folder.with_name(f"{folder.name}-cost.json"))
    return folder


def adapted_of(one: Set, student: Path, size: str, seed: int, plan: Plan) -> tuple[Path, dict]:
    """The adapted student and the time and memory that it took."""
    out = student.with_name(f"{student.name}-{size}-{plan.method()}")
    settings = yaml.safe_load(plan.config.read_text(encoding="utf-8")) if plan.config else {}
    settings["sentences"] = EVERY if size == "all" else int(size)
    config, cost = out.with_suffix(".json"), out.with_name(f"{out.name}-cost.json")
    write_json(settings, config)
    if read_json(out / "training.json") is None:
        documents = documents_of(one, plan.work)
        given = ("--documents", documents, "--corpus", one.corpus, "--config", config)
        write_json(timed("adapt", student, *given, "--seed", seed, "--out", out), cost)
    return out, read_json(cost) or {}


def run_one(one: Set, encoder: str, seed: int, size: str, plan: Plan) -> dict[str, Any]:
    """Adapt and measure once. Row counts stay in `plan.work`; the figures are returned."""
    student = student_of(one, encoder, seed, plan)
    adapted, cost = adapted_of(one, student, size, seed, plan)
    rows = read_benchmark(str(one.benchmark), plan.split).tagged
    words, gold = [row.tokens for row in rows], [row.tags for row in rows]
    lookup = corpus_lookup(one.corpus)
    found = {"lookup": [lookup_tags(lookup, row) for row in words]}
    for name, model in (("synthetic", student), ("adapted", adapted)):
        found[name] = EntityExtractor.from_pretrained(model, backend="torch").tag(words)
        assisted = AssistedExtractor.from_pretrained(model, lookup=lookup, backend="torch")
        found[f"{name}, assisted"] = assisted.tag(words)
    counts = np.stack([span_counts(gold, found[name]) for name in SYSTEMS], axis=1)
    key = run_key(one.name, encoder, seed, size, plan)
    for system in ("adapted", "assisted"):
        tags = found["adapted" if system == "adapted" else "adapted, assisted"]
        pairs = zip(rows, tags, strict=True)
        lines = [json.dumps({"id": row.id, "ner_tags": of_row}) + "\n" for row, of_row in pairs]
        (plan.work / f"{key}-{system}.jsonl").write_text("".join(lines), encoding="utf-8")
    np.save(plan.work / f"{key}.npy", counts)
    facts = read_json(adapted / "training.json")["adapted"]
    shutil.rmtree(adapted)
    return {
        "key": key,
        "set": one.name,
        "corpus": read_json(one.corpus / "build.json")["content_hash"],
        "encoder": Path(encoder).name,
        "seed": seed,
        "sentences": size,
        "sentences_used": facts["sentences_used"],
        "split": plan.split,
        "method": plan.method(),
        "systems": {name: scores_of(counts[:, i], seed) for i, name in enumerate(SYSTEMS)},
        "chosen_round": facts["chosen_round"],
        "outside_bias": facts["outside_bias"],
        "training": read_json(student.with_name(f"{student.name}-cost.json")),
        "adaptation": cost,
    }


def scores_of(counts: np.ndarray, seed: int) -> dict[str, Any]:
    figures = seed_figures(counts[:, None], "ner", [seed])
    return {
        "strict_f1": figures["strict_f1"],
        "ci95": figures["ci95"]["strict_f1"],
        "precision": figures["precision"],
        "recall": figures["recall"],
    }


def run_key(name: str, encoder: str, seed: int, size: str, plan: Plan) -> str:
    return "-".join([name, Path(encoder).name, str(seed), size, plan.split, plan.method()])


def finished(out: Path) -> Iterator[dict[str, Any]]:
    """The lines of runs.jsonl; an incomplete last line of a killed run is left out."""
    file = out / "runs.jsonl"
    for line in file.read_text(encoding="utf-8").splitlines(keepends=True) if file.exists() else ():
        if line.endswith("\n"):
            yield json.loads(line)


def add_line(line: dict[str, Any], out: Path) -> None:
    """Append to runs.jsonl by way of a new file, so that a killed run leaves whole lines."""
    lines = [*finished(out), line]
    partial = out / "runs.partial"
    partial.write_text("".join(json.dumps(row) + "\n" for row in lines), encoding="utf-8")
    partial.replace(out / "runs.jsonl")
