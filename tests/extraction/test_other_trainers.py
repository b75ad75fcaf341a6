"""spaCy and GLiNER train on what `export-corpus` writes."""

import json
from itertools import product
from pathlib import Path

import pytest

from corpusmith.extraction.export_corpus import export_corpus
from corpusmith.inference import WORDS
from tests.training.models import DISEASES, FRAMES

pytestmark = pytest.mark.slow


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Fifty tagged sentences, each in both splits."""
    rows = []
    for number, (frame, disease) in enumerate(product(FRAMES, DISEASES)):
        text = frame.format(disease)
        start = text.index(disease)
        words = WORDS.pre_tokenize_str(text)
        inside = [start <= at < start + len(disease) for _, (at, _) in words]
        tags = [
            "O" if not marked else "I-Disease" if n and inside[n - 1] else "B-Disease"
            for n, marked in enumerate(inside)
        ]
        rows.append({"id": str(number), "tokens": [word for word, _ in words], "ner_tags": tags})
    for split in ("train", "validation"):
        lines = [json.dumps(row) + "\n" for row in rows]
        (tmp_path / "corpus").mkdir(exist_ok=True)
        (tmp_path / "corpus" / f"{split}.jsonl").write_text("".join(lines))
    return tmp_path / "corpus"


def test_spacy_trains_on_the_export(corpus: Path, tmp_path: Path) -> None:
    spacy = pytest.importorskip("spacy")
    from spacy.cli.init_config import init_config
    from spacy.cli.train import train

    exported = tmp_path / "exported"
    written = export_corpus(str(corpus), "spacy", exported, ["train", "validation"])
    assert list(written.rows.values()) == [50, 50]
    config = tmp_path / "config.cfg"
    init_config(lang="en", pipeline=["ner"], optimize="efficiency").to_disk(config)
    paths = {
        "paths.train": str(exported / "train.spacy"),
        "paths.dev": str(exported / "validation.spacy"),
        "training.max_steps": 60,
        "training.eval_frequency": 30,
    }
    train(config, tmp_path / "model", overrides=paths)
    nlp = spacy.load(tmp_path / "model" / "model-best")
    doc = nlp("Patients with cystic fibrosis were seen in the clinic.")
    assert [(e.text, e.label_) for e in doc.ents] == [("cystic fibrosis", "Disease")]


def test_gliner_trains_on_the_export(corpus: Path, tiny_encoder: Path, tmp_path: Path) -> None:
    """GLiNER 0.2.29 wants transformers before 5.17, so our environment has none by default."""
    gliner = pytest.importorskip("gliner", reason="gliner is not installed")
    export_corpus(str(corpus), "gliner", tmp_path / "exported", ["train", "validation"])
    train, dev = (
        json.loads((tmp_path / "exported" / f"{split}.json").read_text())
        for split in ("train", "validation")
    )
    config = {"model_name": str(tiny_encoder), "hidden_size": 32, "max_types": 5, "max_width": 6}
    model = gliner.GLiNER.from_config(config | {"model_type": "gliner_uni_encoder_span"})
    trainer = model.train_model(
        train,
        dev,
        output_dir=tmp_path / "model",
        max_steps=3,
        per_device_train_batch_size=4,
        use_cpu=True,
        report_to="none",
    )
    assert trainer.state.global_step == 3
    trained = [row for row in trainer.state.log_history if "train_loss" in row]
    assert trained and trained[0]["train_loss"] > 0
