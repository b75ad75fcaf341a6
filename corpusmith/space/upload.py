"""The Files tab: a table in, every row read, four formats out."""

import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import gradio as gr

from corpusmith.space import markup
from corpusmith.space.documents import MAX_ROWS, SUFFIXES, read_table
from corpusmith.space.events import FILES_ON_PAGE, INSTANT, SENTENCES_ON_PAGE, polite
from corpusmith.space.formats import write_all
from corpusmith.space.schema import Annotated, InputError
from corpusmith.space.service import Service

REPORT_EVERY = 0.25  # seconds between two reports to the page


def files_tab(service: Service) -> None:
    """One file is read at a time; the others queue, and sentences on the other tabs pass them by."""
    names = list(service.extractors)
    gr.Markdown(
        f"CSV, TSV, JSON Lines or plain text (a text a line), up to 5 MB and {MAX_ROWS:,} rows. "
        "Out come JSON Lines, CSV, BRAT standoff, and JSON that `spacy convert` turns into .spacy."
    )
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=320):
            upload = gr.File(label="File", file_types=list(SUFFIXES), height=160)
            # `Table.texts` refuses a column that is not there; Gradio would write it into the log as well.
            column = gr.Dropdown(
                [], label="Column with the text", interactive=True, allow_custom_value=True
            )
            models = gr.CheckboxGroup(names, value=names, label="Models", visible=len(names) > 1)
            threshold = gr.Slider(0, 1, 0.5, step=0.01, label="Threshold")
            with gr.Row():
                start = gr.Button("Read the file", variant="primary", elem_id="read-file", scale=3)
                cancel = gr.Button("Cancel", elem_id="cancel-file", scale=1)
        with gr.Column(scale=7, min_width=320):
            status = gr.HTML(markup.note("No file yet."))
            results = gr.File(
                label="Results", file_count="multiple", interactive=False, visible=False
            )
            preview = gr.HTML()

    def look(path: str | None) -> list:
        if path is None:
            return [
                gr.update(choices=[], value=None),
                markup.note("No file yet."),
                "",
                gr.update(visible=False),
            ]
        table = read_table(Path(path))
        rows = [
            [markup.shorten(row.get(column, ""), 80) for column in table.columns[:4]]
            for row in table.rows[:3]
        ]
        return [
            gr.update(choices=list(table.columns), value=table.likely_column),
            markup.note(f"{len(table.rows):,} rows. Choose the column and start."),
            markup.table(
                "The first rows", [markup.shorten(column, 40) for column in table.columns[:4]], rows
            ),
            gr.update(visible=False),
        ]

    def run(path: str | None, column: str, chosen: list[str], threshold: float) -> Iterator[list]:
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
        with TemporaryDirectory() as folder:  # Gradio copies what it serves
            paths = [str(path) for path in write_all(documents, Path(folder))]
            shown = [("", mention) for document in documents for mention in document["mentions"]][
                :20
            ]
            yield [
                markup.progress(len(documents), len(texts), mentions),
                gr.update(value=paths, visible=True),
                markup.mention_table(shown, with_model=False),
            ]

    upload.change(polite(look), upload, [column, status, preview, results], **INSTANT)
    inputs, outputs = [upload, column, models, threshold], [status, results, preview]
    reading = start.click(polite(run), inputs, outputs, show_progress="minimal", **FILES_ON_PAGE)
    # In two steps: what the reading still reported arrives before the first is answered, and the second clears it away.
    stopped = cancel.click(tell_cancelled, results, cancels=reading, **SENTENCES_ON_PAGE)
    stopped.then(cancelled, results, status, show_progress="hidden", **SENTENCES_ON_PAGE)


def tell_cancelled(results: list[str] | None) -> None:
    if not results:
        gr.Info("The reading stopped. Nothing was kept.", title="Cancelled")


def cancelled(results: list[str] | None) -> Any:
    """What stands in place of the progress bar; the status of a file that was read to its end stays."""
    return (
        gr.skip()
        if results
        else markup.note("Cancelled: nothing was kept. Start again, or choose another file.")
    )
