"""The page: tabs over one Service, and the same functions as endpoints for programs and MCP."""

import json
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.mcp import GradioMCPServer
from markupsafe import Markup
from starlette.middleware import Middleware

from corpusmith.space import markup, privacy
from corpusmith.space.about import about
from corpusmith.space.events import FILES, SENTENCES, refusing
from corpusmith.space.files.tab import files_tab
from corpusmith.space.gate import Gate
from corpusmith.space.service import Service
from corpusmith.space.tabs import compare_tab, extract_tab, relations_tab


def launch_options(page: gr.Blocks, folder: Path) -> dict[str, Any]:
    """Arguments of `launch` for the page, whose style sheet is in `folder`."""
    return {
        "theme": paper(),
        "css_paths": folder / "page.css",
        "mcp_server": True,
        "run_history": False,
        "enable_monitoring": False,
        "ssr_mode": False,
        "max_file_size": "5mb",
        "state_session_capacity": privacy.SESSIONS,
        "footer_links": ["api", "gradio"],
        "app_kwargs": {
            "middleware": [Middleware(Gate, page=page)],
            "lifespan": privacy.forgetting,
        },
    }


def paper() -> gr.themes.Base:
    """Gradio's plainest theme on a warm ground, with greys of enough contrast (WCAG AA)."""
    hues = {"primary_hue": "teal", "secondary_hue": "teal", "neutral_hue": "stone"}
    # Fonts of the visitor's own machine, so that nothing is loaded.
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
        button_primary_background_fill_hover_dark="*primary_800",
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
    """Build the page. Gradio deletes uploads and results after half an hour."""
    privacy.keep_no_values()
    privacy.log_no_messages()
    privacy.share_arenas()
    mcp: Any = GradioMCPServer
    mcp.postprocess_output_data = json_content
    with gr.Blocks(title=service.title, analytics_enabled=False, delete_cache=(600, 1800)) as page:
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
    page.queue(max_size=None, default_concurrency_limit=4)  # `Gate` limits each queue
    privacy.keep_no_finished_requests(page._queue)
    return page


def endpoints(service: Service) -> None:
    """Add `/extract`, `/relations` and `/batch`, with the names and types of the methods."""
    gr.api(refusing(service.extract), api_name="extract", **SENTENCES)
    if service.classifiers:
        gr.api(refusing(service.relations), api_name="relations", **SENTENCES)
    gr.api(refusing(service.batch), api_name="batch", **FILES)


def json_content(server: GradioMCPServer, data: list[Any], _: str) -> list[Any]:
    """The answer to an MCP client as JSON; Gradio would send Python's `str` of it."""
    contents = (json.dumps(output, ensure_ascii=False) for output in data)
    return [server.types.TextContent(type="text", text=content) for content in contents]


def header(service: Service) -> Markup:
    return Markup(
        "<h1>{}</h1>"
        "<p>Finds {} in {}text, with small encoders; their cards, linked under About, say "
        "what they learned from. A text that you type is read in memory: it is not written to disk "
        "or to a log, and dropped within an hour. A file is deleted after half an hour.</p>"
    ).format(
        service.title,
        Markup(" ").join(markup.badge(label) for label in service.marked_labels),
        service.language and f"{service.language} ",
    )
