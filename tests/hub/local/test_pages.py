"""Web pages: their content, and their protection against hostile cards."""

import html
import re
from pathlib import Path

import pytest
from huggingface_hub import CommitOperationAdd, HfApi
from hypothesis import given
from hypothesis import strategies as st

from corpusmith.hub.local.pages import POLICY, card_html
from tests.fixtures.browser import CHROMIUM, FLAGS
from tests.hub import http

CARD = """---
license: cc-by-4.0
language:
- en
configs:
- config_name: demo-disease
  data_files: data/*.parquet
---
# Disease sentences

| teacher | rows |
|:---|---:|
| one | 12 |

![A figure](figures/form.png) and [the changes](CHANGELOG.md), [below](#limits), [a paper](https://arxiv.org/abs/1).

## Limits

~~None~~ Some.
"""
HOSTILE = """---
title: "</td><script>alert(1)</script>"
"<img src=x onerror=alert(2)>": {a: [1, "<b>"]}
---
<script>alert(3)</script>
<img src=x onerror="alert(4)"> <iframe src="javascript:alert(5)"></iframe>
[one](javascript:alert(6)) [two](JaVaScRiPt:alert(7))
[three](data:text/html,<script>alert(8)</script>)
![four](javascript:alert(9)) <style>body{display:none}</style> ]]> {{ 7*7 }} {% raw %} &lt;b&gt;
# <svg onload=alert(10)>
"""
BOMB = "a0: &a0 [x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 30)
)


def publish(api: HfApi, card: str, **kwargs) -> str:
    api.create_repo("lab/notes", repo_type="dataset", **kwargs)
    operations = [
        CommitOperationAdd("README.md", card.encode()),
        CommitOperationAdd("figures/form.png", b"\x89PNG\r\n\x1a\n\0"),
        CommitOperationAdd("page.html", b"<script>alert(1)</script>"),
        CommitOperationAdd(
            "drawing.svg",
            b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        ),
    ]
    api._validate_yaml = lambda *args, **kwargs: None  # a hostile client skips validation
    api.create_commit(
        "lab/notes", operations, commit_message="Release <i>v1</i>", repo_type="dataset"
    )
    api.create_tag("lab/notes", tag="v1.0.0", tag_message="The first & best", repo_type="dataset")
    return f"{api.endpoint}/datasets/lab/notes"


def test_repository_page_shows_card_versions_and_files(api: HfApi) -> None:
    page = http.get(publish(api, CARD, visibility="private"))
    assert page.status_code == 200 and page.headers["content-security-policy"] == POLICY
    text = page.text
    assert (
        '<h1 id="disease-sentences">' in text and "<s>None</s>" in text and 'href="#limits"' in text
    )
    assert '<td class="right">12</td>' in text
    assert 'src="/datasets/lab/notes/resolve/main/figures/form.png"' in text
    assert (
        'href="/datasets/lab/notes/resolve/main/CHANGELOG.md"' in text
        and 'href="https://arxiv.org/abs/1"' in text
    )
    assert re.search(r'<th scope="row">license</th>\s*<td>\s*cc-by-4.0\s*</td>', text)
    assert "config_name: demo-disease" in text and "private" in text
    assert "/datasets/lab/notes/tree/v1.0.0" in text and "The first &amp; best" in text
    assert 'load_dataset("lab/notes", "demo-disease", revision="v1.0.0")' in html.unescape(text)
    assert "Release &lt;i&gt;v1&lt;/i&gt;" in text
    assert re.search(r"page\.html</a> <span>25 Bytes</span>", text)
    for path in re.findall(r'(?:href|src)="(/[^"#]*)"', text):
        assert (
            path.endswith("CHANGELOG.md") or http.get(f"{api.endpoint}{path}").status_code == 200
        ), path


def test_every_revision_has_a_page(api: HfApi) -> None:
    url = publish(api, CARD)
    old = api.dataset_info("lab/notes").sha
    pull = api.upload_file(
        path_or_fileobj=b"x",
        path_in_repo="new.txt",
        repo_id="lab/notes",
        repo_type="dataset",
        create_pr=True,
    )
    api.upload_file(
        path_or_fileobj=b"# Second card",
        path_in_repo="README.md",
        repo_id="lab/notes",
        repo_type="dataset",
    )
    assert "Second card" in http.get(url).text
    for earlier in (f"{url}/tree/v1.0.0", f"{url}/commit/{old}"):
        assert "Disease sentences" in http.get(earlier).text
    assert (
        "new.txt" in http.get(pull.pr_url).text
        and "new.txt" in http.get(f"{url}/tree/refs%2Fpr%2F1").text
    )


def test_front_page_lists_repositories(api: HfApi) -> None:
    assert "Nothing here yet" in http.get(api.endpoint).text
    publish(api, CARD)
    slug = api.create_collection("Corpora", description="<b>All</b>").slug
    api.add_collection_item(slug, "lab/notes", "dataset", note="a note")
    text = http.get(api.endpoint).text
    assert 'href="/datasets/lab/notes"' in text and f'href="/collections/{slug}"' in text
    collection = http.get(f"{api.endpoint}/collections/{slug}").text
    assert (
        'href="/datasets/lab/notes"' in collection
        and "a note" in collection
        and "<b>All" not in collection
    )


def test_browser_gets_an_error_page(api: HfApi) -> None:
    missing = http.get(f"{api.endpoint}/lab/absent", headers={"Accept": "text/html,*/*"})
    assert missing.status_code == 404 and "Repository not found" in missing.text
    assert missing.headers["content-security-policy"] == POLICY


def test_hostile_card_is_shown_as_text(api: HfApi) -> None:
    text = http.get(publish(api, HOSTILE)).text
    tags = re.findall(r"<[^>]*>", text)
    assert not [tag for tag in tags if re.match(r"<(script|iframe|svg|img|style)", tag)]
    assert not [tag for tag in tags if re.search(r"javascript:|data:|onerror", tag, re.IGNORECASE)]
    assert "{{ 7*7 }}" in text and text.count("</main>") == 1


@pytest.mark.parametrize(
    "front_matter",
    [
        "configs: 5",
        "configs: {}",
        "configs: [[]]",
        "configs: x",
        "tags: {a: b}",
        "- a",
        "a: [",
        "language: 2026-01-01",
        "a: &x [*x]",
        "a: .nan",
        BOMB,
        "[" * 300,
    ],
)
def test_page_renders_with_odd_metadata(api: HfApi, front_matter: str) -> None:
    url = publish(api, f"---\n{front_matter}\n---\nThe text")
    assert "The text" in http.get(url).text
    assert http.get(f"{api.endpoint}/api/datasets/lab/notes").status_code == 200


def test_files_of_a_repository_are_not_executed(api: HfApi) -> None:
    raw = publish(api, CARD) + "/resolve/main"
    types = {
        "page.html": "text/plain",
        "drawing.svg": "image/svg+xml",
        "figures/form.png": "image/png",
    }
    for name, media_type in types.items():
        answer = http.get(f"{raw}/{name}")
        assert answer.headers["content-type"].startswith(media_type)
        assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_only_formatting_tags_without_attributes_are_rendered() -> None:
    inline = card_html("a <b>bold</b> <b onclick=x> <sub>low</sub> `<b>` <!-- gone -->", "/x/")
    assert (
        "<b>bold</b> &lt;b onclick=x&gt; <sub>low</sub> <code>&lt;b&gt;</code>" in inline
        and "gone" not in inline
    )
    block = card_html("<details><summary>More</summary>\n\n*text*\n\n</details>", "/x/")
    assert "<details><summary>More</summary>" in block and "<em>text</em>" in block


PIECES = [
    "<",
    ">",
    "/",
    "b",
    "script",
    "img",
    "src=",
    "onerror=",
    "!--",
    "--",
    "&lt;",
    "&",
    '"',
    "'",
    "`",
    "#",
    "|",
    "[",
    "](",
    ")",
    "javascript:",
    "http://",
    "[x](http://[)",
    "svg",
    "style",
    " ",
    "\n",
    "\n\n",
]
OURS = (
    r"a|b|blockquote|br|code|details|em|h[1-6]|hr|i|img|kbd|li|ol|p|pre|strong|sub|summary|sup|s"
    r"|table|t[bdhr]\w*|ul"
)


@given(st.lists(st.sampled_from(PIECES)))
def test_all_other_tags_are_escaped(pieces: list[str]) -> None:
    for tag in re.findall(r"<[^>]*>", card_html("".join(pieces), "/x/")):
        attributes = r'(?: (?:href|src|alt|title|id|class|start)="(?!\s*javascript:)[^"<>]*")*'
        assert re.fullmatch(rf"</?(?:{OURS}){attributes}(?: /)?>", tag), tag


def test_card_of_comments_is_parsed_in_linear_time() -> None:
    assert card_html("<!--" * 100_000 + "-->\n\nThe end", "/x/").strip().endswith("<p>The end</p>")


def test_headings_have_anchors() -> None:
    assert 'id="form-beside-real-text"' in card_html("## Form, beside real *text*!", "/x/").replace(
        "*", ""
    )
    assert card_html("", "/x/") == ""


@pytest.mark.slow
def test_browser_runs_no_script_and_blocks_no_resource(api: HfApi, tmp_path: Path) -> None:
    """A hostile card opens no dialogue. A normal card needs nothing that the content security
    policy forbids, in both colour schemes.
    """
    sync_api = pytest.importorskip("playwright.sync_api")
    if not Path(CHROMIUM).exists():
        pytest.skip("needs Debian's chromium")
    publish(api, CARD)
    api.create_repo("lab/hostile")
    api.create_commit(
        "lab/hostile", [CommitOperationAdd("README.md", HOSTILE.encode())], commit_message="m"
    )
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        grounds = set()
        for scheme in ("light", "dark"):
            page = browser.new_page(color_scheme=scheme)
            events: list[str] = []
            page.on(
                "dialog",
                lambda dialog, events=events: (events.append(dialog.message), dialog.dismiss()),
            )
            page.on("console", lambda message, events=events: events.append(message.text))
            page.on("pageerror", lambda error, events=events: events.append(str(error)))
            for path in ("/", "/lab/hostile", "/datasets/lab/notes"):
                page.goto(api.endpoint + path)
            complaints = [
                event for event in events if "favicon" not in event and "404" not in event
            ]
            assert complaints == []
            grounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        browser.close()
    assert len(grounds) == 2
