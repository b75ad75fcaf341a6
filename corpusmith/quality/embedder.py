"""Sentences to vectors, for the maps and distances of a report."""

from collections.abc import Callable, Sequence

import numpy as np

from corpusmith.progress import bar
from corpusmith.training.encoder import load_body, load_tokenizer

MAX_LENGTH = 256
BATCH_TOKENS = 4096


def sentence_embedder(encoder: str = "embedded") -> Callable[[Sequence[str]], np.ndarray]:
    """A function from texts to one vector each: the mean of the last layer over a text's subwords.

    That is how the embedded encoder, all-MiniLM-L6-v2, was trained to embed sentences; others serve as they can.

    Raises:
        UserError: when the encoder cannot be loaded.
    """
    import torch

    tokenizer, model = load_tokenizer(encoder), load_body(encoder).eval()
    longest = min(MAX_LENGTH, tokenizer.model_max_length)

    def embed(texts: Sequence[str]) -> np.ndarray:
        ids = (
            tokenizer(list(texts), truncation=True, max_length=longest)["input_ids"]
            if len(texts)
            else []
        )
        order = sorted(range(len(ids)), key=lambda i: -len(ids[i]))
        vectors = np.zeros((len(ids), model.config.hidden_size), dtype=np.float32)
        shown = bar(len(ids), "embedding", "sentences")
        start = 0
        while start < len(order):
            part = order[start : start + max(1, BATCH_TOKENS // len(ids[order[start]]))]
            start += len(part)
            padded = tokenizer.pad({"input_ids": [ids[i] for i in part]}, return_tensors="pt")
            mask = padded["attention_mask"]
            with torch.inference_mode():
                hidden = model(input_ids=padded["input_ids"], attention_mask=mask).last_hidden_state
            weights = mask.unsqueeze(-1).float()
            vectors[part] = ((hidden * weights).sum(1) / weights.sum(1)).numpy()
            shown.update(len(part))
        shown.close()
        return vectors

    return embed
