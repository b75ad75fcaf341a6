"""datasets and transformers in a fresh process, configured only by `HF_ENDPOINT`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from huggingface_hub import HfApi

FIRST_LINES = """
import json
from pathlib import Path
from huggingface_hub import constants
assert constants.ENDPOINT.startswith("http://127.0.0.1:")
"""


def run(hub: str, home: Path, script: str) -> dict:
    """Run a script with an empty cache and default settings. Returns its last line of output."""
    kept = {
        name: os.environ[name]
        for name in os.environ
        if not name.startswith(("HF_", "HUGGING", "TRANSFORMERS"))
    }
    environment = kept | {"HF_ENDPOINT": hub, "HF_HOME": str(home), "HOME": str(home)}
    done = subprocess.run(
        [sys.executable, "-c", FIRST_LINES + script],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_datasets_are_pushed_loaded_and_streamed_by_version(
    hub: str, tmp_path: Path, write
) -> None:
    """For a corpus of two configs, the first version keeps its rows after a later release, and
    an unmodified `push_to_hub` works.
    """
    write_corpus, _ = write
    api = HfApi(endpoint=hub, token="any-token")
    api.create_repo("lab/ner", repo_type="dataset")
    card = tmp_path / "corpus" / "README.md"
    for version, rows in (("v1.0.0", 10), ("v1.1.0", 20)):
        write_corpus(tmp_path / "corpus", rows=rows)
        card.write_text(
            "---\nconfigs:\n- config_name: demo-disease\n  data_files:\n  - split: train\n"
            "    path: data/demo-disease/train-*.parquet\n- config_name: rejected\n  data_files:\n"
            "  - split: demo_disease\n    path: data/rejected/*.parquet\n---\n# Corpus\n"
        )
        api.upload_folder(repo_id="lab/ner", folder_path=tmp_path / "corpus", repo_type="dataset")
        api.create_tag("lab/ner", tag=version, repo_type="dataset")
    script = """
from datasets import Dataset, get_dataset_config_names, load_dataset
from datasets.exceptions import DatasetNotFoundError
old = load_dataset("lab/ner", "demo-disease", revision="v1.0.0", split="train")
new = load_dataset("lab/ner", "demo-disease", split="train")
stream = load_dataset("lab/ner", "demo-disease", revision="v1.0.0", split="train", streaming=True)
Dataset.from_dict({"a": [1, 2, 3]}).push_to_hub("local/pushed", token="any-token")
try:
    load_dataset("lab/absent")
except DatasetNotFoundError:
    absent = True
print(json.dumps({
    "old": len(old), "new": len(new), "streamed": [row["id"] for row in stream] == old["id"],
    "labels": old.features["ner_tags"].feature.names,
    "configs": get_dataset_config_names("lab/ner"),
    "pushed": load_dataset("local/pushed", split="train")["a"][:], "absent": absent,
}))
"""
    assert run(hub, tmp_path / "home", script) == {
        "old": 6,
        "new": 16,
        "streamed": True,
        "labels": ["O", "B-Disease", "I-Disease"],
        "configs": ["demo-disease", "rejected"],
        "pushed": [1, 2, 3],
        "absent": True,
    }


@pytest.mark.slow
def test_models_are_pushed_and_found_by_their_task(hub: str, tmp_path: Path) -> None:
    """`push_to_hub` sends weights by path, over Xet. `pipeline` reads the task from the card, also
    for a tag.
    """
    script = """
from huggingface_hub import HfApi, ModelCard
from transformers import BertConfig, BertForTokenClassification, BertTokenizerFast, pipeline
words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "cystic", "fibrosis"]
vocabulary = Path(constants.HF_HOME) / "vocab.txt"
vocabulary.write_text("\\n".join(words))
config = BertConfig(vocab_size=7, hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
                    intermediate_size=16,
                    id2label={0: "O", 1: "B-Disease"}, label2id={"O": 0, "B-Disease": 1})
BertForTokenClassification(config).push_to_hub("local/tagger", token="any-token")
BertTokenizerFast(vocab_file=str(vocabulary)).push_to_hub("local/tagger", token="any-token")
ModelCard(
    "---\\npipeline_tag: token-classification\\nlibrary_name: transformers\\n---\\n# Tagger"
).push_to_hub(
    "local/tagger", token="any-token")
HfApi(token="any-token").create_tag("local/tagger", tag="v1.0.0")
named = pipeline("token-classification", model="local/tagger", ignore_labels=[])("cystic fibrosis")
found = pipeline(model="local/tagger", revision="v1.0.0", ignore_labels=[])("cystic fibrosis")
print(json.dumps({"words": [one["word"] for one in named], "same": len(named) == len(found),
                  "labels": named[0]["entity"] in ("O", "B-Disease")}))
"""
    (tmp_path / "home").mkdir()
    answer = run(hub, tmp_path / "home", script)
    assert answer["labels"] and answer["same"] and answer["words"] == ["cystic", "fibrosis"]
