"""The progress line of long work."""

import sys
from collections.abc import Iterable
from typing import Any

from tqdm import tqdm

QUICK = 5.0  # seconds; shorter work shows no line
LOG_EVERY = 30.0  # seconds between lines of a log


def bar(
    total: int,
    what: str,
    unit: str,
    items: Iterable[Any] | None = None,
    done: int = 0,
    shown: bool = True,
) -> tqdm:
    """A progress line on stderr: number done, rate and time left.

    Iterate over `items` by it, or call `update`. A terminal shows one line that is kept up to date;
    a log gets a line every half a minute.
    """
    every = 0.5 if sys.stderr.isatty() else LOG_EVERY
    return tqdm(
        items,
        total=total,
        initial=done,
        desc=what,
        unit=f" {unit}",
        disable=not shown,
        delay=QUICK,
        mininterval=every,
        maxinterval=max(10.0, every),
        leave=False,
        dynamic_ncols=True,
    )
