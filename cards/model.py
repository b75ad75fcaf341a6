"""What a model card says of an encoder and how it was measured: facts in, README.md out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from huggingface_hub import EvalResult, ModelCardData

from cards import markdown
from cards.baselines import baselines_table, gap_closed
from cards.markdown import Markdown, code, escape, number, percent

PIPELINES = {"ner": "token-classification", "relations": "text-classification"}
# Not the F1 of the related class: answering "related" to everything earns two thirds of it on balanced data.
HEADLINE = {"ner": "strict_f1", "relations": "macro_f1"}
METRICS = {  # task -> (key of the evaluation, metric id on the Hub, what the card calls it)
    "ner": (
        ("strict_f1", "seqeval", "Strict F1"),
        ("precision", "precision", "Precision"),
        ("recall", "recall", "Recall"),
    ),
    "relations": (
        ("positive_f1", "f1", "F1 of related"),
        ("macro_f1", "f1", "Macro F1"),
        ("precision", "precision", "Precision"),
        ("recall", "recall", "Recall"),
        ("accuracy", "accuracy", "Accuracy"),
        ("mcc", "matthews_correlation", "MCC"),
        ("auroc", "roc_auc", "AUROC"),
    ),
}
SYSTEMS = {  # what an evaluation's "system" says, in the order of the table
    "dictionary": "Dictionary, no learning",
    "always-related": "Always answering related",
    "zero-shot": "The teacher itself, zero-shot",
    "synthetic": "**This model**, on synthetic sentences only",
    "gold": "The same encoder, on real sentences",
    "gold+synthetic": "The same encoder, on both",
}


@dataclass(frozen=True)
class ModelFacts:
    """Everything a model card can say. Figures are percentages, as evaluation writes them."""

    # given by the publisher
    repo_id: str
    version: str
    dataset: str | None = None
    dataset_version: str | None = None
    space: str | None = None
    license: str | None = None
    # read from config.json
    task: str = "ner"
    labels: tuple[str, ...] = ()
    language: str = "en"
    # read from training.json
    encoder: str | None = None
    training: Mapping[str, Any] = field(default_factory=dict)
    # read from evaluation/*.json, each with its "system" (SYSTEMS, or another name) and "real": False on synthetic text
    evaluations: tuple[Mapping[str, Any], ...] = ()
    # read from export.json: F1 of both ONNX files, and what int8 loses
    export: Mapping[str, Any] = field(default_factory=dict)
    # read from report.json: the section `baselines` of the corpus's report
    baselines: Mapping[str, Any] = field(default_factory=dict)
    # read from the files of the repo
    has_onnx: bool = False
    figures: tuple[str, ...] = ()
    # sentences to try, for the widget
    widget: tuple[str, ...] = ()
    # read from the changelog: (version, date, one line), newest first
    versions: tuple[tuple[str, str, str], ...] = ()

    @property
    def own(self) -> tuple[Mapping[str, Any], ...]:
        """Evaluations of this model, not of what it is compared with."""
        return tuple(result for result in self.evaluations if result["system"] == "synthetic")

    @property
    def real(self) -> tuple[Mapping[str, Any], ...]:
        """Evaluations on real text, of this model and of what it is compared with."""
        return tuple(result for result in self.evaluations if result["real"])

    @property
    def types(self) -> set[str]:
        """Entity types that were scored."""
        return {name for result in self.own for name in result.get("by_type", {})}

    @property
    def title(self) -> str:
        return self.repo_id.split("/")[-1]


def metadata(facts: ModelFacts) -> ModelCardData:
    """The front matter; huggingface_hub turns the results into the Hub's model-index."""
    return ModelCardData(
        model_name=facts.title,
        language=facts.language,
        license=facts.license,
        library_name="transformers",
        pipeline_tag=PIPELINES[facts.task],
        base_model=facts.encoder if facts.encoder and facts.encoder.count("/") == 1 else None,
        datasets=[facts.dataset] if facts.dataset else None,
        metrics=sorted({metric for _, metric, _ in METRICS[facts.task]}) if facts.own else None,
        eval_results=eval_results(facts) or None,
        tags=["biology", "medical", "synthetic-data", "corpusmith"],
        widget=[{"text": text} for text in facts.widget] or None,
    )


def eval_results(facts: ModelFacts) -> list[EvalResult]:
    """One result a metric and benchmark split, with the 95% interval among its arguments."""
    results = []
    for evaluation in facts.own:
        for key, metric, name in METRICS[facts.task]:
            if evaluation.get(key) is None:
                continue
            ci95 = interval(evaluation, key)
            results.append(
                EvalResult(
                    task_type=PIPELINES[facts.task],
                    dataset_type=str(evaluation.get("dataset") or evaluation["benchmark"]),
                    dataset_name=str(evaluation["benchmark"]),
                    dataset_config=evaluation.get("config"),
                    dataset_split=str(evaluation["split"]),
                    dataset_revision=evaluation.get("revision"),
                    metric_type=metric,
                    metric_name=name,
                    metric_value=evaluation[key],
                    metric_args={"ci95": [round(bound, 2) for bound in ci95]} if ci95 else None,
                )
            )
    return results


def interval(evaluation: Mapping[str, Any], key: str) -> tuple[float, float] | None:
    """The 95% interval of a metric: `ci95` is one pair, of the headline, or one a metric."""
    ci95 = evaluation.get("ci95")
    if isinstance(ci95, Mapping):
        ci95 = ci95.get(key)
    elif key != HEADLINE[evaluation.get("task", "ner")]:
        ci95 = None
    return (ci95[0], ci95[1]) if ci95 else None


def render(facts: ModelFacts) -> str:
    """README.md of the model repo."""
    return markdown.render(
        "model.md.jinja",
        metadata(facts),
        facts=facts,
        comparison_table=comparison_table,
        baselines_table=baselines_table,
        gap_closed=gap_closed,
        results_table=results_table,
        readings_table=readings_table,
        types_table=types_table,
        errors_table=errors_table,
        calibration_table=calibration_table,
        training_table=training_table,
    )


def results_table(facts: ModelFacts, real: bool) -> Markdown:
    """This model on each split of real benchmarks, or of synthetic text, with 95% intervals."""
    results = [result for result in facts.own if result["real"] == real]
    metrics = [(key, name) for key, _, name in METRICS[facts.task] if any(e.get(key) is not None for e in results)]
    rows = [[_where(e), e.get("sentences"), *(_figure(e, key) for key, _ in metrics)] for e in results]
    return markdown.table(["Text", "Sentences", *(name for _, name in metrics)], rows)


def readings_table(facts: ModelFacts) -> Markdown:
    """The same predictions, counted otherwise: as users get them, less strictly, and by whether a mention was known."""
    readings = {
        "Given words": lambda e: e.get("strict_f1"),
        "Raw text, as deployed": lambda e: e.get("as_deployed", {}).get("strict_f1"),
        "Any overlap": lambda e: e.get("relaxed", {}).get("f1"),
        "Boundaries only": lambda e: e.get("boundary_only", {}).get("f1"),
        "Mentions seen in training": lambda e: e.get("mentions", {}).get("seen", {}).get("f1"),
        "Mentions never seen": lambda e: e.get("mentions", {}).get("unseen", {}).get("f1"),
    }
    rows = [
        [name, *(None if (value := read(e)) is None else number(value, 1) for e in facts.own)]
        for name, read in readings.items()
        if any(read(e) is not None for e in facts.own)
    ]
    return markdown.table(["F1", *(_where(e) for e in facts.own)], rows)


def types_table(facts: ModelFacts) -> Markdown:
    """F1 and mentions of each entity type, a column a text."""
    scores = [[_of_type(e.get("by_type", {}).get(name)) for e in facts.own] for name in sorted(facts.types)]
    rows = [[code(name), *cells] for name, cells in zip(sorted(facts.types), scores, strict=True)]
    return markdown.table(["Type", *(_where(e) for e in facts.own)], rows)


def _of_type(scores: Mapping[str, Any] | None) -> Markdown | None:
    return Markdown(f"{number(scores['f1'], 1)} of {number(scores['support'])}") if scores else None


def _where(evaluation: Mapping[str, Any]) -> str:
    return f"{evaluation['benchmark']}, {evaluation['split']}"


def _figure(evaluation: Mapping[str, Any], key: str) -> Markdown | None:
    if evaluation.get(key) is None:
        return None
    digits = 3 if key in ("mcc", "auroc") else 1
    ci95 = interval(evaluation, key)
    between = f" ({number(ci95[0], digits)} to {number(ci95[1], digits)})" if ci95 else ""
    return Markdown(number(evaluation[key], digits) + between)


def comparison_table(facts: ModelFacts) -> Markdown:
    """This model beside what a reader would weigh it against, a column a benchmark split."""
    columns = list(dict.fromkeys((e["benchmark"], e["split"]) for e in facts.real))
    by_cell = {(e["system"], e["benchmark"], e["split"]): e for e in facts.real}
    others = sorted({system for system, _, _ in by_cell} - set(SYSTEMS))
    rows = []
    for system in [*SYSTEMS, *others]:
        cells = [by_cell.get((system, *column)) for column in columns]
        if any(cells):
            label = Markdown(SYSTEMS[system]) if system in SYSTEMS else escape(system)
            rows.append([label, *(_figure(cell, HEADLINE[facts.task]) if cell else None for cell in cells)])
    gaps = [_gap_closed(by_cell, column, HEADLINE[facts.task]) for column in columns]
    if any(gap is not None for gap in gaps):
        shares = [None if gap is None else percent(gap, 0) for gap in gaps]
        rows.append([Markdown("Gap between zero-shot and real sentences that synthetic ones close"), *shares])
    return markdown.table(["", *(f"{benchmark}, {split}" for benchmark, split in columns)], rows)


def _gap_closed(by_cell: Mapping[Any, Mapping[str, Any]], column: tuple[str, str], key: str) -> float | None:
    """(synthetic - zero-shot) / (gold - zero-shot), where all three were measured."""
    found = [
        by_cell[(system, *column)][key] for system in ("zero-shot", "synthetic", "gold") if (system, *column) in by_cell
    ]
    if len(found) < 3 or found[2] == found[0]:
        return None
    return (found[1] - found[0]) / (found[2] - found[0])


def errors_table(facts: ModelFacts) -> Markdown:
    """Mistakes by kind, a column a text, and the most frequent ones of the first text."""
    counted = [e for e in facts.own if e.get("errors")]
    kinds = list(dict.fromkeys(kind for e in counted for kind in e["errors"]))
    rows = [
        [
            kind.capitalize(),
            _instances(counted[0]["errors"].get(kind)),
            *(_count(e["errors"].get(kind)) for e in counted),
        ]
        for kind in kinds
    ]
    return markdown.table(["Mistake", "For example", *(_where(e) for e in counted)], rows, text_columns=2)


def _count(error: Any) -> int | None:
    """An error class is a count, or a count with examples."""
    return error.get("count") if isinstance(error, Mapping) else error


def _instances(error: Any) -> Markdown:
    """What was found in place of what stands there; a dash for nothing."""
    examples = error.get("examples", [])[:3] if isinstance(error, Mapping) else []
    return Markdown("; ".join(escape(f"{e['gold'] or '–'} → {e['predicted'] or '–'}", 80) for e in examples))


def calibration_table(facts: ModelFacts) -> Markdown:
    """Expected calibration error, a line a text."""
    errors = {_where(e): e["calibration"].get("ece") for e in facts.own if e.get("calibration")}
    return markdown.table(
        ["Text", "Error"], [[name, number(error, 3)] for name, error in errors.items() if error is not None]
    )


def training_table(facts: ModelFacts) -> Markdown:
    """How it was trained, one line a fact, in the words of training.json."""
    training = facts.training
    data = training.get("dataset") or {}
    rows: list[list[Any]] = [["Encoder", _joined(facts.encoder, training.get("encoder_revision"))]]
    rows += [["Corpus", _joined(data.get("id"), data.get("config"), data.get("revision"))]]
    rows += [[f"Rows, {split}", count] for split, count in (data.get("rows") or {}).items()]
    settings = {key: value for key, value in (training.get("hyperparameters") or {}).items() if key != "seed"}
    rows += [[code(key), code(str(value))] for key, value in settings.items() if value is not None]
    rows += [["Seed", code(str(training["seed"]))]] if training.get("seed") is not None else []
    if seeds := training.get("seeds"):
        between = f"{len(seeds['values'])}: {seeds['mean']:.2f} ± {seeds['stdev']:.2f} {seeds['metric']} in validation"
        rows.append(["Seeds tried", between])
    if best := training.get("best"):
        rows.append(
            [
                "Best checkpoint",
                escape(f"step {best.get('step')}, {best.get('metric')} {best.get('value'):.2f} in validation"),
            ]
        )
    rows += [["Seconds", number(training["seconds"])]] if training.get("seconds") else []
    rows += (
        [["Sentences a second", number(training["sentences_per_second"])]]
        if training.get("sentences_per_second")
        else []
    )
    rows += [["Hardware", str(training["hardware"])]] if training.get("hardware") else []
    rows += [["Energy, kWh", number(training["energy_kwh"], 4)]] if training.get("energy_kwh") else []
    versions = training.get("versions") or {}
    rows += [["Libraries", ", ".join(f"{name} {version}" for name, version in versions.items())]] if versions else []
    return markdown.table(["", ""], [row for row in rows if row[1] not in (None, "")], text_columns=2)


def _joined(*parts: str | None) -> Markdown:
    return Markdown(" ".join(code(part) for part in parts if part))
