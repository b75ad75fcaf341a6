"""The Files tab: upload a table, read every row, download the mentions in four formats."""

import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import gradio as gr

from corpusmith.space import markup
from corpusmith.space.events import FILES_ON_PAGE, INSTANT, SENTENCES_ON_PAGE
from corpusmith.space.files.readers import MAX_ROWS, SUFFIXES, read_table
from corpusmith.space.files.writers import write_all
from corpusmith.space.schema import Annotated, InputError
from corpusmith.space.service import Service

REPORT_EVERY = 0.25  # seconds between two progress updates
SHOWN = 20  # mentions in the preview
NO_FILE = "No file yet."


def files_tab(service: Service) -> None:
    """Build the tab. The server reads one file at a time, in a queue of their own."""
    names = list(service.extractors)
    gr.Markdown(
        "CSV, TSV, JSON Lines or plain text (one text on each line), up to 5 MB and "
        f"{MAX_ROWS:,} rows. You get JSON Lines, CSV, BRAT standoff, and JSON for `spacy convert`."
    )
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=320):
            upload = gr.File(label="File", file_types=list(SUFFIXES), height=160)
            verdict = gr.HTML(markup.note(NO_FILE), elem_id="file-verdict")
            # `Table.texts` refuses an unknown column. Gradio would write its name into the log.
            column = gr.Dropdown(
                [], label="Column with the text", interactive=True, allow_custom_value=True
            )
            models = gr.CheckboxGroup(names, value=names, label="Models", visible=len(names) > 1)
            threshold = gr.Slider(0, 1, 0.5, step=0.01, label="Threshold")
            with gr.Row():
                start = gr.Button("Read the file", variant="primary", elem_id="read-file", scale=3)
                cancel = gr.Button("Cancel", elem_id="cancel-file", scale=1)
        with gr.Column(scale=7, min_width=320):
            status = gr.HTML()
            results = gr.File(
                label="Results", file_count="multiple", interactive=False, visible=False
            )
            preview = gr.HTML()

    def run(path: str | None, column: str, chosen: list[str], threshold: float) -> Iterator[list]:
        try:
            yield from read_file(service, path, column, chosen, threshold)
        except InputError as error:
            yield [markup.refusal(str(error)), gr.update(value=None, visible=False), ""]

    checked = [column, verdict, status, preview, results]
    gr.on([upload.upload, upload.clear], look, upload, checked, **INSTANT)
    inputs, outputs = [upload, column, models, threshold], [status, results, preview]
    reading = start.click(run, inputs, outputs, show_progress="minimal", **FILES_ON_PAGE)
    # In two steps: the first waits for the last progress update, the second replaces it.
    stopped = cancel.click(notice_cancelled, results, cancels=reading, **SENTENCES_ON_PAGE)
    stopped.then(cancelled, results, status, show_progress="hidden", **SENTENCES_ON_PAGE)


def look(path: str | None) -> list:
    """Check a new upload at once: its columns, number of rows and first rows, or why not."""
    results = gr.update(value=None, visible=False)
    nothing = gr.update(choices=[], value=None)
    if path is None:
        return [nothing, markup.note(NO_FILE), "", "", results]
    try:
        table = read_table(Path(path))
    except InputError as error:
        return [nothing, markup.refusal(str(error)), "", "", results]
    shown = table.columns[:4]
    rows = [[markup.shorten(cell, 80) for cell in row[:4]] for row in table.rows[:3]]
    empty = sum(not text.strip() for text in table.cells(table.likely_column))
    without = f" {empty:,} of them have no text in this column." if empty else ""
    return [
        gr.update(choices=list(table.columns), value=table.likely_column),
        markup.note(f"{len(table.rows):,} rows.{without} Choose the column and start."),
        "",
        markup.table("The first rows", [markup.shorten(name, 40) for name in shown], rows),
        results,
    ]


def read_file(
    service: Service, path: str | None, column: str, chosen: list[str], threshold: float
) -> Iterator[list]:
    """[status, results, preview] as the file is read.

    Raises:
        InputError: no file, no model, or a file that can't be read.
    """
    if path is None:
        raise InputError("There is no file yet. Upload one first.")
    if not chosen:
        raise InputError("Choose at least one model.")
    texts = read_table(Path(path)).texts(column)
    documents: list[Annotated] = []
    mentions, reported = 0, 0.0
    yield [markup.progress(0, len(texts), 0), gr.update(value=None, visible=False), ""]
    for chunk in service.annotate(texts, chosen, threshold):
        documents += chunk
        mentions += sum(len(document["mentions"]) for document in chunk)
        if time.monotonic() - reported > REPORT_EVERY:
            reported = time.monotonic()
            yield [markup.progress(len(documents), len(texts), mentions), gr.skip(), gr.skip()]
    with TemporaryDirectory() as folder:  # Gradio copies the files that it serves
        paths = [str(path) for path in write_all(documents, Path(folder))]
        yield [
            markup.progress(len(documents), len(texts), mentions),
            gr.update(value=paths, visible=True),
            markup.file_mentions(documents, SHOWN),
        ]


def notice_cancelled(results: list[str] | None) -> None:
    if not results:
        gr.Info("The reading stopped. Nothing was kept.", title="Cancelled")


def cancelled(results: list[str] | None) -> Any:
    """The status after "Cancel"; the status of a file that was read to its end stays."""
    if results:
        return gr.skip()
    return markup.note("Cancelled: nothing was kept. Start again, or choose another file.")
