import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from transformers import AutoModelForTokenClassification, AutoTokenizer, pipeline

from corpusmith.errors import UserError
from corpusmith.inference import WORDS, EntityExtractor, RelationClassifier, spans
from corpusmith.training.config import TrainingConfig
from corpusmith.training.export import export, quantization_loss
from corpusmith.training.loop import train
from tests.training.models import SENTENCES, TAGS, write_model


@pytest.fixture(scope="module")
def exported(tmp_path_factory, tiny_encoder) -> Path:
    folder = write_model(
        tmp_path_factory.mktemp("model"), tiny_encoder, TAGS, {"task": "ner", "max_length": 64}
    )
    assert set(export(str(folder))["bytes"]) == {"onnx/model.onnx", "onnx/model_quantized.onnx"}
    return folder


def found(extractor: EntityExtractor) -> list[list[tuple[int, int, str]]]:
    return [
        [(e.start, e.end, e.label) for e in entities] for entities in extractor.extract(SENTENCES)
    ]


def test_layout_is_that_of_optimum_and_transformers_js(exported):
    for name in ("model", "model_quantized"):
        session = onnxruntime.InferenceSession(exported / "onnx" / f"{name}.onnx")
        inputs = [(tensor.name, tensor.type, tensor.shape) for tensor in session.get_inputs()]
        assert inputs == [
            (tensor, "tensor(int64)", ["batch_size", "sequence_length"])
            for tensor in ("input_ids", "attention_mask", "token_type_ids")
        ]
        assert session.get_outputs()[0].name == "logits"


def test_backends_find_the_same_entities_in_fifty_sentences(exported):
    """Compare the extractor on both backends with `AutoModel` and `pipeline`."""
    ours = found(EntityExtractor.from_pretrained(exported, backend="torch"))
    assert len(SENTENCES) == 50 and sum(map(len, ours)) > 20
    assert found(EntityExtractor.from_pretrained(exported, backend="onnx", quantized=False)) == ours

    pipe = pipeline("token-classification", str(exported), aggregation_strategy="first")
    assert [
        [(e["start"], e["end"], e["entity_group"]) for e in pipe(text)] for text in SENTENCES
    ] == ours

    tokenizer, model = (
        AutoTokenizer.from_pretrained(exported),
        AutoModelForTokenClassification.from_pretrained(exported),
    )
    session = onnxruntime.InferenceSession(exported / "onnx" / "model.onnx")
    for text in SENTENCES:
        encoded = tokenizer(text, return_tensors="pt")
        with torch.inference_mode():
            logits = model.eval()(**encoded).logits.numpy()
        inputs = {"token_type_ids": np.zeros_like(encoded["input_ids"])} | {
            n: t.numpy() for n, t in encoded.items()
        }
        (theirs,) = session.run(["logits"], inputs)
        assert np.allclose(logits, theirs, atol=1e-4)


def test_int8_is_deployed_and_its_loss_is_measured(exported, tmp_path):
    extractor = EntityExtractor.from_pretrained(exported)
    assert extractor.encoder.backend == "model_quantized.onnx"
    words = [text.replace(".", " .").split() for text in SENTENCES]
    tags = EntityExtractor.from_pretrained(exported, quantized=False).tag(words)
    rows = [
        {"id": i, "tokens": w, "ner_tags": t}
        for i, (w, t) in enumerate(zip(words, tags, strict=True))
    ]
    (tmp_path / "dev.jsonl").write_text("\n".join(map(json.dumps, rows)))
    loss = quantization_loss(str(exported), str(tmp_path), "dev")
    assert (loss["metric"], loss["fp32"]) == ("strict_f1", 100)
    assert loss["lost"] == 100 - loss["int8"] and loss["split"] == "dev"
    assert loss["int8"] > 80


def test_relation_model_is_exported(tmp_path, tiny_encoder):
    facts = {
        "task": "relations",
        "head": "GENE",
        "tail": "DISEASE",
        "threshold": 0.5,
        "max_length": 64,
    }
    folder = write_model(tmp_path, tiny_encoder, ["unrelated", "related"], facts)
    export(str(folder))
    texts = [
        "Mutations in @GENE$ cause @DISEASE$.",
        "@GENE$ was used as a marker in cells of @DISEASE$ for years.",
    ]
    exact = RelationClassifier.from_pretrained(folder, backend="torch").probabilities(texts)
    fp32 = RelationClassifier.from_pretrained(
        folder, backend="onnx", quantized=False
    ).probabilities(texts)
    assert fp32 == pytest.approx(exact, abs=1e-4)


def test_folder_without_model_is_refused(tmp_path):
    with pytest.raises(UserError, match="holds no corpusmith model"):
        export(str(tmp_path))


SCRIPT = """
import { readFileSync } from "node:fs";
import { env, pipeline } from "@huggingface/transformers";
const [root, name, dtype] = process.argv.slice(2);
env.allowRemoteModels = false;
env.localModelPath = root;
const tagger = await pipeline("token-classification", name, { dtype });
const found = [];
for (const text of JSON.parse(readFileSync(0, "utf8"))) {
  found.push((await tagger(text)).map((token) => [token.index, token.entity]));
}
console.log(JSON.stringify(found));
"""


@pytest.fixture(scope="module")
def learned(tmp_path_factory, ner_dataset) -> Path:
    """Fine-tuned MiniLM without unknown tokens (transformers.js drops them) or near ties."""
    folder = tmp_path_factory.mktemp("model")
    config = TrainingConfig(
        epochs=12, batch_tokens=256, learning_rate=5e-4, patience=None, tracker="none"
    )
    assert train(str(ner_dataset), "embedded", folder, config)["best"]["value"] > 80
    export(str(folder))
    return folder


def entities(tags: dict[int, str], text: str, tokenizer: Any) -> list[tuple[int, int, str]]:
    """Read the tag of each tagged subword: transformers.js returns no offsets."""
    words = WORDS.pre_tokenize_str(text)
    encoded = tokenizer([word for word, _ in words], is_split_into_words=True)
    firsts = [encoded.word_ids().index(i) for i in range(len(words))]
    found = spans([tags.get(at, "O") for at in firsts])
    return [(words[first][1][0], words[last - 1][1][1], label) for label, first, last in found]


@pytest.mark.slow
@pytest.mark.parametrize(("dtype", "quantized"), [("fp32", False), ("q8", True)])
def test_transformers_js_finds_the_same_entities(learned, dtype, quantized):
    """Needs Node and npm; the package is kept in the user's cache from one run to the next."""
    if not shutil.which("npm"):
        pytest.skip("npm is not installed")
    home = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "corpusmith" / "node"
    home.mkdir(parents=True, exist_ok=True)
    if not (home / "node_modules" / "@huggingface" / "transformers").is_dir():
        install = [
            "npm",
            "install",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "@huggingface/transformers@4",
        ]
        subprocess.run(install, cwd=home, check=True, capture_output=True)
    (home / "entities.mjs").write_text(SCRIPT)
    command = ["node", "entities.mjs", str(learned.parent), learned.name, dtype]
    done = subprocess.run(
        command, cwd=home, input=json.dumps(SENTENCES), capture_output=True, text=True, check=True
    )

    tokenizer, tagged = (
        AutoTokenizer.from_pretrained(learned),
        json.loads(done.stdout.splitlines()[-1]),
    )
    theirs = [
        entities(dict(tags), text, tokenizer) for tags, text in zip(tagged, SENTENCES, strict=True)
    ]
    extractor = EntityExtractor.from_pretrained(learned, backend="onnx", quantized=quantized)
    # One at a time, as JavaScript does: int8 scales activations by their batch.
    ours = [[(e.start, e.end, e.label) for e in extractor.extract([text])[0]] for text in SENTENCES]
    assert theirs == ours and len(theirs) == 50 and sum(map(len, ours)) > 20
    if not quantized:
        pipe = pipeline("token-classification", str(learned), aggregation_strategy="first")
        assert [
            [(e["start"], e["end"], e["entity_group"]) for e in pipe(text)] for text in SENTENCES
        ] == theirs
