from dataclasses import replace
from pathlib import Path

import pytest

from corpusmith.space.service import Service

pytestmark = pytest.mark.slow  # imports Gradio


def test_a_page_offers_what_its_models_can_do(service: Service) -> None:
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


def test_nothing_leaves_the_page_for_others(service: Service) -> None:
    from corpusmith.space.page import build_page, launch_options

    page = build_page(service)
    options = launch_options(page, Path("space"))
    assert options["run_history"] is False and options["enable_monitoring"] is False
    assert page.analytics_enabled is False


def test_about_links_every_source_at_its_version(service: Service) -> None:
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
    """The same models under other names, without loading what is on no Hub here."""
    from copy import copy

    other = copy(service)
    other.settings = settings
    return other
