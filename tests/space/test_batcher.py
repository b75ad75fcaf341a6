import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from corpusmith.space.batcher import Batcher, ModelError


class Slow:
    """A model that blocks until it is released, and records its batches."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.free = threading.Event()

    def __call__(self, texts: Sequence[str]) -> list[str]:
        self.batches.append(list(texts))
        assert self.free.wait(120)
        return [text.upper() for text in texts]


def test_requests_to_busy_model_share_batches() -> None:
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


def test_failed_batch_raises_for_each_caller_and_next_batch_works() -> None:
    def answer(texts: Sequence[str]) -> list[str]:
        if "bad" in texts:
            raise ValueError("bad text")
        return list(texts)

    batcher = Batcher(answer)
    with pytest.raises(ValueError, match="bad text"):
        batcher("bad")
    assert batcher("good") == "good"


class Panic(BaseException):
    """Simulates pyo3's PanicException, which is not an Exception."""


def test_panic_of_tokenizer_does_not_lock_batcher() -> None:
    def answer(texts: Sequence[str]) -> list[str]:
        if "bad" in texts:
            raise Panic("at bad")
        return list(texts)

    batcher = Batcher(answer)
    with ThreadPoolExecutor(4) as threads:
        asked = [threads.submit(batcher, text) for text in ("bad", "bad", "bad")]
        for future in asked:
            with pytest.raises(ModelError) as failed:
                future.result(timeout=10)
            assert "bad" not in str(failed.value)
    assert batcher("good") == "good"


def test_model_that_returns_too_few_answers_does_not_lock_batcher() -> None:
    batcher = Batcher(lambda texts: [])
    for _ in range(2):
        with pytest.raises(ModelError, match="did not answer"):
            batcher("text")
