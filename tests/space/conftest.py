"""Handmade models: a table from each word to its logits, as an ONNX graph. They load and run like
any model, and the tables below give their output.
"""

import gzip
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from corpusmith.extraction.assist.served import assisted_reader
from corpusmith.space.service import Service
from corpusmith.space.settings import read_settings
from tests.fixtures.browser import CHROMIUM, FLAGS
from tests.space.pages import DESKTOP

DISEASE = {
    "asthma": (0.0, 6.0, 0.0),
    "cystic": (0.0, 5.0, 0.0),
    "fibrosis": (0.0, 0.0, 5.0),
    "fever": (0.0, 0.4, -4.0),
}
GENE = {"brca1": (0.0, 6.0, 0.0), "cftr": (0.0, 4.0, 0.0)}
RELATED = {"causes": (0.0, 4.0), "of": (0.0, 1.0), "control": (3.0, 0.0)}
OUTSIDE = (6.0, 0.0, 0.0)


def write_model(
    folder: Path, table: dict[str, tuple[float, ...]], rest: tuple[float, ...], config: dict
) -> Path:
    """A model that returns the row of `table` for each word. A relation model sums the rows."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    vocabulary = {word: i for i, word in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *table])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair=None, special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    (folder / "onnx").mkdir(parents=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps({"model_max_length": 64}))
    (folder / "config.json").write_text(json.dumps(config))

    logits = numpy_helper.from_array(
        np.array([rest] * 4 + list(table.values()), dtype=np.float32), "table"
    )
    nodes = [helper.make_node("Gather", ["table", "input_ids"], ["rows"])]
    if config["corpusmith"]["task"] == "ner":
        nodes.append(helper.make_node("Identity", ["rows"], ["logits"]))
    else:
        nodes.append(helper.make_node("ReduceSum", ["rows", "words"], ["logits"], keepdims=0))
    graph = helper.make_graph(
        nodes,
        "table",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "words"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, None)],
        [logits, numpy_helper.from_array(np.array([1]), "words")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, folder / "onnx/model_quantized.onnx")
    return folder


def write_tagger(folder: Path, label: str, table: dict[str, tuple[float, ...]]) -> Path:
    tags = {"0": "O", "1": f"B-{label}", "2": f"I-{label}"}
    return write_model(
        folder, table, OUTSIDE, {"id2label": tags, "pad_token_id": 0, "corpusmith": {"task": "ner"}}
    )


@pytest.fixture
def tagger() -> Callable[[Path, str, dict[str, tuple[float, ...]]], Path]:
    return write_tagger


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of a disease model, a gene model and a relation model."""
    root = tmp_path_factory.mktemp("models")
    folders = {
        "disease": write_tagger(root / "disease", "Disease", DISEASE),
        "gene": write_tagger(root / "gene", "Gene", GENE),
        "relation": write_model(
            root / "relation",
            RELATED,
            (0.0, 0.0),
            {
                "id2label": {"0": "unrelated", "1": "related"},
                "pad_token_id": 0,
                "corpusmith": {
                    "task": "relations",
                    "head": "GENE",
                    "tail": "DISEASE",
                    "threshold": 0.6,
                },
            },
        ),
    }
    for name, text in (
        ("disease", "Asthma was seen in both."),
        ("relation", "BRCA1 causes cystic fibrosis."),
    ):
        (folders[name] / "examples.json").write_text(json.dumps({"sentences": [text]}))
    (folders["disease"] / "evaluation").mkdir()
    ours = {
        "benchmark": "toy",
        "split": "dev",
        "strict_f1": 81.25,
        "precision": 80,
        "recall": 82.5,
        "ci95": [79, 83],
    }
    of_a_baseline = {**ours, "model": "dictionary.jsonl", "strict_f1": 50.0}
    for name, figures in (
        ("toy-dev", ours | {"backend": "torch"}),
        ("dictionary-toy-dev", of_a_baseline),
    ):
        (folders["disease"] / f"evaluation/{name}.json").write_text(json.dumps(figures))
    return folders


@pytest.fixture(scope="session")
def lexicon(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lexicon of three diseases, and its file that stops the most general one."""
    path = tmp_path_factory.mktemp("lexicons") / "disease.tsv.gz"
    with gzip.open(path, "wt", encoding="utf-8") as lines:
        lines.write("concept_id\tname\tsynonyms\ttypes\tweight\n")
        lines.write("MESH:D001249\tasthma\tbronchial asthma\t\t1\n")
        lines.write("MESH:D003550\tcystic fibrosis\tmucoviscidosis|CF\t\t1\n")
        lines.write("MESH:D004194\tdisease\t\t\t1\n")
    path.with_name("disease.yaml").write_text(
        "stop: [disease]\nattribution: Written for this test.\n"
    )
    return path


@pytest.fixture(scope="session")
def environment(models: dict[str, Path], lexicon: Path) -> dict[str, str]:
    """The variables that make the app serve the three models."""
    return {
        "CORPUSMITH_NER_MODELS": f"{models['disease']},{models['gene']}",
        "CORPUSMITH_RELATION_MODEL": str(models["relation"]),
        "CORPUSMITH_LEXICONS": f"Disease={lexicon}",
    }


@pytest.fixture(scope="session")
def service(environment: dict[str, str]) -> Service:
    return Service(read_settings(Path("space"), environment), assisted_reader)


@dataclass(frozen=True)
class App:
    """A running `python space/app.py`, and what it has printed."""

    url: str
    log: Path
    process: subprocess.Popen

    def alive(self) -> bool:
        return self.process.poll() is None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def launch(script: Path, python: str, environment: dict[str, str], log: Path) -> App:
    """Run the page's script as the Hub does, and wait until it answers."""
    port = free_port()
    places = {"GRADIO_SERVER_PORT": str(port), "GRADIO_TEMP_DIR": str(log.parent / "uploads")}
    with log.open("wb") as out:
        process = subprocess.Popen(
            [python, script],
            env=os.environ | places | environment,
            stdout=out,
            stderr=out,
            cwd=script.parent,
        )
    app = App(f"http://127.0.0.1:{port}/", log, process)
    for _ in range(1500):
        try:
            with urllib.request.urlopen(app.url, timeout=20):
                return app
        except OSError:
            assert app.alive(), log.read_text()
            time.sleep(0.2)
    raise AssertionError(f"no answer within five minutes:\n{log.read_text()}")


@pytest.fixture(scope="session")
def start_app() -> Iterator[Callable[[Path, str, dict[str, str], Path], App]]:
    """`launch`, with every app stopped at the end."""
    apps: list[App] = []

    def start(*arguments: Any) -> App:
        apps.append(launch(*arguments))
        return apps[-1]

    yield start
    for app in apps:
        app.process.terminate()
    for app in apps:
        app.process.wait(120)


@pytest.fixture(scope="session")
def app(
    start_app: Callable, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> App:
    """The page over the three models, started from the checkout."""
    log = tmp_path_factory.mktemp("app") / "log.txt"
    return start_app(Path("space/app.py").resolve(), sys.executable, environment, log)


AXE = "4.14.1"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    if not Path(CHROMIUM).exists():
        pytest.skip("needs Debian's chromium: apt-get install chromium")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def axe() -> str:
    """The source of axe-core, downloaded from the npm registry once per machine."""
    if not shutil.which("npm"):
        pytest.skip("needs npm for axe-core")
    folder = Path(tempfile.gettempdir()) / f"axe-core-{AXE}"
    source = folder / "node_modules/axe-core/axe.min.js"
    if not source.exists():
        folder.mkdir(exist_ok=True)
        subprocess.run(
            ["npm", "install", "--silent", "--prefix", folder, f"axe-core@{AXE}"], check=True
        )
    return source.read_text()


@pytest.fixture
def open_page(app, browser: Any) -> Iterator[Any]:
    """Open the page at a size and in a theme. The test fails if a script fails."""
    contexts, faults = [], []

    def opened(size: tuple[int, int] = DESKTOP, theme: str = "light", fragment: str = "") -> Any:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme=theme
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(f"{app.url}?__theme={theme}{fragment}")
        page.wait_for_selector("#extract-tab .textfield")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert faults == []
