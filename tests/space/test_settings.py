from pathlib import Path

import pytest

from corpusmith.space.settings import (
    Source,
    front_matter,
    languages_of,
    names_of,
    read_settings,
    read_zero_shot,
)

README = """---
title: corpusmith
corpusmith:
  ner:
  - {id: me/disease, revision: v1.2.0}
  - {id: me/gene}
  relations:
  - {id: me/links, revision: v0.1.0}
  datasets:
  - {id: me/corpusmith-ner, revision: v1.0.0}
  lexicons:
  - {label: Disease, path: lexicons/disease.tsv.gz}
  - {label: Gene, path: lexicons/gene.tsv.gz}
---
The page.
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "README.md").write_text(README)
    (tmp_path / "lexicons").mkdir()
    (tmp_path / "lexicons/gene.tsv.gz").touch()
    return tmp_path


def test_front_matter_names_models_at_revisions(folder: Path) -> None:
    settings = read_settings(folder, {})
    assert settings.ner == (Source("me/disease", "v1.2.0"), Source("me/gene"))
    assert settings.relations == (Source("me/links", "v0.1.0"),)
    assert settings.datasets[0].url("https://hub", "datasets/") == (
        "https://hub/datasets/me/corpusmith-ner/tree/v1.0.0"
    )


def test_only_existing_lexicons_are_read(folder: Path) -> None:
    assert read_settings(folder, {}).lexicons == (("Gene", folder / "lexicons/gene.tsv.gz"),)


def test_environment_overrides_front_matter(folder: Path) -> None:
    settings = read_settings(
        folder,
        {"CORPUSMITH_NER_MODELS": "a/b@v2, models/local", "CORPUSMITH_RELATION_MODEL": "c/d"},
    )
    assert settings.ner == (Source("a/b", "v2"), Source("models/local"))
    assert settings.relations == (Source("c/d"),)


def test_local_folder_has_no_url(tmp_path: Path) -> None:
    assert Source(str(tmp_path)).url("https://hub") is None


def test_error_for_page_without_model_names_remedy(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("No front matter here.")
    with pytest.raises(ValueError, match="CORPUSMITH_NER_MODELS"):
        read_settings(tmp_path, {})


def test_model_names_are_as_short_as_possible_and_distinct() -> None:
    assert names_of([Source("me/disease", "v1"), Source("models/gene")]) == ["disease", "gene"]
    assert names_of([Source("runs/disease/model"), Source("runs/gad/model")]) == [
        "disease/model",
        "gad/model",
    ]
    versions = [Source("me/disease", "v1"), Source("me/disease")]
    assert names_of(versions) == ["me/disease@v1", "me/disease@main"]


def test_duplicate_model_is_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        names_of([Source("me/disease"), Source("me/disease", "main")])


def test_checkout_finds_lexicons_of_builders() -> None:
    settings = read_settings(Path("space"), {"CORPUSMITH_NER_MODELS": "a/b"})
    assert [label for label, _ in settings.lexicons] == ["Disease", "Gene", "Chemical"]


def test_gradio_version_of_hub_equals_requirements() -> None:
    version = front_matter(Path("space/README.md"))["sdk_version"]
    assert f"gradio[mcp]=={version}" in Path("space/requirements.txt").read_text().splitlines()


@pytest.mark.parametrize(
    "readme",
    [
        b"---\ncorpusmith: [\n---\n",
        b"---\n- a\n- b\n---\n",
        b"---\ncorpusmith: 7\n---\n",
        b"---\ncorpusmith: {ner: [{revision: v1}]}\n---\n",
        b"---\ncorpusmith: {ner: 5}\n---\n",
        b"---\ncorpusmith: {lexicons: [disease.tsv.gz]}\n---\n",
        b"---\ntitle: \xff\n---\n",
        b"---\nd: 2001-13-45\n---\n",
    ],
)
def test_malformed_front_matter_is_one_clear_error(tmp_path: Path, readme: bytes) -> None:
    (tmp_path / "README.md").write_bytes(readme)
    with pytest.raises(ValueError) as refused:
        read_settings(tmp_path, {})
    assert "README.md" in str(refused.value) and "\n" not in str(refused.value)


def test_lexicon_named_by_variable_must_exist(folder: Path) -> None:
    with pytest.raises(ValueError, match="not a file"):
        read_settings(folder, {"CORPUSMITH_LEXICONS": "Disease=none.tsv.gz"})


@pytest.mark.parametrize(
    "line",
    ["[]", "{", '{"text": "a"}', '{"text": "a", "entities": [{}]}', "\ufeff{}", "[" * 99_999],
)
def test_damaged_recorded_answer_names_its_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "zero_shot.jsonl"
    path.write_text('{"text": "a", "entities": []}\n' + line + "\n")
    with pytest.raises(ValueError, match="line 2"):
        read_zero_shot(path)


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        (["language: de"], "German"),
        (["language:\n- de\n- en", "language: sv"], "English, German and sv"),
        (["language: de", "license: mit"], ""),
        (["language: {a: b}"], ""),
        (["language: ["], ""),
        ([], ""),
    ],
)
def test_languages_are_those_of_all_cards(tmp_path: Path, stated: list[str], expected: str) -> None:
    folders = [tmp_path / str(number) for number in range(len(stated))]
    for folder, line in zip(folders, stated, strict=True):
        folder.mkdir()
        (folder / "README.md").write_text(f"---\n{line}\n---\nText\n")
    assert languages_of(folders) == expected
    assert languages_of([*folders, tmp_path / "without-card"]) == ""


def test_models_run_on_one_core_and_give_memory_back(
    models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One text of 20,000 characters made a model hold 90 MB for ever."""
    import onnxruntime

    from corpusmith.inference import EntityExtractor
    from corpusmith.space.settings import load_onnx

    given = []

    class Session(onnxruntime.InferenceSession):
        def __init__(self, file, options, **rest) -> None:
            given.append((options.intra_op_num_threads, options.enable_cpu_mem_arena))
            super().__init__(file, options, **rest)

    monkeypatch.setattr(onnxruntime, "InferenceSession", Session)
    assert load_onnx(EntityExtractor, models["disease"]).extract("Asthma.")[0]
    EntityExtractor.from_pretrained(models["disease"], backend="onnx")
    assert given == [(1, False), (0, True)]
