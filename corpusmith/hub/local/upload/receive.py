"""Receive the body of a request as a file of the scratch folder, which is on the objects' disk."""

import tempfile
from pathlib import Path

from starlette.concurrency import run_in_threadpool

from corpusmith.hub.local.auth import Call
from corpusmith.hub.local.limits import chunks


async def receive(call: Call, most: int) -> Path:
    """Write the body to a file and return its path; whatever goes wrong, no file stays.

    Raises:
        HubError: the body is larger than `most` bytes, or it stopped arriving.
    """
    with tempfile.NamedTemporaryFile(dir=call.store.scratch, delete=False) as file:
        partial = Path(file.name)
        try:
            async for chunk in chunks(call.request, most):
                await run_in_threadpool(file.write, chunk)
            file.flush()
        except BaseException:
            partial.unlink()
            raise
    return partial
