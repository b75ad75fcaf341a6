"""The line that tells how far long work is, for every room."""

import sys
from collections.abc import Iterable
from typing import Any

from tqdm import tqdm

QUICK = 5.0  # seconds: of what takes no longer nothing is shown
LOG_EVERY = 30.0  # seconds between lines where nobody watches


def bar(
    total: int,
    what: str,
    unit: str,
    items: Iterable[Any] | None = None,
    done: int = 0,
    shown: bool = True,
) -> tqdm:
    """A line on stderr with the number done, the rate and the time left: one to iterate over `items` by, or to `update`.

    It is kept up to date on a terminal, and written every half a minute elsewhere.
    """
    every = 0.5 if sys.stderr.isatty() else LOG_EVERY
    return tqdm(
        items, total=total, initial=done, desc=what, unit=f" {unit}", disable=not shown, delay=QUICK, mininterval=every,
        maxinterval=max(10.0, every), leave=False, dynamic_ncols=True,
    )  # fmt: skip
