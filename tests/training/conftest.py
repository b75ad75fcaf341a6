"""A tiny corpus of our own sentences, and an encoder that is made in the test."""

import json
from pathlib import Path

import pytest
import torch
from datasets import ClassLabel, Dataset, Features, List, Value

torch.set_num_threads(1)  # models this small lose time in a second thread

TAGS = ["O", "B-Disease", "I-Disease"]
DISEASES = [["asthma"], ["cystic", "fibrosis"], ["breast", "cancer"], ["gout"], ["type", "2", "diabetes"], ["lupus"]]
GENES = ["BRCA1", "TP53", "CFTR", "APOE", "VHL", "ATM"]
FRAMES = [
    (["Patients", "with"], ["were", "seen", "in", "the", "clinic", "."]),
    (["We", "screened", "for"], ["twice", "a", "year"]),
    (["Mothers", "of", "children", "with"], ["took", "part", "."]),
    (["No", "sign", "of"], ["was", "found", "after", "two", "years", "of", "treatment", "."]),
]


def ner_rows() -> list[dict]:
    rows = []
    for i, disease in enumerate(DISEASES):
        for j, (before, after) in enumerate(FRAMES):
            tags = [0] * len(before) + [1] + [2] * (len(disease) - 1) + [0] * len(after)
            rows.append({"id": f"{i}-{j}", "tokens": [*before, *disease, *after], "ner_tags": tags})
    rows += [
        {"id": f"none-{g}", "tokens": ["The", gene, "gene", "was", "cloned", "."], "ner_tags": [0] * 6}
        for g, gene in enumerate(GENES)
    ]
    return rows


def relation_rows() -> list[dict]:
    related = ["Mutations in @GENE$ cause @DISEASE$ in {} families .", "{} carriers of @GENE$ often have @DISEASE$ ."]
    unrelated = [
        "@GENE$ was used as a marker in {} cells of @DISEASE$ .",
        "{} controls with @DISEASE$ lack @GENE$ .",
    ]
    return [
        {"id": f"{label}-{i}-{word}", "text": frame.format(word), "label": label}
        for label, frames in enumerate((unrelated, related))
        for i, frame in enumerate(frames)
        for word in ("some", "many", "few", "all", "ten", "most")
    ]


def write_dataset(folder: Path, config: str, rows: list[dict], features: Features) -> Path:
    """A dataset folder as `corpusmith build` writes it: every fifth row is for validation."""
    data = folder / "data" / config
    data.mkdir(parents=True)
    parts = {"train": [r for i, r in enumerate(rows) if i % 5], "validation": rows[::5]}
    for split, part in parts.items():
        Dataset.from_list(part, features=features).to_parquet(data / f"{split}-00000-of-00001.parquet")
    return folder


@pytest.fixture(scope="session")
def ner_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    features = Features(
        {"id": Value("string"), "tokens": List(Value("string")), "ner_tags": List(ClassLabel(names=TAGS))}
    )
    return write_dataset(tmp_path_factory.mktemp("ner"), "demo-disease", ner_rows(), features)


@pytest.fixture(scope="session")
def relation_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    labels = ClassLabel(names=["unrelated", "related"])
    features = Features({"id": Value("string"), "text": Value("string"), "label": labels})
    return write_dataset(tmp_path_factory.mktemp("relations"), "demo-gene-disease", relation_rows(), features)


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of two layers and 32 dimensions whose WordPiece vocabulary was learned from the sentences above."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("encoder")
    texts = [" ".join(row["tokens"]) for row in ner_rows()] + [row["text"] for row in relation_rows()]
    wordpiece = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    wordpiece.normalizer, wordpiece.pre_tokenizer = normalizers.Lowercase(), pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    wordpiece.train_from_iterator(texts, trainers.WordPieceTrainer(vocab_size=200, special_tokens=special))
    wordpiece.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), special, strict=True))
    PreTrainedTokenizerFast(tokenizer_object=wordpiece, model_max_length=64, **names).save_pretrained(folder)
    BertModel(
        BertConfig(
            vocab_size=wordpiece.get_vocab_size(),
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=64,
            max_position_embeddings=66,
        )
    ).save_pretrained(folder)
    return folder


def read_json(path: Path) -> dict:
    return json.loads(path.read_text())
