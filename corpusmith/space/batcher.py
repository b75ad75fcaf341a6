"""Answer concurrent requests to one model in shared batches."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class ModelError(RuntimeError):
    """The model failed on a batch. The message repeats no text."""


class Batcher(Generic[Answer]):
    """Call it from many threads, with one text each; each call returns its own answer.

    A call that finds the model free runs at once. Calls that arrive meanwhile share the next batch.
    """

    def __init__(
        self, answer: Callable[[Sequence[str]], Sequence[Answer]], limit: int = 32
    ) -> None:
        self._answer = answer
        self._limit = limit
        self._waiting: deque[tuple[str, Future[Answer]]] = deque()
        self._model = threading.Lock()

    def __call__(self, text: str) -> Answer:
        mine: Future[Answer] = Future()
        self._waiting.append((text, mine))
        with self._model:
            while not mine.done():  # an earlier batch may have answered this text
                self._run(min(self._limit, len(self._waiting)))
        return mine.result()

    def _run(self, size: int) -> None:
        batch = [self._waiting.popleft() for _ in range(size)]
        try:
            answers = self._answer([text for text, _ in batch])
            if len(answers) != len(batch):
                raise ModelError("The model did not answer every text.")
        except BaseException as error:  # a panic in a tokenizer is no Exception
            for _, future in batch:
                future.set_exception(failure(error))
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
        else:
            for (_, future), answer in zip(batch, answers, strict=True):
                future.set_result(answer)


def failure(error: BaseException) -> Exception:
    """An exception to raise in each caller's thread."""
    if isinstance(error, Exception):
        return error
    return ModelError(f"The model failed on this text ({type(error).__name__}).")
