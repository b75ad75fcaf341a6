"""Follow every link and picture of a release on a hub."""

import json
import re
from pathlib import Path
from urllib.parse import urljoin

from markdown_it import MarkdownIt

from corpusmith.hub.publish import About, publish
from corpusmith.hub.repo import HubTarget, Repo
from tests.hub import http

CORPUS, MODEL, SPACE = "local/corpusmith-ner", "local/student", "local/corpusmith"
ABROAD = {  # the only external URLs on our cards
    "https://arxiv.org/abs/2303.04360",
    "https://huggingface.co/docs/transformers.js",
}


def links(markdown: str) -> list[str]:
    """URLs of links and pictures."""
    text = re.sub(r"\A---\n.*?^---\n", "", markdown, flags=re.DOTALL | re.MULTILINE)
    tokens = [
        part
        for token in MarkdownIt("gfm-like", {"linkify": False}).parse(text)
        for part in token.children or ()
    ]
    return [str(part.attrs[key]) for part in tokens for key in ("href", "src") if key in part.attrs]


def test_links_and_pictures_resolve(hub: str, tmp_path: Path, write) -> None:
    write_corpus, write_model = write
    form = {"rows": 20, "tokens_mean": 8.0, "mentions_mean": 1.0, "share_without_mention": 0.1}
    corpus = write_corpus(
        tmp_path / "corpus", statistics=form, reference_statistics={"ncbi/train": form}
    )
    history = [
        {"epoch": n, "step": n, "train_loss": 1 / n, "validation": {"strict_f1": 60.0 + n}}
        for n in (1, 2)
    ]
    model = write_model(
        tmp_path / "model", history=history, best={"metric": "strict_f1", "step": 2, "value": 62.0}
    )
    (model / "onnx").mkdir()
    (model / "onnx" / "model.onnx").write_bytes(b"\0onnx")
    (model / "evaluation").mkdir()
    for name, more in (
        ("own", {"backend": "torch"}),
        ("dictionary", {"model": "dictionary.jsonl"}),
    ):
        figures = {
            "task": "ner",
            "strict_f1": 60.0,
            "split": "dev",
            "benchmark": "benchmarks/ncbi",
            **more,
        }
        (model / "evaluation" / f"{name}.json").write_text(json.dumps(figures))
    space = tmp_path / "space"
    space.mkdir()
    (space / "README.md").write_text("---\ntitle: Extract\nsdk: gradio\n---\n")
    pinned = {"dataset": f"{CORPUS}@v0.1.0", "space": SPACE}
    released = [
        publish("dataset", corpus, CORPUS, about=About(license="cc-by-4.0"), target=HubTarget(hub)),
        publish(
            "model",
            model,
            MODEL,
            about=About(license="apache-2.0", **pinned),
            target=HubTarget(hub),
        ),
        publish(
            "space",
            space,
            SPACE,
            about=About(ner=[f"{MODEL}@v0.1.0"], datasets=[f"{CORPUS}@v0.1.0"]),
            target=HubTarget(hub),
        ),
    ]
    followed = []
    for done in released:
        repo = Repo(done.kind, done.repo_id, HubTarget(hub))
        files = repo.standing().files
        for name in {"README.md", "CHANGELOG.md"} & files.keys():
            for link in links(repo.read(files[name]).decode()):
                if link not in ABROAD:
                    # The base against which the Hub resolves relative links
                    base = f"{repo.url}/resolve/{done.version}/{name}"
                    assert http.get(urljoin(base, link)).status_code == 200, (
                        f"{done.repo_id}, {name}: {link}"
                    )
                    followed.append(link)
    assert {
        "/datasets/local/corpusmith-ner/tree/v0.1.0",
        "/spaces/local/corpusmith",
        "/local/student",
    } <= set(followed)
    pictures = sorted(link.rpartition("/")[2] for link in followed if link.endswith(".png"))
    assert pictures == ["acceptance.png", "comparison.png", "form.png", "training.png"]
