from dataclasses import replace
from pathlib import Path

import pytest

from corpusmith.space.service import Service

pytestmark = pytest.mark.slow  # imports Gradio


def test_page_has_tabs_for_its_models(service: Service) -> None:
    from corpusmith.space.page import build_page

    alone = Service(
        replace(service.settings, ner=service.settings.ner[:1], relations=(), lexicons=())
    )
    config = build_page(alone).config
    labels = [
        part["props"].get("label") for part in config["components"] if part["type"] == "tabitem"
    ]
    assert labels == ["Extract", "Files", "Compare", "About"]
    offered = [part["props"] for part in config["components"] if part["type"] == "checkboxgroup"]
    assert [(part["choices"], part["visible"]) for part in offered] == [
        ([("disease", "disease")], False)
    ] * 2


def test_telemetry_history_and_monitoring_are_off(service: Service) -> None:
    from corpusmith.space.page import build_page, launch_options

    page = build_page(service)
    options = launch_options(page, Path("space"))
    assert options["run_history"] is False and options["enable_monitoring"] is False
    assert page.analytics_enabled is False


@pytest.mark.parametrize("language", ["German", ""])
def test_page_names_the_language_of_its_models(service: Service, language: str) -> None:
    from corpusmith.space.about import about
    from corpusmith.space.page import build_page, header

    served = replace_settings(service, service.settings)
    served.language = language
    shown = [part["props"].get("info") for part in build_page(served).config["components"]]
    said = " ".join([header(served), about(served), *map(str, shown)])
    assert "English" not in said and said.count("German") == (5 if language else 0)


def test_about_links_sources_at_their_versions(service: Service) -> None:
    from corpusmith.space.about import about
    from corpusmith.space.settings import Source

    settings = replace(
        service.settings,
        ner=(Source("me/disease", "v1.2.0"),),
        datasets=(Source("me/corpusmith-ner", "v2.0.0"),),
    )
    served = replace_settings(service, settings)
    page = about(served)
    assert "/me/disease/tree/v1.2.0) at `v1.2.0`" in page
    assert "/datasets/me/corpusmith-ner/tree/v2.0.0/recipes) at `v2.0.0`" in page
    assert "Written for this test." in page


def replace_settings(service: Service, settings) -> Service:
    """The same models under other names, without loading models from the Hub."""
    from copy import copy

    other = copy(service)
    other.settings = settings
    return other


def test_about_shows_no_path_of_the_server(service: Service) -> None:
    from corpusmith.space.about import about

    page = about(service)
    assert "`disease`, a folder of this machine" in page
    assert str(Path(service.settings.ner[0].id).parent) not in page


def test_header_names_types_of_models_and_relations(service: Service) -> None:
    from corpusmith.space.page import header

    assert service.marked_labels == ["Disease", "Gene"]
    alone = Service(replace(service.settings, ner=service.settings.ner[:1]))
    assert alone.labels == ["Disease"]
    assert "Gene" in header(alone), "the relations tab marks genes"


def test_page_of_another_type_shows_no_disease(tagger, tmp_path: Path) -> None:
    """For a user's own type, "devices", nothing on the page is about diseases or genes."""
    import json
    import re

    from corpusmith.space.page import build_page
    from corpusmith.space.settings import read_settings

    folder = tagger(tmp_path / "devices", "Device", {"stent": (0.0, 6.0, 0.0)})
    sentence = "The stent was removed."
    (folder / "examples.json").write_text(json.dumps({"sentences": [sentence]}))
    settings = read_settings(Path("space"), {"CORPUSMITH_NER_MODELS": str(folder)})
    page = build_page(Service(settings))
    shown = json.dumps([part["props"] for part in page.config["components"]], default=str)
    described = json.dumps(page.get_api_info(), default=str)
    assert sentence in shown
    assert not re.search(
        r"diseas|cancer|\bgenes?\b|chemical|BRCA|syndrome", shown + described, re.I
    )
