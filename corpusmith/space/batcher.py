"""Concurrent questions to one model, answered together."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class Batcher(Generic[Answer]):
    """Called from many threads with a text each; whoever finds the model free answers all who wait, in one batch.

    Nothing waits for a batch to fill: one text alone runs at once, and while it runs the next batch gathers.
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
            while not mine.done():  # the batch before may have held this text already
                self._run(min(self._limit, len(self._waiting)))
        return mine.result()

    def _run(self, size: int) -> None:
        batch = [self._waiting.popleft() for _ in range(size)]
        try:
            answers = self._answer([text for text, _ in batch])
        except Exception as error:  # each asker gets it, in its own thread
            for _, future in batch:
                future.set_exception(error)
        else:
            for (_, future), answer in zip(batch, answers, strict=True):
                future.set_result(answer)
