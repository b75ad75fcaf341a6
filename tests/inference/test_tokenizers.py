"""For each kind of tokenizer, the extractor uses the model's tag of each word's first subword."""

import json
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForTokenClassification, AutoTokenizer, RobertaConfig, RobertaModel

from corpusmith.inference import WORDS, EntityExtractor, spans
from corpusmith.training.export import export
from tests.inference.tiny_tokenizers import TOKENIZERS
from tests.training.models import SENTENCES, TAGS, write_model


@pytest.fixture(scope="module", params=TOKENIZERS)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained RoBERTa of one layer with that tokenizer."""
    tokenizer, encoder = TOKENIZERS[request.param], tmp_path_factory.mktemp("encoder")
    size = {
        "hidden_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 64,
    }
    torch.manual_seed(3)
    config = RobertaConfig(
        vocab_size=len(tokenizer),
        max_position_embeddings=130,
        type_vocab_size=1,
        pad_token_id=0,
        **size,
    )
    RobertaModel(config).save_pretrained(encoder)
    tokenizer.save_pretrained(encoder)
    return write_model(
        tmp_path_factory.mktemp("model"), encoder, TAGS, {"task": "ner", "max_length": 128}
    )


def expected(folder: Path, text: str) -> list[tuple[int, int]]:
    """Extract with transformers alone: split into words, tag first subwords, join spans."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForTokenClassification.from_pretrained(folder).eval()
    words = WORDS.pre_tokenize_str(text)
    encoded = tokenizer([word for word, _ in words], is_split_into_words=True, return_tensors="pt")
    inputs = {name: encoded[name] for name in ("input_ids", "attention_mask")}
    with torch.inference_mode():
        tags = [TAGS[i] for i in model(**inputs).logits[0].argmax(-1)]
    firsts = [encoded.word_ids(0).index(i) for i in range(len(words))]
    return [
        (words[first][1][0], words[last - 1][1][1])
        for _, first, last in spans([tags[at] for at in firsts])
    ]


def test_entities_equal_model_output_and_slice_the_text(folder: Path) -> None:
    found = EntityExtractor.from_pretrained(folder, backend="torch").extract(SENTENCES)
    assert sum(map(len, found)) > 20
    assert all(
        text[e.start : e.end] == e.text
        for text, es in zip(SENTENCES, found, strict=True)
        for e in es
    )
    for text, entities in list(zip(SENTENCES, found, strict=True))[::7]:
        assert [(e.start, e.end) for e in entities] == expected(folder, text)


def test_onnx_and_torch_agree_without_token_types(folder: Path) -> None:
    assert "token_type_ids" not in json.loads((folder / "tokenizer_config.json").read_text()).get(
        "model_input_names", []
    )
    export(str(folder))
    torch_found, onnx_found = (
        EntityExtractor.from_pretrained(folder, backend=backend, quantized=False).extract(SENTENCES)
        for backend in ("torch", "onnx")
    )
    places = [[(e.start, e.end, e.label) for e in entities] for entities in torch_found]
    assert [[(e.start, e.end, e.label) for e in entities] for entities in onnx_found] == places
