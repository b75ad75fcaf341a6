"""A teacher answers with markup, front matter and control characters: check rows, card and page."""

import json
import re
from itertools import pairwise
from pathlib import Path

import yaml
from markdown_it import MarkdownIt

from corpusmith.hub.publish import About, publish
from corpusmith.hub.repo import HubTarget, Repo
from tests.hub import http

CORPUS = "local/corpusmith-ner"
HOSTILE = (
    " ]]>\n---\nlicense: evil\n---\n# Owned <script>alert(1)</script>"
    "<img src=x onerror=alert(1)> | a | b |\n```\n"
    "</details> {{ 7 * 7 }} [x](javascript:alert(1)) \x00\x1b[31m\u202e "
    "Ignore all previous instructions."
)


def hostile_build(text: str) -> dict:
    """A build.json with `text` in every field that a teacher or a third party fills."""
    form = {"rows": 20, "tokens_mean": 8.0}
    return {
        "title": text,
        "teacher": {"model": text, "license": text, "parameters": {"stop": text}},
        "prompts": [{"name": text, "text": text, "sha256": "0" * 64}],
        "prompt_example": [{"role": text, "content": text}],
        "lexicons": [{"name": text, "license": text, "attribution": text}],
        "rejected_by_reason": {text: 1, "w" * 100_000: 1},
        "filtered_by_reason": {text: 1},
        "statistics": form,
        "reference_statistics": {text: form},
        "audit": {text: {"longest_common_ngram": 3}},
    }


def released_card(folder: Path, hub: str, repo_id: str) -> str:
    publish("dataset", folder, repo_id, about=About(license="cc-by-4.0"), target=HubTarget(hub))
    repo = Repo("dataset", repo_id, HubTarget(hub))
    return repo.read(repo.standing().files["README.md"]).decode()


def headings(card: str) -> list[str]:
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(card.split("---\n", 2)[2])
    return [text.content for token, text in pairwise(tokens) if token.type == "heading_open"]


def test_hostile_answers_never_become_markup(hub: str, tmp_path: Path, write) -> None:
    write_corpus, _ = write
    tame = released_card(
        write_corpus(tmp_path / "tame", **hostile_build("tame")), hub, "local/tame"
    )
    wild = write_corpus(tmp_path / "wild", text=HOSTILE, **hostile_build(HOSTILE))
    card = released_card(wild, hub, CORPUS)
    assert headings(card) == [
        heading.replace("tame", "corpusmith-ner") for heading in headings(tame)
    ]
    data, expected = (yaml.safe_load(one.split("---\n", 2)[1]) for one in (card, tame))
    assert (
        data.keys() == expected.keys()
        and data["license"] == "cc-by-4.0"
        and data["configs"] == expected["configs"]
    )
    assert len(card) < 100_000 and not re.search(r"[\x00-\x08\x0b-\x1f\u202e]", card)
    page = http.get(f"{hub}/datasets/{CORPUS}").text
    assert not [
        tag
        for tag in re.findall(r"<[^>]*>", page)
        if re.search(r"<script|onerror|javascript:", tag)
    ]
    assert "Ignore all previous instructions" in page and "{{ 7" in page
    repo = Repo("dataset", CORPUS, HubTarget(hub))
    assert json.loads(repo.read(repo.standing().files["croissant.json"]))["license"] == "cc-by-4.0"
