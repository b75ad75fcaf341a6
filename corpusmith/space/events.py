"""Event settings: the queue of each event, and errors for refused inputs."""

import functools
from collections.abc import Callable
from typing import Any

import gradio as gr
from markupsafe import escape

from corpusmith.space.schema import InputError

SENTENCE_QUEUE, FILE_QUEUE = "sentences", "files"
WAITING = {SENTENCE_QUEUE: 256, FILE_QUEUE: 65}  # requests that may wait in each queue
ON_PAGE: dict[str, Any] = {"api_visibility": "private"}  # programs may call only named endpoints
SENTENCES: dict[str, Any] = {"concurrency_id": SENTENCE_QUEUE, "concurrency_limit": 16}
SENTENCES_ON_PAGE = {**SENTENCES, **ON_PAGE}
FILES: dict[str, Any] = {"concurrency_id": FILE_QUEUE, "concurrency_limit": 1}
FILES_ON_PAGE = {**FILES, **ON_PAGE}
# No queue, for events that need no model. A message (gr.Info) needs a queue.
INSTANT: dict[str, Any] = {
    "queue": False,
    "show_progress": "hidden",
    "trigger_mode": "always_last",
    **ON_PAGE,
}


def refusing(answer: Callable) -> Callable:
    """`answer`, which reports a refused input to its caller and keeps it out of the server's log.

    The message is escaped because Gradio renders it as HTML.
    """

    @functools.wraps(answer)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            return answer(*args, **kwargs)
        except InputError as error:
            raise gr.Error(str(escape(str(error))), print_exception=False) from None

    return wrapped
