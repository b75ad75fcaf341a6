"""Turn the JSON files of builds, training and evaluation into the facts of a card.

A card is rendered only from files in the repo. So the card of an older config can be rendered
again, and a roll-back restores the card of its version.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from corpusmith.cards.changelog import Entry
from corpusmith.cards.dataset import CorpusFacts, DatasetFacts, Example, Split, split_name
from corpusmith.cards.model import ModelFacts
from corpusmith.errors import UserError
from corpusmith.inference.config import check_config
from corpusmith.inference.front_matter import YAML_ERRORS, read_front_matter

Documents = Mapping[str, Any]  # path in the repo -> its JSON
MODEL_DOCUMENTS = ("config.json", "training.json", "export.json", "report.json", "examples.json")


def is_document(path: str) -> bool:
    """Whether cards read this file."""
    if path in MODEL_DOCUMENTS:
        return True
    return path.endswith(".json") and (
        path.startswith("evaluation/") or path.endswith("/build.json")
    )


def json_mapping(content: bytes, path: str) -> dict[str, Any]:
    """Parse a JSON object. Raises UserError that names the file."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise UserError(
            f"{path} is not JSON ({error}): run the command that wrote it again"
        ) from None
    if not isinstance(found, dict):
        raise UserError(f"{path} is not a JSON object: make it again")
    return found


def front_matter(readme: str, name: str = "README.md") -> dict[str, Any]:
    """The YAML between the two `---` lines at the head of a card; empty without them.

    Raises UserError, which names the card as `name`, if it is no YAML.
    """
    try:
        found = read_front_matter(readme)
    except YAML_ERRORS as error:
        raise UserError(f"the YAML at the head of {name} can't be read: {error}") from None
    return found if isinstance(found, dict) else {}


def refuse_odd_config(config: Any, name: str) -> None:
    """Raise UserError if config.json of a model has a field of another form."""
    try:
        check_config(config, name)
    except ValueError as error:
        raise UserError(str(error)) from None


def builds(documents: Documents) -> dict[str, Any]:
    """Each config's build.json, by the config's name."""
    return {
        path.split("/")[1]: facts
        for path, facts in sorted(documents.items())
        if path.endswith("/build.json")
    }


@dataclass(frozen=True)
class Snapshot:
    """A repo at one version: its changelog entries, JSON documents and file paths."""

    repo_id: str
    version: str
    entries: tuple[Entry, ...]
    documents: Documents
    paths: Collection[str]


def dataset_facts(
    repo: Snapshot, *, license: str | list[str] | None = None, pretty_name: str = ""
) -> DatasetFacts:
    """The facts that the files of a dataset repo state."""
    corpora = tuple(
        corpus(name, facts, repo.paths) for name, facts in builds(repo.documents).items()
    )
    return DatasetFacts(
        repo.repo_id,
        repo.version,
        corpora,
        pretty_name=pretty_name,
        license=license,
        versions=version_lines(repo.entries),
    )


def model_facts(
    repo: Snapshot,
    *,
    license: str | None = None,
    dataset: str | None = None,
    space: str | None = None,
) -> ModelFacts:
    """The facts that the files of a model repo state."""
    documents, paths = repo.documents, repo.paths
    config, training = documents.get("config.json") or {}, documents.get("training.json") or {}
    task = (config.get("corpusmith") or {}).get("task") or training.get("task", "ner")
    trained_on = training.get("dataset") or {}
    stated = dataset or f"{trained_on.get('id') or ''}@{trained_on.get('revision') or ''}"
    corpus_id, _, corpus_version = stated.partition("@")
    evaluations = [
        facts for path, facts in sorted(documents.items()) if path.startswith("evaluation/")
    ]
    shown = documents.get("examples.json") or {}
    return ModelFacts(
        repo.repo_id,
        repo.version,
        dataset=corpus_id if "/" in corpus_id else None,
        dataset_version=corpus_version or None,
        space=space,
        license=license,
        task=task,
        labels=shown_labels(model_classes(config)),
        encoder=training.get("encoder"),
        training=training,
        evaluations=tuple(sorted(evaluations, key=lambda evaluation: not evaluation["real"])),
        baselines=((documents.get("report.json") or {}).get("sections") or {}).get("baselines", {}),
        has_onnx="onnx/model.onnx" in paths,
        export=documents.get("export.json") or {},
        figures=pictures(paths, "figures/"),
        language=str(shown.get("language", "en")),
        domain=str(shown.get("domain", "")),
        widget=tuple(shown.get("sentences", ())),
        answer=tuple(shown.get("answer", ())),
        versions=version_lines(repo.entries),
    )


def widget(build: Mapping[str, Any]) -> list[str]:
    """Sentences for a model's widget, from a corpus's build.json: its examples, marked ones first.

    A relation model reads sentences whose entities are masked.
    """
    if build["task"] == "ner":
        found = sorted(build.get("examples") or (), key=lambda row: not row["spans"])
        return [row["text"] for row in found]
    return [row["masked"] for row in build.get("examples") or () if row.get("masked")]


def model_identity(documents: Documents) -> dict[str, Any]:
    """Task, encoder and labels, which identify a model."""
    config, training = documents.get("config.json"), documents.get("training.json") or {}
    if config is None:
        return {}
    return {
        "task": training.get("task"),
        "encoder": training.get("encoder"),
        "labels": model_classes(config),
    }


def version_lines(entries: tuple[Entry, ...]) -> tuple[tuple[str, str, str], ...]:
    """(version, date, summary) of each release, for the card."""
    return tuple((entry.version, entry.date, entry.summary) for entry in entries)


def model_classes(config: Mapping[str, Any]) -> list[str]:
    """The class names of a model, in the order of its outputs."""
    return [
        str(name)
        for _, name in sorted((config.get("id2label") or {}).items(), key=lambda item: int(item[0]))
    ]


def shown_labels(names: Collection[str]) -> tuple[str, ...]:
    """The entity types behind BIO tags; classes as they are."""
    return tuple(
        dict.fromkeys(name.removeprefix("B-").removeprefix("I-") for name in names if name != "O")
    )


def pictures(paths: Collection[str], folder: str) -> tuple[str, ...]:
    return tuple(
        sorted(path for path in paths if path.startswith(folder) and path.endswith(".png"))
    )


def corpus(name: str, build: Mapping[str, Any], paths: Collection[str]) -> CorpusFacts:
    """One config of a dataset card, from its build.json. Facts that the file lacks stay out."""
    refused = build.get("rejected") or {}
    shown = pictures(paths, f"recipes/{name}/figures/")
    return CorpusFacts(
        name=name,
        task=build["task"],
        title=build.get("title", ""),
        labels=shown_labels(build.get("labels", ())),
        language=build.get("language", "en"),
        domain=build.get("domain", ""),
        masks_words=build.get("masks_words", False),
        near_duplicates=build.get("near_duplicates"),
        borrowed_requests=build.get("borrowed_requests", 0),
        lenders=tuple(build.get("lenders", ())),
        lexicons=tuple(build.get("lexicons", ())),
        teacher=build.get("teacher") or {},
        prompts=tuple(build.get("prompts", ())),
        prompt_example=tuple(build.get("prompt_example") or ()),
        usage=build.get("usage") or {},
        counts=build.get("counts") or {},
        rejected_by_reason=build.get("rejected_by_reason") or {},
        filtered_by_reason=build.get("filtered_by_reason") or {},
        added_by_augmentation=build.get("added_by_augmentation") or {},
        written_rows=build.get("written_rows"),
        rows_by_teacher=build.get("rows_by_teacher") or {},
        lending_teachers=tuple(build.get("lending_teachers", ())),
        mentions_in_train={
            split: (shared, found)
            for split, (shared, found) in (build.get("mentions_in_train") or {}).items()
        },
        example_row=build.get("example_row") or {},
        label_noise=build.get("label_noise") or {},
        outliers=build.get("outliers") or {},
        splits=tuple(_split(split, facts) for split, facts in build.get("splits", {}).items()),
        features=tuple(build.get("features", ())),
        rejected=_split(split_name(name), refused) if refused else None,
        rejected_features=tuple(refused.get("features", ())),
        examples=tuple(
            Example(
                row["text"],
                tuple((start, end, label) for start, end, label in row["spans"]),
                row.get("label"),
                bool(row.get("derived")),
            )
            for row in build.get("examples", ())
        ),
        statistics=build.get("statistics") or {},
        reference_statistics=build.get("reference_statistics") or {},
        audit=build.get("audit") or {},
        made_figures=tuple(path for path in shown if path.endswith("/acceptance.png")),
        form_figures=tuple(path for path in shown if not path.endswith("/acceptance.png")),
        fingerprint=build.get("fingerprint"),
        content_hash=build.get("content_hash"),
        transcript_sha256=build.get("transcript_sha256"),
        corpusmith_version=build.get("corpusmith_version"),
    )


def _split(name: str, facts: Mapping[str, Any]) -> Split:
    return Split(name, facts["rows"], facts.get("bytes", 0), facts.get("download_bytes", 0))
