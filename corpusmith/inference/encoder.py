"""A tokenizer and a model, on ONNX Runtime or PyTorch, from texts to logits."""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Encoding, Tokenizer

from corpusmith.inference.config import read_config, window_of

BATCH_TOKENS = 1024


"""Subwords in one forward pass, with padding: enough for all cores, few enough for their caches."""


LONE_SURROGATE = re.compile("[\ud800-\udfff]")


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
        keep_memory: bool = True,
    ) -> "Encoder":
        """Load from a folder, or download the needed files of a Hub repo.

        Args:
            model: Folder or Hub id.
            revision: Tag, branch or commit of a Hub repo.
            backend: "onnx", "torch", or "auto": ONNX when the repo has it and onnxruntime is
                installed.
            quantized: Take the int8 file of the ONNX backend when there is one.
            threads: Cores to use; None leaves it to the backend.
            keep_memory: Let ONNX Runtime keep the memory of the longest text for the next one.
                Without it a server's memory shrinks again, and long texts take up to 20% longer.

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
        config = read_config(folder)
        max_length = window_of(folder, config)
        if backend == "onnx":
            forward = onnx_forward(str(file), threads, keep_memory)
        else:
            folder = local_folder(model, revision, ["*.safetensors", "*.json"])
            forward = torch_forward(folder, config, threads)
        classes, named = classes_of(forward), len(config.get("id2label", {}))
        if classes != named:
            raise ValueError(
                f"{model} computes {classes} classes, and its config.json names {named} labels: "
                "train or export the model again"
            )
        tokenizer = opened(Tokenizer.from_file, folder / "tokenizer.json")
        tokenizer.no_padding()
        tokenizer.enable_truncation(max_length, stride=max_length // 4)
        name = file.name if file and backend == "onnx" else "torch"
        return cls(config, tokenizer, forward, name, str(model))

    @property
    def room(self) -> int:
        """Subwords of a text that fit in a window, without the special ones."""
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
        """(row, window, its logits), longest first; a text in words may have several windows."""
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
    except HFValidationError as error:
        raise ValueError(
            f"cannot load {model}: no such file or folder, and no name of a Hub repo"
        ) from error
    except (HfHubHTTPError, LocalEntryNotFoundError) as error:
        raise ValueError(
            f"cannot load {model}: it is no folder, and as a Hub repo: {error}"
        ) from error


def opened(load: Callable[[str], Any], file: str | Path) -> Any:
    """The loaded file. Raises ValueError where it is damaged: ONNX Runtime and tokenizers raise
    exceptions of kinds of their own.
    """
    try:
        return load(str(file))
    except Exception as error:
        raise ValueError(f"{file} is damaged: {error}") from error


def onnx_forward(file: str, threads: int | None, keep_memory: bool) -> Callable[[dict], np.ndarray]:
    """Logits by ONNX Runtime on the CPU."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or 0
    options.enable_cpu_mem_arena = keep_memory

    def session_of(path: str) -> onnxruntime.InferenceSession:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    session = opened(session_of, file)
    names = [tensor.name for tensor in session.get_inputs()]
    return lambda inputs: session.run(["logits"], {name: inputs[name] for name in names})[0]


def torch_forward(folder: Path, config: dict, threads: int | None) -> Callable[[dict], np.ndarray]:
    """Logits by PyTorch, on a GPU if there is one. `threads` applies to the whole process."""
    import inspect

    import torch
    from transformers import AutoModelForSequenceClassification, AutoModelForTokenClassification

    from corpusmith.inference.weights import load_weights

    if threads:
        torch.set_num_threads(threads)
    relations = config.get("corpusmith", {}).get("task") == "relations"
    loader = AutoModelForSequenceClassification if relations else AutoModelForTokenClassification
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = load_weights(loader, folder).eval().to(device)
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


def classes_of(forward: Callable[[dict], np.ndarray]) -> int:
    """The number of classes that a model computes."""
    zeros = np.zeros((1, 2), dtype=np.int64)
    inputs = {"input_ids": zeros, "attention_mask": zeros + 1, "token_type_ids": zeros}
    return int(forward(inputs).shape[-1])


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)
