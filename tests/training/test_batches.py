"""Steps by token budget, dealt to processes."""

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from corpusmith.training.batches import collate, plan_steps, share
from corpusmith.training.windows import Encoded

lengths = st.lists(st.integers(1, 60), min_size=1, max_size=300).map(np.array)


@settings(deadline=None)
@given(lengths=lengths, budget=st.integers(8, 500), seed=st.integers(0, 9))
def test_each_window_is_in_one_step_within_budget(
    lengths: np.ndarray, budget: int, seed: int
) -> None:
    steps = plan_steps(lengths, budget, seed, epoch=0)

    assert sorted(np.concatenate(steps)) == list(range(len(lengths)))
    assert all(len(step) == 1 or len(step) * lengths[step].max() <= budget for step in steps)
    again = plan_steps(lengths, budget, seed, epoch=0)
    assert all(np.array_equal(one, other) for one, other in zip(steps, again, strict=True))


def test_padding_is_small_and_epochs_differ() -> None:
    lengths = np.random.default_rng(0).integers(5, 120, 3000)
    steps = plan_steps(lengths, 1024, seed=0, epoch=0)

    assert sum(len(step) * lengths[step].max() for step in steps) < 1.1 * lengths.sum()
    other = plan_steps(lengths, 1024, seed=0, epoch=1)
    assert {tuple(sorted(step)) for step in steps} != {tuple(sorted(step)) for step in other}


@settings(deadline=None)
@given(size=st.integers(1, 40), processes=st.integers(1, 5), parts=st.integers(1, 5))
def test_step_gives_each_process_equal_number_of_parts(
    size: int, processes: int, parts: int
) -> None:
    step = np.arange(size)
    shares = [share(step, process, processes, parts) for process in range(processes)]

    assert len({len(own) for own in shares}) == 1
    assert Counter(int(i) for own in shares for part in own for i in part) == Counter(range(size))
    sizes = [len(part) for own in shares for part in own]
    assert max(sizes) - min(sizes) <= 1


def test_padding_is_masked_and_without_padding_there_is_no_mask() -> None:
    ids = [np.array([5, 6, 7]), np.array([8, 9]), np.array([4, 4])]
    encoded = Encoded(ids=ids, labels=ids, words=ids, rows=np.arange(3))

    batch = collate(encoded, [0, 1], pad_id=1)
    assert batch["input_ids"].tolist() == [[5, 6, 7], [8, 9, 1]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [1, 1, 0]]
    assert batch["labels"].tolist() == [[5, 6, 7], [8, 9, -100]]
    assert "attention_mask" not in collate(encoded, [1, 2], pad_id=1)
