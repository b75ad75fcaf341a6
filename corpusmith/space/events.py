"""How the page's events run: which queue they wait in, and how a refused input is told."""

import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr
from markupsafe import escape

from corpusmith.space.schema import InputError

WAITING = 64  # events in all queues together before a visitor is asked to come back
ON_PAGE: dict[str, Any] = {"api_visibility": "private"}  # only the named endpoints are for programs
SENTENCES: dict[str, Any] = {"concurrency_id": "sentences", "concurrency_limit": 16}
SENTENCES_ON_PAGE = {**SENTENCES, **ON_PAGE}
FILES: dict[str, Any] = {
    "concurrency_id": "files",
    "concurrency_limit": 1,
}  # one at a time, the others wait
FILES_ON_PAGE = {**FILES, **ON_PAGE}
# Past every queue: what takes no model and no time. A message (gr.Info) needs a queue, so it cannot be instant.
INSTANT: dict[str, Any] = {
    "queue": False,
    "show_progress": "hidden",
    "trigger_mode": "always_last",
    **ON_PAGE,
}


def polite(answer: Callable) -> Callable:
    """`answer`, with a refused input told to whoever sent it and kept out of the server's log."""
    if inspect.isgeneratorfunction(answer):

        @functools.wraps(answer)
        def told(*args: Any, **kwargs: Any) -> Iterator[Any]:
            try:
                yield from answer(*args, **kwargs)
            except InputError as error:
                raise refusal(error) from None

    else:

        @functools.wraps(answer)
        def told(*args: Any, **kwargs: Any) -> Any:
            try:
                return answer(*args, **kwargs)
            except InputError as error:
                raise refusal(error) from None

    return told


def refusal(error: InputError) -> gr.Error:
    """Gradio renders a message as HTML, so it is escaped."""
    return gr.Error(str(escape(str(error))), print_exception=False)
