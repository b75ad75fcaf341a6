"""Load a corpus to train on: rows, labels and task of a dataset folder or a Hub dataset."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datasets import (
    ClassLabel,
    Dataset,
    Features,
    get_dataset_config_names,
    get_dataset_split_names,
    load_dataset,
)

from corpusmith.corpus.example import NO_LABEL
from corpusmith.errors import MissingSplitError, UserError
from corpusmith.extraction.schemes import NOT_RELATED, RELATED, checked_names
from corpusmith.inference import MASK

SPLITS = ("train", "validation")


@dataclass(frozen=True)
class Corpus:
    """A dataset of one task, "ner" or "relations"; `labels` are the names of its ClassLabel.

    `synthetic` tells whether its rows name the LLM that wrote them, as those of `build` do.
    """

    id: str
    config: str
    revision: str | None
    task: str
    labels: list[str]
    splits: dict[str, Dataset]
    synthetic: bool = True

    def fingerprint(self) -> str:
        """A hash of the labels and of the rows of both splits."""
        digest = hashlib.sha256(json.dumps(self.labels).encode())
        for name in SPLITS:
            for batch in self.splits[name].data.table.select(self._columns()).to_batches():
                digest.update(json.dumps(batch.to_pylist()).encode())
        return digest.hexdigest()[:16]

    def facts(self, fingerprint: str) -> dict[str, Any]:
        """What a model's training.json says of it."""
        return {
            "id": self.id,
            "config": self.config,
            "revision": self.revision,
            "fingerprint": fingerprint,
            "rows": {split: self.splits[split].num_rows for split in SPLITS},
            "synthetic": self.synthetic,
        }

    def rows_tagged_as(
        self, tags: Sequence[str], rows: Dataset
    ) -> list[tuple[list[str], list[int]]]:
        """Words and tags of NER rows; a tag is its place in `tags`, of a masked word -1.

        Raises:
            UserError: when `tags` lacks a tag of the corpus.
        """
        if other := sorted(set(self.labels) - set(tags)):
            raise UserError(
                f"the corpus {self.id} has the tags {', '.join(other)}, the model only "
                f"{', '.join(tags)}: give the corpus that the model was trained on"
            )
        numbers = {i: tags.index(label) for i, label in enumerate(self.labels)}
        return [
            (row["tokens"], [numbers.get(tag, NO_LABEL) for tag in row["ner_tags"]]) for row in rows
        ]

    def _columns(self) -> list[str]:
        return ["tokens", "ner_tags"] if self.task == "ner" else ["text", "label"]


def parse_source(source: str) -> tuple[str, str | None, str | None]:
    """(folder or Hub id, config, revision) of `DIR[:config]` or `id[:config][@revision]`."""
    name, _, revision = source.partition("@")
    name, _, config = name.partition(":")
    return name, config or None, revision or None


def load_corpus(source: str, names: Sequence[str] = SPLITS) -> Corpus:
    """Load splits of a dataset folder or of a Hub dataset.

    Raises:
        UserError: when dataset, config or split does not exist, or its columns fit neither
            task.
    """
    name, config, revision = parse_source(source)
    if Path(name).is_dir():
        config = _only(
            [path.name for path in sorted(Path(name, "data").glob("*")) if path.is_dir()],
            config,
            source,
        )
        files = {
            split: sorted(map(str, Path(name, "data", config).glob(f"{split}-*.parquet")))
            for split in names
        }
        if absent := [split for split, found in files.items() if not found]:
            raise MissingSplitError(
                f"{source} has no {absent[0]} split: build it from more requests, or with more "
                "names in its lists"
            )
        splits = {split: Dataset.from_parquet(found) for split, found in files.items()}
        return _corpus(source, Path(name).resolve().name, config, None, splits)

    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        revision = HfApi().dataset_info(name, revision=revision).sha
        config = _only(get_dataset_config_names(name, revision=revision), config, source)
        known = get_dataset_split_names(name, config, revision=revision)
        if absent := [split for split in names if split not in known]:
            raise MissingSplitError(f"{source} has no {absent[0]} split, but {', '.join(known)}")
        splits = {
            split: load_dataset(name, config, split=split, revision=revision) for split in names
        }
    except HFValidationError as error:
        raise UserError(
            f"cannot load {source}: no such folder, and no name of a Hub dataset"
        ) from error
    except (HfHubHTTPError, OSError, ValueError) as error:
        raise UserError(
            f"cannot load {source}: it is no folder, and as a Hub dataset: {error}"
        ) from error
    return _corpus(source, name, config, revision, splits)


def _only(configs: Sequence[str], chosen: str | None, source: str) -> str:
    configs = [config for config in configs if config != "rejected"]
    if chosen in configs:
        return str(chosen)
    if chosen is None and len(configs) == 1:
        return configs[0]
    if not configs:
        raise UserError(
            f"{source} holds no corpus: give a folder that `corpusmith build` wrote, or the id of "
            "a Hub dataset"
        )
    problem = f"has no config {chosen}" if chosen else "does not say which config"
    raise UserError(f"{source} {problem}: choose one of {', '.join(configs)} as DATASET:CONFIG")


def _corpus(
    source: str, id_: str, config: str, revision: str | None, splits: dict[str, Dataset]
) -> Corpus:
    features = next(iter(splits.values())).features
    if "tokens" in features and isinstance(
        getattr(features.get("ner_tags"), "feature", None), ClassLabel
    ):
        names = checked_names(features["ner_tags"].feature.names, source)
        return Corpus(id_, config, revision, "ner", names, splits, "teacher" in features)
    if (
        "text" in features
        and isinstance(features.get("label"), ClassLabel)
        and features["label"].num_classes >= 2
    ):
        names, splits = not_related_first(features["label"].names, splits)
        return Corpus(id_, config, revision, "relations", names, splits, "teacher" in features)
    raise UserError(
        f"{source} has the columns {', '.join(features)}: training reads tokens and ner_tags "
        "(a list of ClassLabel), or text and label (ClassLabel)"
    )


def not_related_first(
    names: list[str], splits: dict[str, Dataset]
) -> tuple[list[str], dict[str, Dataset]]:
    """Class names and splits with "no relation" as class 0, as scores and models expect.

    If the dataset has another order, its labels are renumbered.
    """
    none = [i for i, name in enumerate(names) if name.lower() in NOT_RELATED]
    if len(names) == 2 and names[0].lower() in RELATED:
        none = [1]
    if len(none) != 1 or none == [0]:
        return names, splits
    order = [none[0], *(i for i in range(len(names)) if i != none[0])]
    ordered = [names[i] for i in order]
    number = {old: new for new, old in enumerate(order)}
    return ordered, {
        name: dataset.map(
            lambda labels: {"label": [number.get(label, label) for label in labels]},
            input_columns="label",
            batched=True,
            features=Features({**dataset.features, "label": ClassLabel(names=ordered)}),
            desc="order classes",
        )
        for name, dataset in splits.items()
    }


def pair_types(rows: Dataset) -> tuple[str, str]:
    """The entity types of head and tail: "GENE" and "DISEASE" in "@GENE$ causes @DISEASE$".

    They are recorded in a corpus from `corpusmith build`. For other datasets they are the masks of
    the first text, the head first.
    """
    if {"head", "tail"} <= set(rows.column_names) and rows.num_rows:
        first = rows[0]
        return first["head"]["label"].upper(), first["tail"]["label"].upper()
    for text in rows["text"]:
        found = list(dict.fromkeys(mark[1:-1] for mark in MASK.findall(text)))
        if len(found) == 2:
            return found[0], found[1]
    raise UserError(
        "no text masks a pair of entities as @HEAD$ and @TAIL$: "
        "relation training needs masked texts"
    )


def undirected_types(rows: Dataset, labels: Sequence[str]) -> list[str]:
    """The undirected relation types: all of them, or none.

    If no type of the recipe has a direction, `corpusmith build` makes the first of two entities
    of one kind the head.
    """
    if not {"head", "tail"} <= set(rows.column_names):
        return []
    heads, tails = rows["head"], rows["tail"]
    pairs = list(zip(heads, tails, strict=True))
    one_kind = all(head["label"] == tail["label"] for head, tail in pairs)
    in_order = all(head["start"] < tail["start"] for head, tail in pairs)
    return list(labels[1:]) if pairs and one_kind and in_order else []
