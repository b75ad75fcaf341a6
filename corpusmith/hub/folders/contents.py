"""Collect the files of a release from a folder; the card and the changelog come later."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from huggingface_hub.errors import RevisionNotFoundError

from corpusmith.cards import figures
from corpusmith.cards.dataset import split_name
from corpusmith.errors import UserError
from corpusmith.hub import card_facts as facts
from corpusmith.hub.card import About
from corpusmith.hub.card_facts import json_mapping
from corpusmith.hub.folders.answer import same_answer, snippet_answer
from corpusmith.hub.folders.corpus import published_build
from corpusmith.hub.folders.model import is_hub_id, public
from corpusmith.hub.release import folder_files
from corpusmith.hub.repo import Files, Repo, Standing
from corpusmith.redaction import without_secrets

TEXTS = (".yaml", ".yml", ".jinja", ".json", ".txt", ".md")
WEIGHTS = (".safetensors", ".bin", ".onnx")
# What training, export, evaluation and the report write. Other files of the folder are not
# published: logs, predictions and pickled states may contain private text.
OF_TOKENIZER = (
    r"(tokenizer|tokenizer_config|special_tokens_map|added_tokens|vocab|preprocessor_config)\.json"
    r"|(vocab|merges)\.txt|bpe\.codes|(spiece|spm|tokenizer|sentencepiece\.bpe)\.model"
)
MODEL_FILES = re.compile(
    rf"(onnx/)?({OF_TOKENIZER}|(config|generation_config)\.json)"
    r"|(model|pytorch_model)(-\d+-of-\d+)?\.(safetensors|bin)(\.index\.json)?"
    r"|(training|export|report|examples)\.json|(LICENSE|NOTICE)(\.\w+)?"
    r"|onnx/model(_\w+)?\.onnx([_.]data)?|evaluation/[^/]+\.json|figures/[^/]+\.png"
)
MADE_AGAIN = {"README.md", "CHANGELOG.md"}  # by each release
RESERVED = ("rejected", "default")


def folder_contents(repo: Repo, folder: Path, standing: Standing, about: About) -> Files:
    """The files of a folder, by their path in the repo. A dataset's other configs stay as they are.

    Raises:
        UserError: the folder does not hold what the repo's kind says.
    """
    if repo.kind == "dataset":
        return dataset_contents(folder, standing)
    if repo.kind == "model":
        return {**model_contents(folder), **example_sentences(repo, folder, standing, about)}
    return dict(folder_files(folder))


def model_contents(folder: Path) -> Files:
    """A trained model, its evaluations and pictures, without other seeds, states and logs."""
    files: Files = {
        path: file for path, file in folder_files(folder).items() if MODEL_FILES.fullmatch(path)
    }
    documents = {path: read_mapping(folder / path) for path in files if facts.is_document(path)}
    if "config.json" not in documents:
        raise UserError(
            f"{folder} holds no config.json: give the folder that `corpusmith train --out` wrote"
        )
    facts.refuse_odd_config(documents["config.json"], str(folder / "config.json"))
    if not any(path.endswith(WEIGHTS) for path in files):
        raise UserError(f"{folder} holds no weights ({', '.join(WEIGHTS)}): train the model first")
    corpus = documents.get("training.json", {}).get("dataset") or {}
    documents = {path: public(path, document, corpus) for path, document in documents.items()}
    files |= {
        path: json.dumps(document, indent=1).encode()
        for path, document in documents.items()
        if path != "config.json"
    }
    draft = facts.Snapshot(folder.name, "v0.0.0", (), documents, files)
    pictures = figures.model_figures(facts.model_facts(draft))
    return files | {f"figures/{name}": picture for name, picture in pictures.items()}


def left_out(folder: Path, files: Files) -> tuple[str, ...]:
    """The files of a folder that are not published."""
    return tuple(path for path in folder_files(folder) if path not in {*files, *MADE_AGAIN})


def example_sentences(repo: Repo, folder: Path, standing: Standing, about: About) -> Files:
    """examples.json of a model repo: sentences of its corpus's test split, for the card's widget,
    and what the model answers to the first of them.

    The corpus is the folder or the Hub dataset that training recorded, or `about.dataset`. If it
    cannot be read, the file stays as the repo holds it.
    """
    if (folder / "examples.json").is_file():
        return {}
    corpus = read_mapping(folder / "training.json").get("dataset") or {}
    build = corpus_build(repo, corpus, about.dataset)
    sentences = facts.widget(build) if build else []
    held = standing.files.get("examples.json")
    if build and sentences:
        shown: dict[str, Any] = {"sentences": sentences}
        if build["task"] != "ner":  # the Space reads sentences that are not masked
            shown["texts"] = [row["text"] for row in build["examples"] if row.get("masked")]
        shown |= {key: build[key] for key in ("language", "domain") if build.get(key)}
        answer = snippet_answer(folder, build["task"], sentences[0])
        before = json_mapping(repo.read(held), "examples.json") if held else {}
        if before.get("sentences") == sentences and same_answer(before.get("answer", ()), answer):
            answer = before.get("answer", answer)
        if answer:
            shown["answer"] = answer
        return {"examples.json": json.dumps(shown, indent=1).encode()}
    return {"examples.json": held} if held else {}


def corpus_build(
    repo: Repo, corpus: Mapping[str, Any], published: str | None
) -> dict[str, Any] | None:
    """The build.json of a model's corpus, from its folder or from the Hub that `repo` is on."""
    name, revision, config = corpus.get("id") or "", corpus.get("revision"), corpus.get("config")
    local = Path(name) / "build.json"
    if name and not is_hub_id(name, revision) and read_mapping(local).get("recipe") == config:
        return published_build(Path(name)) if config else None
    if published:
        name, _, revision = published.partition("@")
    if not config or name.count("/") != 1 or name.startswith((".", "/")):
        return None
    hub = Repo("dataset", name, repo.target)
    try:
        files = hub.standing(revision or "main").files
    except RevisionNotFoundError:
        return None
    held = files.get(f"recipes/{config}/build.json")
    return json.loads(hub.read(held)) if held else None


def read_mapping(path: Path) -> Any:
    """The content of a JSON file; an empty mapping if there is none.

    Raises UserError on bad JSON.
    """
    try:
        return json_mapping(path.read_bytes(), str(path))
    except FileNotFoundError:
        return {}


def dataset_contents(folder: Path, standing: Standing) -> Files:
    """A built corpus as one config of its repo, and the other configs as they stand there."""
    build = published_build(folder)
    name = build["recipe"]
    if name in RESERVED:
        raise UserError(f"a recipe can't be called {name}, as datasets have a config of that name")
    ours = (f"data/{name}/", f"recipes/{name}/", f"data/rejected/{split_name(name)}-")
    files: Files = {
        path: file
        for path, file in standing.files.items()
        if path.startswith(("data/", "recipes/")) and not path.startswith(ours)
    }
    for path, file in folder_files(folder).items():
        if path.startswith(ours):
            is_text = path.startswith("recipes/") and path.endswith(TEXTS)
            files[path] = public_text(file).encode() if is_text else file
    pictures = figures.dataset_figures(facts.corpus(name, build, ()))
    files |= {f"recipes/{name}/figures/{path}": picture for path, picture in pictures.items()}
    written = json.dumps(build, indent=1, ensure_ascii=False)
    files[f"recipes/{name}/build.json"] = without_secrets(written).encode()
    return files


def public_text(file: Path) -> str:
    """A text file of a recipe without secrets."""
    return without_secrets(file.read_text(encoding="utf-8", errors="replace"))
