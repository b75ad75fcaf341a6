"""An odd config.json of a model is one line that names the file, from each verb that takes one."""

import base64
import json
from pathlib import Path

import pytest

from corpusmith.hub.publish import About, HubTarget, publish
from corpusmith.hub.repo import Repo
from tests.cli.command import corpusmith
from tests.fixtures.training import TAGS
from tests.hub import http
from tests.training.models import write_model

NO_OBJECTS = ["[1]", "3", "null", "", '{"id2label":', "[" * 100_000, '{"a":' * 100_000, "9" * 5000]
ODD_FIELDS = [
    {"id2label": 3},
    {"id2label": ["O"]},
    {"id2label": {"a": "O"}},
    {"id2label": {"0": "O", "2": "B-X"}},
    {"id2label": {"0": 1, "1": 2, "2": 3}},
    {"id2label": {"0": "O", "1": "B-\ud800", "2": "I-X"}},
    {"model_type": []},
    {"pad_token_id": "x"},
    {"corpusmith": 3},
    {"corpusmith": {"task": []}},
    {"corpusmith": {"task": "other"}},
    {"corpusmith": {"task": "ner", "max_length": "x"}},
    {"corpusmith": {"task": "ner", "max_length": -5}},
]
ODD_SIZES = [  # that the libraries read, not corpusmith
    {"model_type": "nonsense"},
    {"hidden_size": "x"},
    {"hidden_act": 3},
    {"num_attention_heads": 0},
]


@pytest.fixture(scope="module")
def student(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path) -> Path:
    folder = tmp_path_factory.mktemp("model")
    write_model(folder, tiny_encoder, TAGS, {"task": "ner", "max_length": 64})
    (folder / "training.json").write_text('{"task": "ner", "encoder": "a/b"}')
    (folder / "note.txt").write_text("Patients with asthma were seen.")
    (folder / "dev.conll").write_text("Asthma\tB-Disease\nworsened\tO\n\n")
    return folder


@pytest.fixture
def whole(student: Path):
    """The model's own config, which a test may overwrite."""
    config = student / "config.json"
    before = config.read_text(encoding="utf-8")
    yield json.loads(before)
    config.write_text(before, encoding="utf-8")


def lines_of(model: Path, out: Path, verbs: tuple[str, ...]) -> list[list[object]]:
    lines: dict[str, list[object]] = {
        "evaluate": ["evaluate", model, model / "dev.conll"],
        "extract": ["extract", model, model / "note.txt", "--out", out / "found.jsonl"],
        "export": ["export", model],
        "review": ["review", model, "--documents", model / "note.txt", "--out", out / "review"],
    }
    return [lines[verb] for verb in verbs]


def assert_one_line(line: list[object], file: Path) -> None:
    done = corpusmith(*line)
    assert done.returncode == 2, (line, done.stderr)
    (said,) = done.stderr.splitlines()
    assert str(file.parent) in said and "config.json" in said and "again" in said


@pytest.mark.parametrize("content", NO_OBJECTS, ids=lambda content: content[:8])
def test_config_that_is_no_object_is_one_line(
    student: Path, whole: dict, content: str, tmp_path: Path
) -> None:
    config = student / "config.json"
    config.write_text(content)
    for line in lines_of(student, tmp_path, ("evaluate", "extract", "export", "review")):
        assert_one_line(line, config)


@pytest.mark.parametrize("fields", [*ODD_FIELDS, *ODD_SIZES], ids=json.dumps)
def test_field_of_another_form_is_one_line(
    student: Path, whole: dict, fields: dict, tmp_path: Path
) -> None:
    config = student / "config.json"
    config.write_text(json.dumps(whole | fields))
    for line in lines_of(student, tmp_path, ("evaluate", "extract", "export", "review")):
        assert_one_line(line, config)


@pytest.mark.parametrize("content", [*NO_OBJECTS, *map(json.dumps, ODD_FIELDS)])
def test_odd_config_is_not_published(hub: str, model_folder: Path, content: str) -> None:
    (model_folder / "config.json").write_text(content)
    line = ["publish", "model", model_folder, "--repo", "lab/odd", "--hub", hub]
    assert_one_line(line, model_folder / "config.json")


def test_space_names_the_model_whose_config_is_odd(
    hub: str, model_folder: Path, tmp_path: Path
) -> None:
    target = HubTarget(hub)
    publish("model", model_folder, "lab/student", target=target)
    api = Repo("model", "lab/student", target).api
    (tmp_path / "space").mkdir()
    (tmp_path / "space" / "README.md").write_text("---\ntitle: T\nsdk: gradio\n---\n")
    line = ["publish", "space", tmp_path / "space", "--repo", "lab/space", "--hub", hub]
    for content in (b"[]", b"{", b'{"id2label": 3}', b'{"corpusmith": []}'):
        api.upload_file(path_or_fileobj=content, path_in_repo="config.json", repo_id="lab/student")
        done = corpusmith(*line, "--ner", "lab/student@main")
        assert done.returncode == 2
        (said,) = done.stderr.splitlines()
        assert "config.json of lab/student" in said and "again" in said


def test_card_in_another_encoding_is_one_line(hub: str, model_folder: Path) -> None:
    target = HubTarget(hub)
    publish("model", model_folder, "lab/student", about=About(license="mit"), target=target)
    content = base64.b64encode("# Modèle\n".encode("latin-1")).decode()
    commit = [
        {"key": "header", "value": {"summary": "By hand"}},
        {"key": "file", "value": {"path": "README.md", "content": content}},
    ]
    address = f"{hub}/api/models/lab/student/commit/main"
    sent = http.post(address, content="\n".join(map(json.dumps, commit)))
    assert sent.status_code == 200
    done = corpusmith("publish", "model", model_folder, "--repo", "lab/student", "--hub", hub)
    assert done.returncode == 2
    (said,) = done.stderr.splitlines()
    assert "README.md" in said and "lab/student" in said and "save it as UTF-8" in said
