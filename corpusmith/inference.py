"""Raw text to entities and relations, from a folder or Hub repo that `corpusmith train` wrote.

    extractor = EntityExtractor.from_pretrained("models/disease")
    extractor.extract(["Mutations in CFTR cause cystic fibrosis."])
    # [[Entity(start=23, end=39, label='Disease', text='cystic fibrosis', score=0.98)]]

Evaluation and the Space run this same file. It stands alone: it needs numpy and tokenizers, and
onnxruntime or else torch and transformers; the ONNX backend imports neither of the latter two.
"""

import json
import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from itertools import accumulate, product
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Encoding, Regex, Tokenizer, pre_tokenizers

BATCH_TOKENS = 1024
"""Subwords in one forward pass, padding included: enough to keep the cores busy, few enough to stay
in their caches.
"""

WORDS = pre_tokenizers.Sequence(
    [
        pre_tokenizers.BertPreTokenizer(),
        pre_tokenizers.Split(Regex(r"\p{Han}"), behavior="isolated"),
    ]
)
"""Splits at white space, around each punctuation mark and around each Chinese character: as BERT
does, and as the benchmarks and corpora of the field are tokenised.
"""

MASK = re.compile(r"@[A-Z][A-Z0-9_-]*\$")
LONE_SURROGATE = re.compile("[\ud800-\udfff]")
SENTENCE_END = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[\"'(\[]?[A-Z0-9])|\n\s*\n")
TAG = re.compile(r"O|[BIELSUMW](?:-.+)?", re.DOTALL)
SCHEMES = str.maketrans("LUMW", "ESIS")
"""BILOU and BMES by the letters of BIOES."""
LONGEST_ABBREVIATION = 8  # characters, with its full stop
ABBREVIATION = re.compile(r"(?:\b[A-Za-z]|\b(?:al|approx|cf|e\.g|i\.e|Dr|Fig|Figs|No|Ref|vs))\.$")


@dataclass(frozen=True)
class Entity:
    """`text` is what stands at [start, end) of the input, in Unicode code points; `score` is 0
    to 1.
    """

    start: int
    end: int
    label: str
    text: str
    score: float


@dataclass(frozen=True)
class Relation:
    """A pair of entities and what `masked_text`, their sentence as the model saw it, says of them.

    `label` is the class at the model's threshold; `score` is the probability of the strongest
    type, and `symmetric` whether the order of head and tail says nothing.
    """

    head: Entity
    tail: Entity
    label: str
    score: float
    masked_text: str
    symmetric: bool = False


class EntityExtractor:
    """Finds the entities of raw texts of any length."""

    def __init__(self, encoder: "Encoder") -> None:
        tags = encoder.config.get("id2label") or {}
        self.encoder = encoder
        self.tags = [tags[str(i)] for i in range(len(tags))]
        wrong = next((tag for tag in self.tags if not TAG.fullmatch(tag)), None)
        if wrong is not None or "O" not in self.tags:
            raise ValueError(
                f"the model at {encoder.source} has the labels {', '.join(self.tags) or 'none'}, "
                "not O and tags such "
                "as B-Disease: it is no entity model"
            )
        self.labels = sorted({tag[2:] for tag in self.tags if tag != "O"})

    @classmethod
    def from_pretrained(
        cls, model: str | Path, revision: str | None = None, **options: Any
    ) -> "EntityExtractor":
        """Load a model; `options` are the `backend`, `quantized` and `threads` of
        `Encoder.from_pretrained`.
        """
        return cls(Encoder.from_pretrained(model, revision, **options))

    def extract(self, texts: str | Sequence[str], threshold: float = 0.0) -> list[list[Entity]]:
        """The entities of each text in order of appearance, those scored below `threshold` left
        out.

        The score is the mean probability of the entity's type over its words.
        """
        # UTF-8 can't encode a lone surrogate. U+FFFD is as long, so offsets stay.
        texts = [texts] if isinstance(texts, str) else texts
        split = [WORDS.pre_tokenize_str(LONE_SURROGATE.sub("\ufffd", text)) for text in texts]
        probabilities = self.probabilities([[word for word, _ in words] for words in split])
        return [
            [
                entity
                for entity in self._entities(text, [at for _, at in words], chances)
                if entity.score >= threshold
            ]
            for text, words, chances in zip(texts, split, probabilities, strict=True)
        ]

    def tag(self, sentences: Sequence[Sequence[str]]) -> list[list[str]]:
        """A BIO tag for each given word, for texts that somebody else has split into words."""
        return [
            bio([self.tags[i] for i in chances.argmax(-1)])
            for chances in self.probabilities(sentences)
        ]

    def probabilities(self, sentences: Sequence[Sequence[str]]) -> list[np.ndarray]:
        """Words x tags of each sentence. A word is judged by its first subword, in the window with
        most context for it.

        A word without a subword (a lone control character) is `O`.
        """
        outside = np.eye(len(self.tags))[self.tags.index("O")]
        found = [np.tile(outside, (len(words), 1)) for words in sentences]
        margins = [np.full(len(words), -1) for words in sentences]
        for row, window, logits in self.encoder.run(sentences, pretokenized=True):
            chances = softmax(logits)
            seen = None
            for at, word in enumerate(window.word_ids):
                margin = min(at, len(window) - 1 - at)
                if word is not None and word != seen and margin > margins[row][word]:
                    margins[row][word], found[row][word] = margin, chances[at]
                seen = word
        return found

    def _entities(
        self, text: str, offsets: list[tuple[int, int]], chances: np.ndarray
    ) -> Iterator[Entity]:
        for label, first, last in spans([self.tags[i] for i in chances.argmax(-1)]):
            of_type = [i for i, tag in enumerate(self.tags) if tag[2:] == label]
            start, end = offsets[first][0], offsets[last - 1][1]
            score = float(chances[first:last, of_type].sum(-1).mean())
            yield Entity(
                start, end, label, text[start:end], min(score, 1.0)
            )  # float32 adds up to a little more


class RelationClassifier:
    """Judges whether a sentence relates two of its entities, an entity of type `head` and one of
    type `tail`.
    """

    def __init__(self, encoder: "Encoder") -> None:
        facts = encoder.config.get("corpusmith", {})
        if "head" not in facts or "tail" not in facts:
            raise ValueError(
                f"config.json of the model at {encoder.source} names no `head` and `tail` under "
                "`corpusmith`: it is "
                "no relation model"
            )
        self.encoder = encoder
        self.head: str = facts["head"]
        self.tail: str = facts["tail"]
        self.threshold: float = facts.get("threshold", 0.5)
        names = encoder.config["id2label"]
        self.labels = [names[str(i)] for i in range(len(names))]  # "no relation" first
        self.symmetric: frozenset[str] = frozenset(facts.get("symmetric", ()))

    @classmethod
    def from_pretrained(
        cls, model: str | Path, revision: str | None = None, **options: Any
    ) -> "RelationClassifier":
        """Load a model; `options` are the `backend`, `quantized` and `threads` of
        `Encoder.from_pretrained`.
        """
        return cls(Encoder.from_pretrained(model, revision, **options))

    def probabilities(self, masked_texts: Sequence[str]) -> list[float]:
        """The probability of each text that its pair is related at all, by whichever type."""
        return [float(related) for related in 1 - self.distributions(masked_texts)[:, 0]]

    def distributions(self, masked_texts: Sequence[str]) -> np.ndarray:
        """Texts x classes: the probability of each class. A text too long is cut by "
        "`around_pair`."""
        found = np.zeros((len(masked_texts), len(self.labels)))
        clean = [LONE_SURROGATE.sub("\ufffd", text) for text in masked_texts]
        room = self.encoder.room
        for row, text in enumerate(clean):
            if len(text.encode()) > room:  # a subword takes a byte at least
                whole = self.encoder.whole.encode(text, add_special_tokens=False)
                clean[row] = around_pair(text, whole.offsets, room)
        for row, _, logits in self.encoder.run(clean, pretokenized=False):
            found[row] = softmax(logits)
        return found

    def classify(self, masked_texts: Sequence[str]) -> list[tuple[str, float]]:
        """The class of each text at the model's threshold, and the probability of its best type."""
        chances = self.distributions(masked_texts)
        best = 1 + chances[:, 1:].argmax(-1) if len(chances) else []
        return [
            (self.labels[type_ if 1 - row[0] >= self.threshold else 0], float(row[type_]))
            for row, type_ in zip(chances, best, strict=True)
        ]

    def extract(self, text: str, entities: Sequence[Entity]) -> list[Relation]:
        """Every pair of a head and a tail (types compared without case) that share a sentence.

        Entities that overlap are no pair. Two entities of one kind are a pair in both directions,
        unless the order says nothing.
        """
        pairs = []
        for start, end, inside in by_sentence(text, entities):
            for head, tail in self._pairs(inside):
                masked = mask(text, head, tail)
                shown = masked[start : end + len(masked) - len(text)].strip()
                pairs.append((head, tail, shown))
        judged = self.classify([masked for *_, masked in pairs])
        return [
            Relation(head, tail, label, score, masked, label in self.symmetric)
            for (head, tail, masked), (label, score) in zip(pairs, judged, strict=True)
        ]

    def _pairs(self, entities: Sequence[Entity]) -> Iterator[tuple[Entity, Entity]]:
        one_kind = self.head.upper() == self.tail.upper()
        undirected = one_kind and self.symmetric.issuperset(self.labels[1:])
        heads, tails = (
            [e for e in entities if e.label.upper() == side.upper()]
            for side in (self.head, self.tail)
        )
        for head, tail in product(heads, tails):
            apart = head.end <= tail.start or tail.end <= head.start
            if apart and not (undirected and tail.start < head.start):
                yield head, tail


class Encoder:
    """A tokenizer and the function from its windows to logits."""

    def __init__(
        self,
        config: dict,
        tokenizer: Tokenizer,
        forward: Callable[[dict], np.ndarray],
        backend: str,
        source: str = "",
    ) -> None:
        self.config = config
        self.source = source  # for errors
        self.tokenizer = tokenizer
        self.forward = forward
        self.backend = backend  # "torch", or the name of the ONNX file

    @classmethod
    def from_pretrained(
        cls,
        model: str | Path,
        revision: str | None = None,
        backend: str = "auto",
        quantized: bool = True,
        threads: int | None = None,
    ) -> "Encoder":
        """Load from a folder, or from the Hub what of the repo is needed.

        Args:
            model: Folder or Hub id.
            revision: Tag, branch or commit of a Hub repo.
            backend: "onnx", "torch", or "auto": ONNX when the repo has it and onnxruntime is
                installed.
            quantized: Take the int8 file of the ONNX backend when there is one.
            threads: Cores to use; None leaves it to the backend.

        Raises:
            ValueError: when there is no such model, or it lacks what the backend needs.
        """
        if backend not in ("auto", "onnx", "torch"):
            raise ValueError(f"there is no backend {backend!r}: choose auto, onnx or torch")
        onnx = ["onnx/model_quantized.onnx", "onnx/model.onnx"][not quantized :]
        folder = local_folder(model, revision, [*(onnx if backend != "torch" else []), "*.json"])
        file = next((folder / name for name in onnx if (folder / name).is_file()), None)
        if backend == "auto":
            backend = "onnx" if file and find_spec("onnxruntime") else "torch"
        if backend == "onnx" and not file:
            raise ValueError(f"{model} holds no {onnx[-1]}: export it, or choose the torch backend")
        if absent := [f for f in ("config.json", "tokenizer.json") if not (folder / f).is_file()]:
            raise ValueError(f"{model} holds no {absent[0]}: it is no model that `train` wrote")
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        if backend == "onnx":
            forward = onnx_forward(str(file), threads)
        else:
            folder = local_folder(model, revision, ["*.safetensors", "*.json"])
            forward = torch_forward(folder, config, threads)
        limits = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
        max_length = config.get("corpusmith", {}).get("max_length") or min(
            limits.get("model_max_length", 512), 512
        )
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.enable_truncation(max_length, stride=max_length // 4)
        name = file.name if file and backend == "onnx" else "torch"
        return cls(config, tokenizer, forward, name, str(model))

    @property
    def room(self) -> int:
        """Subwords of a text that a window holds beside the special ones."""
        assert self.tokenizer.truncation is not None  # `load` sets it
        return self.tokenizer.truncation["max_length"] - self.tokenizer.num_special_tokens_to_add(
            False
        )

    @cached_property
    def whole(self) -> Tokenizer:
        """The tokenizer without windows."""
        tokenizer = Tokenizer.from_str(self.tokenizer.to_str())
        tokenizer.no_truncation()
        return tokenizer

    def run(
        self, texts: Sequence[Any], pretokenized: bool
    ) -> Iterator[tuple[int, Encoding, np.ndarray]]:
        """(row, window, its logits), longest first; a text in words has as many windows as it
        needs.
        """
        windows = []
        for row, encoding in enumerate(
            self.tokenizer.encode_batch(list(texts), is_pretokenized=pretokenized)
        ):
            windows += [
                (row, window)
                for window in [encoding, *(encoding.overflowing if pretokenized else [])]
            ]
        windows.sort(key=lambda window: len(window[1]), reverse=True)
        start = 0
        while start < len(windows):
            longest = len(windows[start][1])
            batch = windows[start : start + max(BATCH_TOKENS // longest, 1)]
            start += len(batch)
            ids, mask, types = np.zeros((3, len(batch), longest), dtype=np.int64)
            ids[:] = self.config.get("pad_token_id") or 0
            for i, (_, window) in enumerate(batch):
                ids[i, : len(window)], mask[i, : len(window)] = window.ids, 1
                types[i, : len(window)] = window.type_ids
            logits = self.forward(
                {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}
            )
            yield from (
                (row, window, row_logits)
                for (row, window), row_logits in zip(batch, logits, strict=True)
            )


def local_folder(model: str | Path, revision: str | None, patterns: list[str]) -> Path:
    """The folder itself, or the Hub's files that match."""
    if Path(model).is_dir():
        return Path(model)
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(str(model), revision=revision, allow_patterns=patterns))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError) as error:
        raise ValueError(
            f"cannot load {model}: it is no folder, and as a Hub repo: {error}"
        ) from error


def onnx_forward(file: str, threads: int | None) -> Callable[[dict], np.ndarray]:
    """Logits by ONNX Runtime on the CPU."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or 0
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    names = [tensor.name for tensor in session.get_inputs()]
    return lambda inputs: session.run(["logits"], {name: inputs[name] for name in names})[0]


def torch_forward(folder: Path, config: dict, threads: int | None) -> Callable[[dict], np.ndarray]:
    """Logits by PyTorch, on a GPU when there is one. `threads` holds for the whole process."""
    import inspect

    import torch
    from transformers import AutoModelForSequenceClassification, AutoModelForTokenClassification

    if threads:
        torch.set_num_threads(threads)
    relations = config.get("corpusmith", {}).get("task") == "relations"
    loader = AutoModelForSequenceClassification if relations else AutoModelForTokenClassification
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = loader.from_pretrained(folder).eval().to(device)
    names = set(inspect.signature(model.forward).parameters)

    def forward(inputs: dict) -> np.ndarray:
        with torch.inference_mode():
            tensors = {
                name: torch.from_numpy(array).to(device)
                for name, array in inputs.items()
                if name in names
            }
            return model(**tensors).logits.float().cpu().numpy()

    return forward


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def spans(tags: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    """(label, first word, one past the last) of each span of BIO, IOB1, IO, BIOES, BILOU or BMES.

    An inside tag that continues nothing starts a span, as in seqeval's default mode.
    """
    label, first = None, 0
    for i, tag in enumerate([*tags, "O"]):
        letter, kind = tag[0].translate(SCHEMES), tag[2:]
        if label is not None and not (letter in "IE" and kind == label):
            yield label, first, i
            label = None
        if letter != "O" and label is None:
            label, first = kind, i
        if letter in "ES" and label is not None:
            yield label, first, i + 1
            label = None


def bio(tags: Sequence[str]) -> list[str]:
    """Tags of any scheme as BIO."""
    found = ["O"] * len(tags)
    for label, first, last in spans(tags):
        end = f"-{label}" if label else ""
        found[first:last] = [f"B{end}"] + [f"I{end}"] * (last - first - 1)
    return found


def sentences(text: str, entities: Sequence[Entity]) -> Iterator[tuple[int, int]]:
    """[start, end) of each sentence: it ends at . ! ? before a capital or digit, but in no entity
    or abbreviation.
    """
    ordered = sorted(entities, key=lambda entity: entity.start)
    starts = [entity.start for entity in ordered]
    reach = list(accumulate((entity.end for entity in ordered), max))  # of all up to each entity
    start = 0
    for found in SENTENCE_END.finditer(text):
        cut, before = found.end(), bisect_left(starts, found.end())
        inside = before > 0 and reach[before - 1] > cut
        last_word = max(start, found.start() - LONGEST_ABBREVIATION)
        if not inside and not ABBREVIATION.search(text, last_word, found.start()):
            yield start, cut
            start = cut
    yield start, len(text)


def by_sentence(
    text: str, entities: Sequence[Entity]
) -> Iterator[tuple[int, int, Sequence[Entity]]]:
    """(start, end, entities inside) of each sentence."""
    ordered = sorted(entities, key=lambda entity: entity.start)
    starts = [entity.start for entity in ordered]
    for start, end in sentences(text, ordered):
        begun = ordered[bisect_left(starts, start) : bisect_left(starts, end)]
        yield start, end, [entity for entity in begun if entity.end <= end]


def mask(text: str, head: Entity, tail: Entity) -> str:
    """`text` with the pair hidden as the model was trained: "@GENE$ mutations cause @DISEASE$".

    Two entities of one kind are numbered: "@DRUG1$ raises the level of @DRUG2$".

    Raises:
        ValueError: when the two overlap.
    """
    first, second = sorted((head, tail), key=lambda entity: entity.start)
    if first.end > second.start:
        raise ValueError(
            f"{first.text!r} and {second.text!r} overlap: a pair is masked side by side"
        )
    one_kind = head.label.upper() == tail.label.upper()
    numbers = {id(head): "1", id(tail): "2"} if one_kind else {}
    marks = [f"@{e.label.upper()}{numbers.get(id(e), '')}$" for e in (first, second)]
    return (
        text[: first.start]
        + marks[0]
        + text[first.end : second.start]
        + marks[1]
        + text[second.end :]
    )


def around_pair(text: str, offsets: Sequence[tuple[int, int]], room: int) -> str:
    """What `room` subwords hold of a text with the given ones: its masked pair and as many words on
    either side.

    Of a pair that stands further apart, each of the two with the words that follow the first and
    precede the second.
    """
    if len(offsets) <= room:
        return text
    # Cut between words alone: the parts of a cut word may have more subwords than the word.
    starts = [
        i
        for i, (at, _) in enumerate(offsets)
        if text[at : at + 1].isspace() or text[at - 1 : at].isspace()
    ]
    edge = [0, *starts, len(offsets)]

    def words(begin: int, end: int) -> str:
        first, last = min(i for i in edge if i >= begin), max(i for i in edge if i <= end)
        return text[offsets[first][0] : offsets[last - 1][1]].strip() if first < last else ""

    marks = [found.span() for found in MASK.finditer(text)] or [(0, 0)]
    first = next((i for i, (_, end) in enumerate(offsets) if end > marks[0][0]), 0)
    last = next((i for i, (start, _) in enumerate(offsets) if start >= marks[-1][1]), len(offsets))
    first, last = max(i for i in edge if i <= first), min(i for i in edge if i >= last)
    if last - first > room:
        return f"{words(first, first + room // 2)} {words(last - room // 2, last)}".strip() or text
    begin = min(max(first - (room - last + first) // 2, 0), len(offsets) - room)
    return words(begin, begin + room) or text
