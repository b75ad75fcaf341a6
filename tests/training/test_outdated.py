"""What was made from a model's earlier weights goes when it is trained again."""

from pathlib import Path

from corpusmith.training.config import TrainingConfig
from corpusmith.training.data import Corpus, load_corpus
from corpusmith.training.loop import train


def test_onnx_files_and_evaluations_of_earlier_weights_are_removed(
    ner_dataset: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    """The ONNX files would answer for the new weights, and a card would print the scores."""
    old = ["onnx/model_quantized.onnx", "evaluation/dev.json", "export.json"]
    kept = tmp_path / "notes.txt"
    for path in (*(tmp_path / name for name in old), kept):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("old")
    config = TrainingConfig(epochs=1, batch_tokens=512, tracker="none")
    train(str(ner_dataset), str(tiny_encoder), tmp_path, config)
    assert not any((tmp_path / name).exists() for name in old) and kept.exists()


def test_same_rows_with_other_labels_are_another_corpus(ner_dataset: Path) -> None:
    corpus = load_corpus(str(ner_dataset))
    facts = {**vars(corpus), "labels": [name.replace("Disease", "Drug") for name in corpus.labels]}
    assert Corpus(**facts).fingerprint() != corpus.fingerprint()
