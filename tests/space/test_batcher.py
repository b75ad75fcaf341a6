import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from corpusmith.space.batcher import Batcher


class Slow:
    """A model that waits until it is let go, and remembers its batches."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.free = threading.Event()

    def __call__(self, texts: Sequence[str]) -> list[str]:
        self.batches.append(list(texts))
        assert self.free.wait(120)
        return [text.upper() for text in texts]


def test_what_arrives_while_the_model_is_busy_shares_batches() -> None:
    model = Slow()
    batcher = Batcher(model, limit=8)
    with ThreadPoolExecutor(21) as threads:
        first = threads.submit(batcher, "first")
        while not model.batches:
            time.sleep(0.001)
        others = [threads.submit(batcher, f"text {i}") for i in range(20)]
        while len(batcher._waiting) < 20:
            time.sleep(0.001)
        model.free.set()
        assert first.result() == "FIRST"
        assert [future.result() for future in others] == [f"TEXT {i}" for i in range(20)]
    assert [len(batch) for batch in model.batches] == [1, 8, 8, 4]


def test_everybody_in_a_failed_batch_is_told_and_the_next_one_works() -> None:
    def answer(texts: Sequence[str]) -> list[str]:
        if "bad" in texts:
            raise ValueError("bad text")
        return list(texts)

    batcher = Batcher(answer)
    with pytest.raises(ValueError, match="bad text"):
        batcher("bad")
    assert batcher("good") == "good"
