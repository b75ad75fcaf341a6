"""The page: five tabs over one Service, and the same questions as named endpoints for programs and MCP clients."""

from pathlib import Path
from typing import Any

import gradio as gr
from markupsafe import Markup

from corpusmith.space import markup
from corpusmith.space.about import about
from corpusmith.space.events import FILES, SENTENCES, WAITING, polite
from corpusmith.space.service import Service
from corpusmith.space.tabs import compare_tab, extract_tab, relations_tab
from corpusmith.space.upload import files_tab


def launch_options(folder: Path) -> dict[str, Any]:
    """What `launch` needs for this page, whose style sheet is in `folder`. What visitors type is kept neither by the server nor in their browser."""
    return {
        "theme": paper(),
        "css_paths": folder / "page.css",
        "mcp_server": True,
        "run_history": False,
        "enable_monitoring": False,
        "ssr_mode": False,
        "max_file_size": "5mb",
        "footer_links": ["api", "gradio"],
    }


def paper() -> gr.themes.Base:
    """Gradio's plainest theme on warm paper, with grey that is dark enough to read (WCAG AA)."""
    hues = {"primary_hue": "teal", "secondary_hue": "teal", "neutral_hue": "stone"}
    # Fonts of the visitor's own machine: nothing to load, and bold letters that all come from one font.
    return gr.themes.Base(
        **hues, radius_size="md", font=("Segoe UI", "Helvetica Neue", "Arial", "sans-serif")
    ).set(
        body_background_fill="#faf8f5",
        body_background_fill_dark="#151311",
        block_background_fill="#ffffff",
        block_background_fill_dark="#1f1c1a",
        input_background_fill="#ffffff",
        input_background_fill_dark="#151311",
        input_border_width="1px",
        input_border_color="*neutral_300",
        input_border_color_dark="*neutral_600",
        input_placeholder_color="*neutral_500",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_400",
        block_info_text_color="*neutral_600",
        block_info_text_color_dark="*neutral_400",
        block_label_text_color="*neutral_700",
        block_label_text_color_dark="*neutral_300",
        block_title_text_color="*neutral_800",
        block_title_text_color_dark="*neutral_200",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_dark="*primary_700",
        button_primary_background_fill_hover_dark="*primary_600",
        button_primary_text_color="#ffffff",
        button_large_text_weight="600",
        button_large_text_size="*text_md",
        link_text_color="*primary_700",
        link_text_color_dark="*primary_300",
        color_accent="*primary_700",
        slider_color="*primary_700",
        slider_color_dark="*primary_500",
    )


def build_page(service: Service) -> gr.Blocks:
    """The whole page. Uploads and results are deleted after half an hour."""
    with gr.Blocks(title="corpusmith", analytics_enabled=False, delete_cache=(600, 1800)) as page:
        gr.HTML(header(service), elem_id="header")
        with gr.Tabs():
            with gr.Tab("Extract", id="extract", elem_id="extract-tab"):
                extract_tab(service, page)
            if service.classifiers:
                with gr.Tab("Relations", id="relations", elem_id="relations-tab"):
                    relations_tab(service)
            with gr.Tab("Files", id="files", elem_id="files-tab"):
                files_tab(service)
            with gr.Tab("Compare", id="compare", elem_id="compare-tab"):
                compare_tab(service)
            with gr.Tab("About", id="about", elem_id="about-tab"):
                gr.Markdown(about(service))
        endpoints(service)
    return page.queue(max_size=WAITING, default_concurrency_limit=4)


def endpoints(service: Service) -> None:
    """`/extract`, `/relations` and `/batch`, named and typed by the methods they call."""
    gr.api(polite(service.extract), api_name="extract", **SENTENCES)
    gr.api(polite(service.relations), api_name="relations", **SENTENCES)
    gr.api(polite(service.batch), api_name="batch", **FILES)


def header(service: Service) -> Markup:
    return Markup(
        "<h1>corpusmith</h1>"
        "<p>Finds {} in biomedical English, with small encoders that learnt from synthetic sentences alone. "
        "What you type is read in memory and forgotten: nothing is stored or logged.</p>"
    ).format(Markup(" ").join(markup.badge(label) for label in service.labels))
