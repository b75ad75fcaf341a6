"""A fresh process loads each version, in full and streamed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from corpusmith.hub.publish import publish
from corpusmith.hub.repo import HubTarget

CORPUS = "local/corpusmith-ner"
pytestmark = pytest.mark.slow
READER = """
import json, sys
from datasets import load_dataset
name, version = sys.argv[1:]
whole = load_dataset(name, "demo-disease", revision=version, split="train")
streamed = load_dataset(name, "demo-disease", revision=version, split="train", streaming=True)
refused = load_dataset(name, "rejected", revision=version)
tags = whole.features["ner_tags"].feature.names
rejected = {name: len(rows) for name, rows in refused.items()}
print(json.dumps([whole["text"][:], [row["text"] for row in streamed], tags, rejected]))
"""


def test_first_version_keeps_its_rows_after_three_releases(hub: str, tmp_path: Path, write) -> None:
    write_corpus, _ = write
    for number, change in enumerate([{}, {"rows": 30}, {"text": " in mice"}, {"recipe": "other"}]):
        publish(
            "dataset", write_corpus(tmp_path / str(number), **change), CORPUS, target=HubTarget(hub)
        )
    expected = [f"Mutations in gene {number} cause cystic fibrosis." for number in range(16)]
    texts, streamed, tags, refused = read(hub, tmp_path, "v0.1.0")
    assert texts == streamed == expected
    assert tags == ["O", "B-Disease", "I-Disease"] and refused == {"demo_disease": 1}
    texts, streamed, _, refused = read(hub, tmp_path, "v0.4.0")
    assert texts == streamed == [text.replace(".", " in mice.") for text in expected]
    assert refused == {"demo_disease": 1, "other": 1}


def read(hub: str, tmp_path: Path, version: str) -> list:
    environment = os.environ | {
        "HF_ENDPOINT": hub,
        "HF_HOME": str(tmp_path / "home"),
        "HF_HUB_DISABLE_XET": "1",
    }
    command = [sys.executable, "-c", READER, CORPUS, version]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])
