"""A hub on the loopback, and folders as build and train leave them: small, real Parquet and safetensors."""

import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.update(HF_HUB_DISABLE_TELEMETRY="1", HF_HUB_DISABLE_PROGRESS_BARS="1")
os.environ.update(HF_HUB_ETAG_TIMEOUT="120", HF_HUB_DOWNLOAD_TIMEOUT="120")  # a loaded machine answers late


class Loopback:
    """A server of the real hub application, in a thread, on a free port; `wrap` puts middleware around it."""

    def __init__(self, root: Path, wrap=lambda app: app) -> None:
        import uvicorn

        from publisher.local_hub.server import application

        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.app = wrap(application(root))
        self.server = uvicorn.Server(uvicorn.Config(self.app, port=self.port, log_level="error"))
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()
        while not self.server.started:
            time.sleep(0.01)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is downloaded stays in the test's folder."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[str]:
    server = Loopback(tmp_path / "hub")
    yield server.url
    server.stop()


@pytest.fixture(params=["model", "dataset", "space"])
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def repo(hub: str, kind: str):
    """A repository of each kind, bound to the API (which reads the environment above when it is imported)."""
    from tests.publisher.bound import Repo

    return Repo(hub, kind)


@pytest.fixture
def model(hub: str):
    from tests.publisher.bound import Repo

    return Repo(hub, "model")


@pytest.fixture
def loopback(tmp_path: Path):
    """Starts a hub with middleware around it."""
    servers = []

    def start(wrap, root: Path = tmp_path / "hub") -> Loopback:
        servers.append(Loopback(root, wrap))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def ner_row(number: int, version: str = "") -> dict:
    text = f"Mutations in gene {number} cause cystic fibrosis{version}."
    return {
        "id": f"row-{number}",
        "text": text,
        "tokens": [*text[:-1].split(), "."],
        "ner_tags": [0, 0, 0, 0, 0, 1, 2, 0],
        "entities": [
            {
                "start": text.index("cystic"),
                "end": text.index("cystic") + 15,
                "label": "Disease",
                "text": "cystic fibrosis",
                "concept_id": "MESH:D003550",
            }
        ],
        "request_id": f"r{number}",
        "prompt": "ner.v1@00000000",
        "teacher": "a-teacher",
        "seed": number,
    }


def write_corpus(folder: Path, recipe: str = "demo-disease", rows: int = 20, text: str = "", **build) -> Path:
    """What `corpusmith build` writes, by hand."""
    from datasets import ClassLabel, Dataset, Features, List, Value

    span = {"start": Value("int32"), "end": Value("int32"), "label": Value("string"), "text": Value("string"),
            "concept_id": Value("string")}  # fmt: skip
    strings = {name: Value("string") for name in ("id", "text", "request_id", "prompt", "teacher")}
    features = Features(
        strings
        | {"tokens": List(Value("string")), "entities": List(span), "seed": Value("int64"),
           "ner_tags": List(ClassLabel(names=["O", "B-Disease", "I-Disease"]))}
    )  # fmt: skip
    every = [ner_row(number, text) for number in range(rows)]
    parts = {"train": every[: rows - 4], "validation": every[rows - 4 : rows - 2], "test": every[rows - 2 :]}
    for split, part in parts.items():
        path = folder / "data" / recipe / f"{split}-00000-of-00001.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        Dataset.from_list(part, features=features).to_parquet(path)
    refused = Dataset.from_list([{"request_id": "r99", "answer": "No.", "reason": "seed missing"}])
    (folder / "data" / "rejected").mkdir(exist_ok=True)
    refused.to_parquet(folder / "data" / "rejected" / f"{recipe.replace('-', '_')}-00000-of-00001.parquet")
    (folder / "recipes" / recipe / "prompts").mkdir(parents=True, exist_ok=True)
    (folder / "recipes" / recipe / "recipe.yaml").write_text(f"name: {recipe}\n")
    (folder / "recipes" / recipe / "prompts" / "ner.v1.jinja").write_text("Write a sentence about {{ name }}.\n")
    facts = {
        "recipe": recipe,
        "title": "Disease mentions",
        "task": "ner",
        "labels": ["Disease"],
        "language": "en",
        "teacher": {"model": "a-teacher", "license": "Apache-2.0", "parameters": {"temperature": 0.8}},
        "prompts": [{"name": "ner.v1", "text": "Write a sentence about {{ name }}.", "sha256": "0" * 64}],
        "lexicons": [{"name": "diseases", "version": "2026", "license": "CC BY 4.0", "concepts": 10, "names": 30}],
        "counts": {
            "requests": rows + 1,
            "answered": rows + 1,
            "failed": 0,
            "pending": 0,
            "accepted": rows,
            "rejected": 1,
        },
        "rejected_by_reason": {"seed missing": 1},
        "usage": {"prompt_tokens": 1000, "completion_tokens": 200, "cost": None},
        "splits": {split: {"rows": len(part), "mentions": len(part)} for split, part in parts.items()},
        "fingerprint": "f" * 64,
        "content_hash": f"{rows}{text}",
    }
    (folder / "build.json").write_text(json.dumps(facts | build))
    return folder


@pytest.fixture
def corpus_folder(tmp_path: Path) -> Path:
    return write_corpus(tmp_path / "corpus")


def write_model(folder: Path, weights: bytes = b"\0weights", **training) -> Path:
    """What `corpusmith train` writes, with a few bytes for weights."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.safetensors").write_bytes(weights)
    labels = {"0": "O", "1": "B-Disease", "2": "I-Disease"}
    (folder / "config.json").write_text(json.dumps({"id2label": labels, "corpusmith": {"task": "ner"}}))
    (folder / "training.json").write_text(json.dumps({"task": "ner", "encoder": "some/encoder", "seed": 1} | training))
    return folder


@pytest.fixture
def model_folder(tmp_path: Path) -> Path:
    return write_model(tmp_path / "model")


@pytest.fixture
def write() -> tuple:
    """The two writers, for tests that need several folders."""
    return write_corpus, write_model


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits between tries shrink to a hundredth of a second, huggingface_hub's own included."""
    sleep = time.sleep
    monkeypatch.setattr(time, "sleep", lambda seconds: sleep(min(seconds, 0.01)))


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of one layer with a vocabulary of letters: real, and trained in a second."""
    import string

    import torch
    from tokenizers import BertWordPieceTokenizer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    torch.manual_seed(1)  # what an untaught student answers hangs on its weights
    folder = tmp_path_factory.mktemp("encoder")
    letters = [*string.ascii_lowercase, *string.digits, *string.punctuation]
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{c}" for c in letters)]
    (folder / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    BertWordPieceTokenizer(str(folder / "vocab.txt")).save(str(folder / "tokenizer.json"))
    BertTokenizerFast(tokenizer_file=str(folder / "tokenizer.json")).save_pretrained(folder)
    size = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
    BertModel(BertConfig(vocab_size=len(vocabulary), max_position_embeddings=512, **size)).save_pretrained(folder)
    return folder
