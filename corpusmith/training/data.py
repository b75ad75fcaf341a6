"""Turn a dataset into windows of subwords, with the label of each word at its first subword."""

import hashlib
import inspect
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from datasets import (
    ClassLabel,
    Dataset,
    Features,
    List,
    Value,
    get_dataset_config_names,
    load_dataset,
)

from corpusmith.errors import UserError
from corpusmith.extraction.schemes import NOT_RELATED, RELATED, checked_names
from corpusmith.inference import MASK, around_pair
from corpusmith.training.loss import IGNORED

SPLITS = ("train", "validation")


@dataclass(frozen=True)
class Corpus:
    """A dataset of one task, "ner" or "relations"; `labels` are the names of its ClassLabel."""

    id: str
    config: str
    revision: str | None
    task: str
    labels: list[str]
    splits: dict[str, Dataset]

    def fingerprint(self) -> str:
        """A hash of the rows of both splits."""
        digest = hashlib.sha256()
        for name in SPLITS:
            for batch in self.splits[name].data.table.select(self._columns()).to_batches():
                digest.update(json.dumps(batch.to_pylist()).encode())
        return digest.hexdigest()[:16]

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
            raise UserError(f"{source} has no {absent[0]} split: `corpusmith build` writes one")
        splits = {split: Dataset.from_parquet(found) for split, found in files.items()}
        return _corpus(source, Path(name).resolve().name, config, None, splits)

    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        revision = HfApi().dataset_info(name, revision=revision).sha
        config = _only(get_dataset_config_names(name, revision=revision), config, source)
        splits = {
            split: load_dataset(name, config, split=split, revision=revision) for split in names
        }
    except (HfHubHTTPError, HFValidationError, OSError, ValueError) as error:
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
    problem = f"has no config {chosen}" if chosen else "does not say which config"
    raise UserError(
        f"{source} {problem}: "
        f"choose one of {', '.join(configs) or '(it holds none)'} as DATASET:CONFIG"
    )


def _corpus(
    source: str, id_: str, config: str, revision: str | None, splits: dict[str, Dataset]
) -> Corpus:
    features = next(iter(splits.values())).features
    if "tokens" in features and isinstance(
        getattr(features.get("ner_tags"), "feature", None), ClassLabel
    ):
        names = checked_names(features["ner_tags"].feature.names, source)
        return Corpus(id_, config, revision, "ner", names, splits)
    if (
        "text" in features
        and isinstance(features.get("label"), ClassLabel)
        and features["label"].num_classes >= 2
    ):
        names, splits = not_related_first(features["label"].names, splits)
        return Corpus(id_, config, revision, "relations", names, splits)
    raise UserError(
        f"{source} has the columns {', '.join(features)}: training reads tokens and ner_tags "
        "(a list of ClassLabel), or text and label (ClassLabel)"
    )


def not_related_first(
    names: list[str], splits: dict[str, Dataset]
) -> tuple[list[str], dict[str, Dataset]]:
    """Class names and splits with "no relation" as class 0, as scores and models have it.

    A dataset may list its classes in another order; its labels are renumbered then.
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

    A corpus that `corpusmith build` wrote says them. Of other datasets the first text decides, and
    its first mask is the head.
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
        "relations are learned from masked texts"
    )


def undirected_types(rows: Dataset, labels: Sequence[str]) -> list[str]:
    """The relation types whose order says nothing: all of them, or none.

    `corpusmith build` puts the head of two entities of one kind first wherever no type of the
    recipe has a direction.
    """
    if not {"head", "tail"} <= set(rows.column_names):
        return []
    heads, tails = rows["head"], rows["tail"]
    pairs = list(zip(heads, tails, strict=True))
    one_kind = all(head["label"] == tail["label"] for head, tail in pairs)
    in_order = all(head["start"] < tail["start"] for head, tail in pairs)
    return list(labels[1:]) if pairs and one_kind and in_order else []


def windows(length: int, room: int) -> Iterator[tuple[int, int, int, int]]:
    """Cut `length` subwords into windows of at most `room`: (start, stop, first owned, owned end).

    Neighbours share a quarter of a window, and each owns half of the shared part. So every subword
    is owned once, by the window that shows more of its context.
    """
    overlap = room // 4 if length > room else 0
    step = room - overlap
    for start in range(0, max(length - overlap, 1), step):
        stop = min(start + room, length)
        yield (
            start,
            stop,
            start + overlap // 2 if start else 0,
            length if stop == length else start + step + overlap // 2,
        )


def tokenise_words(
    tokenizer: Any, sentences: Sequence[Sequence[str]], max_length: int
) -> list[dict]:
    """Windows of `sentences`, each with `row` (the sentence), `input_ids` and `words`.

    `words` is the index of a word at its first subword, in the window that owns it, and -1
    elsewhere. A word without a subword becomes the unknown token, so every word has one label.
    """
    found = []
    encoded = tokenizer(
        list(map(list, sentences)), is_split_into_words=True, add_special_tokens=True, verbose=False
    )
    for row, sentence in enumerate(sentences):
        ids, word_ids = encoded["input_ids"][row], encoded.word_ids(row)
        pieces = [(word, id_) for word, id_ in zip(word_ids, ids, strict=True) if word is not None]
        if bare := set(range(len(sentence))) - {word for word, _ in pieces}:
            pieces = sorted(
                [*pieces, *((word, tokenizer.unk_token_id) for word in bare)],
                key=lambda piece: piece[0],
            )
        prefix = ids[: next((i for i, word in enumerate(word_ids) if word is not None), 1)]
        suffix = ids[
            len(ids)
            - next((i for i, word in enumerate(reversed(word_ids)) if word is not None), 1) :
        ]
        first = [i == 0 or pieces[i - 1][0] != word for i, (word, _) in enumerate(pieces)]
        for start, stop, own_start, own_stop in windows(
            len(pieces), max_length - len(prefix) - len(suffix)
        ):
            words = [
                pieces[i][0] if first[i] and own_start <= i < own_stop else -1
                for i in range(start, stop)
            ]
            found.append(
                {
                    "row": row,
                    "input_ids": [*prefix, *(id_ for _, id_ in pieces[start:stop]), *suffix],
                    "words": [-1] * len(prefix) + words + [-1] * len(suffix),
                }
            )
    return found


@dataclass(frozen=True)
class Encoded:
    """A split as windows: subwords, labels for the loss, word and row of each. Views of Arrow."""

    ids: list[np.ndarray]
    labels: list[np.ndarray]
    words: list[np.ndarray]
    rows: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)

    def lengths(self) -> np.ndarray:
        """Subwords of each window."""
        return np.fromiter(map(len, self.ids), dtype=np.int64, count=len(self))

    def renumbered(self, used: np.ndarray) -> "Encoded":
        """The same windows with subword `used[i]` written `i`. `used` is sorted."""
        return replace(self, ids=[np.searchsorted(used, ids) for ids in self.ids])


def encode(corpus: Corpus, split: str, tokenizer: Any, max_length: int) -> Encoded:
    """Tokenise a split; a second call with the same rows, tokenizer and length reads a cache.

    A tag of -1, which means "no label" in a ClassLabel column, is left out of the loss.
    """
    dataset = corpus.splits[split]

    def encode_words(batch: dict, indices: list[int]) -> dict:
        found = tokenise_words(tokenizer, batch["tokens"], max_length)
        tags = [batch["ner_tags"][window["row"]] for window in found]
        return {
            "row": [indices[window["row"]] for window in found],
            "input_ids": [window["input_ids"] for window in found],
            "words": [window["words"] for window in found],
            "labels": [
                [tag[word] if word >= 0 and tag[word] >= 0 else IGNORED for word in window["words"]]
                for window, tag in zip(found, tags, strict=True)
            ],
        }

    def encode_texts(batch: dict, indices: list[int]) -> dict:
        bare = tokenizer(
            batch["text"], add_special_tokens=False, return_offsets_mapping=True, verbose=False
        )
        room = max_length - tokenizer.num_special_tokens_to_add()
        pairs = zip(batch["text"], bare["offset_mapping"], strict=True)
        texts = [around_pair(text, offsets, room) for text, offsets in pairs]
        ids = tokenizer(texts, truncation=True, max_length=max_length)["input_ids"]
        return {
            "row": indices,
            "input_ids": ids,
            "words": [[]] * len(ids),
            "labels": [[y] for y in batch["label"]],
        }

    # The key holds the code too: changed code must not read the cache of old code.
    key = [
        dataset._fingerprint,
        tokenizer.backend_tokenizer.to_str(),
        str(max_length),
        Path(__file__).read_text(),
    ]
    key.append(inspect.getsource(around_pair))
    small = List(Value("int32"))
    encoded = dataset.map(
        encode_words if corpus.task == "ner" else encode_texts,
        batched=True,
        with_indices=True,
        remove_columns=dataset.column_names,
        features=Features(
            {"row": Value("int64"), "input_ids": small, "words": small, "labels": small}
        ),
        new_fingerprint=hashlib.sha256("\n".join(key).encode()).hexdigest()[:16],
        desc=f"tokenise {split}",
    )
    return Encoded(
        ids=_views(encoded, "input_ids"),
        labels=_views(encoded, "labels"),
        words=_views(encoded, "words"),
        rows=encoded.data.column("row").to_numpy(),
    )


def vocabulary(splits: Sequence[Encoded], pad_id: int) -> np.ndarray:
    """The subwords that occur, sorted, and all ids up to padding, so that padding keeps its id."""
    return np.unique(
        np.concatenate([np.arange(pad_id + 1), *(ids for split in splits for ids in split.ids)])
    )


def _views(dataset: Dataset, column: str) -> list[np.ndarray]:
    lists = dataset.data.column(column).combine_chunks()
    offsets = lists.offsets.to_numpy()
    return np.split(lists.flatten().to_numpy(), offsets[1:-1] - offsets[0])


def count_mentions(labels: list[np.ndarray], names: list[str]) -> int:
    """Mentions in the labels of encoded windows: the number of B- tags."""
    begins = [i for i, name in enumerate(names) if name.startswith("B-")]
    counts = [np.isin(window[window != IGNORED], begins).sum() for window in labels]
    return int(sum(counts))
