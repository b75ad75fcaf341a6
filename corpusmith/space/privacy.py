"""Keep visitors' texts out of the log, and out of memory after an hour.

Gradio keeps data that this page doesn't need: a copy of each component's value in each session (for
deep
links), answers that nobody fetched, and tracebacks whose messages repeat the input.
"""

import asyncio
import ctypes
import gc
import logging
import os
import sys
import time
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from gradio.state_holder import SessionState, StateHolder

SESSIONS = 300  # kept at once; the one unused for longest goes first
# Seconds; page and card promise an hour at most.
FORGET_AFTER = min(3600, int(os.environ.get("CORPUSMITH_FORGET_AFTER", 3600)))
CLEAN_EVERY = min(30.0, FORGET_AFTER / 4)  # seconds
M_ARENA_MAX, M_MMAP_THRESHOLD = -8, -3  # of malloc.h
LARGE = 1024**2  # bytes
START_SESSION = SessionState.__init__
WITHOUT_STATE = min(60, FORGET_AFTER)  # seconds that a session of one API call is kept


def keep_no_values() -> None:
    """Keep no copies of inputs, outputs and components in Gradio's sessions.

    Only deep links read them. Each API call is a session, and half of the time of the event loop
    went into the copies.
    """

    def start(self: SessionState, page: Any) -> None:
        without_blocks: Any = SimpleNamespace(default_config=page.default_config, blocks={})
        START_SESSION(self, without_blocks)

    session: Any = SessionState
    session.__init__ = start
    session._update_value_in_config = session._update_config = lambda *_: None


def keep_no_finished_requests(queue: Any) -> None:
    """Drop a request from its event when it is done: Gradio's loops keep the last event."""
    process = queue.process_events

    async def processed(events: list[Any], *arguments: Any) -> None:
        try:
            await process(events, *arguments)
        finally:
            for event in events:
                event.data = event.request = None

    queue.process_events = processed


def log_no_messages() -> None:
    """Log the place and type of an exception, but not its message, which may hold a text."""

    def print_exc(*_: Any, **__: Any) -> None:
        print(without_message(sys.exc_info()[1]), file=sys.stderr)

    traceback.print_exc = print_exc
    formatter: Any = logging.Formatter
    formatter.formatException = lambda _, info: without_message(info[1])


def without_message(error: BaseException | None) -> str:
    if error is None:
        return "no exception"
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in frames[-5:]]
    return "\n  ".join([f"{type(error).__name__}, message withheld, raised at", *places])


@asynccontextmanager
async def forgetting(app: Any) -> AsyncIterator[None]:
    """The server's lifespan, with a task that drops old data."""
    task = asyncio.create_task(forget_regularly(app))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def forget_regularly(app: Any) -> None:
    while True:
        await asyncio.sleep(CLEAN_EVERY)
        forget_sessions(app.state_holder)
        forget_answers(app.get_blocks()._queue)
        release_memory()


def forget_sessions(holder: StateHolder) -> None:
    """Drop sessions unused for `FORGET_AFTER`; earlier if they hold no state."""
    now = datetime.now()
    for session, used in list(holder.time_last_used.items()):
        kept = holder.session_data.get(session)
        limit = FORGET_AFTER if kept is not None and kept.state_data else WITHOUT_STATE
        if (now - used).total_seconds() > limit:
            with holder.lock:
                holder.session_data.pop(session, None)
                holder.time_last_used.pop(session, None)


def forget_answers(queue: Any) -> None:
    """Drop fetched answers at once and others after `FORGET_AFTER`, with their requests."""
    now = time.time()
    active = {event._id for job in queue.active_jobs if job for event in job}
    waiting = {e._id for line in queue.event_queue_per_concurrency_id.values() for e in line.queue}
    unfetched = {s for s, event_ids in queue.pending_event_ids_session.items() if event_ids}
    kept = set()
    for event_id, facts in queue.event_analytics.items():
        session = facts["session_hash"]
        young = now - facts["time"] < FORGET_AFTER
        if event_id in active | waiting or (session in unfetched and young):
            kept |= {event_id, session}
    for event_id, facts in list(queue.event_analytics.items()):
        if event_id not in kept:
            queue.event_ids_to_events.pop(event_id, None)
            queue.event_analytics.pop(event_id, None)
            if facts["session_hash"] not in kept:
                queue.pending_messages_per_session.pop(facts["session_hash"], None)
                queue.pending_event_ids_session.pop(facts["session_hash"], None)


def share_arenas() -> None:
    """Have all threads allocate from two arenas (glibc), and large blocks outside of them.

    So freed memory goes back to the system. By default glibc takes blocks of up to 32 MB from its
    arenas once one of that size was freed, such as an upload.
    """
    with suppress(OSError, AttributeError):
        library = ctypes.CDLL("libc.so.6")
        library.mallopt(M_ARENA_MAX, 2)
        library.mallopt(M_MMAP_THRESHOLD, LARGE)


def release_memory() -> None:
    """Give freed memory back to the system, where the C library can (glibc)."""
    gc.collect()
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)
