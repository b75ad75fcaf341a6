"""The card of a model repo: facts in, README.md out."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from huggingface_hub import EvalResult, ModelCardData

from corpusmith.cards import markdown
from corpusmith.cards.markdown import Markdown, code, escape, number
from corpusmith.cards.tables import evaluations
from corpusmith.cards.tables.baselines import (
    baselines_table,
    gains_table,
    gap_closed,
    number_of_seeds,
)
from corpusmith.cards.tables.evaluations import METRICS, shown_interval
from corpusmith.inference.front_matter import language

PIPELINES = {"ner": "token-classification", "relations": "text-classification"}


@dataclass(frozen=True)
class ModelFacts:
    """The facts of a model card. Scores are percentages, as evaluation writes them."""

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
    # read from evaluation/*.json; `system` is of SYSTEMS or another name, `real` False on
    # synthetic text
    evaluations: tuple[Mapping[str, Any], ...] = ()
    # read from export.json: F1 of both ONNX files, and what int8 loses
    export: Mapping[str, Any] = field(default_factory=dict)
    # read from report.json: the section `baselines` of the corpus's report
    baselines: Mapping[str, Any] = field(default_factory=dict)
    # read from the files of the repo
    has_onnx: bool = False
    figures: tuple[str, ...] = ()
    # what the corpus's sentences read like, as its prompt says it
    domain: str = ""
    # sentences of the corpus's own test split, for the widget (of relations: masked texts)
    widget: tuple[str, ...] = ()
    # what this version answers to the first of them, as `pipeline` returns it in the card's snippet
    answer: tuple[Mapping[str, Any], ...] = ()
    # read from the changelog: (version, date, one line), newest first
    versions: tuple[tuple[str, str, str], ...] = ()

    @property
    def own(self) -> tuple[Mapping[str, Any], ...]:
        """Evaluations of this model, without those of other systems."""
        return tuple(result for result in self.evaluations if result["system"] == "synthetic")

    @property
    def real(self) -> tuple[Mapping[str, Any], ...]:
        """Evaluations on real text, of this model and of other systems."""
        return tuple(result for result in self.evaluations if result["real"])

    @property
    def synthetic(self) -> bool:
        """Whether an LLM wrote the training sentences. Older training files don't say it."""
        return bool((self.training.get("dataset") or {}).get("synthetic", True))

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
        tags=["biology", "medical", *(["synthetic-data"] if facts.synthetic else []), "corpusmith"],
        widget=[{"text": text} for text in facts.widget] or None,
    )


def eval_results(facts: ModelFacts) -> list[EvalResult]:
    """A result for each metric and benchmark split, with the 95% interval as an argument."""
    results = []
    for evaluation in facts.own:
        for key, metric, name in METRICS[facts.task]:
            if evaluation.get(key) is None:
                continue
            ci95 = shown_interval(evaluation, key)
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


def render(facts: ModelFacts) -> str:
    """README.md of the model repo."""
    return markdown.render(
        "model.md.jinja",
        metadata(facts),
        facts=facts,
        language=language(facts.language),
        evaluations=evaluations,
        example=example(facts),
        homepage=markdown.homepage(),
        cited=markdown.citation(facts.repo_id, "", facts.version, facts.versions),
        baselines_table=baselines_table,
        gains_table=gains_table,
        number_of_seeds=number_of_seeds,
        gap_closed=gap_closed,
        training_table=training_table,
    )


def example(facts: ModelFacts) -> Markdown:
    """A string literal for Python and JavaScript: the first sentence of the widget."""
    text = markdown.plain(facts.widget[0], 1000) if facts.widget else "Your sentence."
    return Markdown(json.dumps(text, ensure_ascii=True).replace("`", "'"))


def training_table(facts: ModelFacts) -> Markdown:
    """Training facts, one line for each fact of training.json."""
    training = facts.training
    data = training.get("dataset") or {}
    rows: list[list[Any]] = [["Encoder", _joined(facts.encoder, training.get("encoder_revision"))]]
    rows += [["Corpus", _joined(data.get("id"), data.get("config"), data.get("revision"))]]
    rows += [[f"Rows, {split}", count] for split, count in (data.get("rows") or {}).items()]
    settings = {
        key: value
        for key, value in (training.get("hyperparameters") or {}).items()
        if key != "seed"
    }
    rows += [[code(key), code(str(value))] for key, value in settings.items() if value is not None]
    rows += [["Seed", code(str(training["seed"]))]] if training.get("seed") is not None else []
    if seeds := training.get("seeds"):
        scores = f"{seeds['mean']:.1f} ± {seeds['stdev']:.1f} {seeds['metric']} in validation"
        between = f"{len(seeds['values'])}: {scores}"
        rows.append(["Seeds tried", between])
    if best := training.get("best"):
        rows.append(
            [
                "Best checkpoint",
                escape(
                    f"step {best.get('step')}, {best.get('metric')} {best.get('value'):.1f} "
                    "in validation"
                ),
            ]
        )
    rows += [["Seconds", number(training["seconds"])]] if training.get("seconds") else []
    rows += (
        [["Sentences a second", number(training["sentences_per_second"])]]
        if training.get("sentences_per_second")
        else []
    )
    rows += [["Hardware", str(training["hardware"])]] if training.get("hardware") else []
    rows += (
        [["Energy, kWh", number(training["energy_kwh"], 4)]] if training.get("energy_kwh") else []
    )
    versions = training.get("versions") or {}
    rows += (
        [["Libraries", ", ".join(f"{name} {version}" for name, version in versions.items())]]
        if versions
        else []
    )
    return markdown.table(
        ["Setting", "Value"], [row for row in rows if row[1] not in (None, "")], text_columns=2
    )


def _joined(*parts: str | None) -> Markdown:
    return Markdown(" ".join(code(part) for part in parts if part))
