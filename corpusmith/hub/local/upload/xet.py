"""Receive large files as Xet sends them: chunks packed into xorbs, and a shard that orders them.

When the shard arrives, the chunks are joined to the original file; downloads are plain HTTP. The
formats are those of the Xet protocol (https://huggingface.co/docs/xet). Each upload gets an address
and a folder of its own, so that no client's cache counts on chunks of an earlier upload. The folder
goes with the commit of its files, with a refused shard, or after a day.
"""

import errno
import os
import re
import secrets
import shutil
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool

from corpusmith.hub.local.auth import Call
from corpusmith.hub.local.limits import SHARD_BYTES, XORB_BYTES, body
from corpusmith.hub.local.objects import HubError
from corpusmith.hub.local.repository import Repository
from corpusmith.hub.local.upload.receive import receive

SECONDS_TO_UPLOAD = 24 * 3600
RECORD = 48  # bytes of every record of a shard
HAS_VERIFICATION, HAS_SHA256 = 1 << 31, 1 << 30


def write_token(call: Call) -> dict[str, Any]:
    """The address of a new upload, and the token for it."""
    repo, session = call.repo(write=True), secrets.token_hex(16)
    for old in call.store.scratch.glob("xet-*"):
        if old.stat().st_mtime < time.time() - SECONDS_TO_UPLOAD:
            shutil.rmtree(old, ignore_errors=True)
    (call.store.scratch / f"xet-{session}").mkdir()
    address = f"{call.base_url}/api/xet/{session}/{repo.kind}/{repo.id}"
    token = call.sign(repo.url_path, session)
    return {"casUrl": address, "exp": int(time.time()) + SECONDS_TO_UPLOAD, "accessToken": token}


def opened(call: Call) -> tuple[Repository, Path]:
    """(the repository of this upload, the folder of its xorbs)"""
    token = call.request.headers.get("authorization", "").removeprefix("Bearer ")
    repo = call.signed_repo(token, call.args["session"])
    folder = call.store.scratch / f"xet-{call.args['session']}"
    if not folder.is_dir():
        raise HubError(404, "This upload has ended: start it again.")
    return repo, folder


def forget_uploads(scratch: Path, committed: set[str]) -> None:
    """Delete the uploads whose files a commit now names."""
    for sha256 in committed:
        for done in scratch.glob(f"xet-*/done-{sha256}"):
            shutil.rmtree(done.parent, ignore_errors=True)


async def put_xorb(call: Call) -> dict[str, bool]:
    _, folder = opened(call)
    if not re.fullmatch("[0-9a-f]{64}", call.args["hash"]):
        raise HubError(400, "A xorb's name is a hash.")
    received = await receive(call, XORB_BYTES)
    try:
        os.replace(received, folder / call.args["hash"])
    finally:
        received.unlink(missing_ok=True)
    return {"was_inserted": True}


async def put_shard(call: Call) -> dict[str, int]:
    repo, folder = opened(call)
    shard = await body(call.request, SHARD_BYTES)
    await run_in_threadpool(join_files, repo, folder, shard)
    return {"result": 1}


def join_files(repo: Repository, folder: Path, shard: bytes) -> None:
    """Join the files that a shard describes. On failure the whole upload is deleted."""
    try:
        for sha256, segments in files_in_shard(shard):
            joined = folder / f"joined-{sha256}"
            with joined.open("wb") as file:
                for xorb, first, end in segments:
                    file.writelines(chunks_of((folder / xorb).read_bytes(), first, end))
            repo.objects.adopt(joined, sha256)
            (folder / f"done-{sha256}").touch()
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise
        if isinstance(error, struct.error | IndexError | OSError):
            raise HubError(400, f"The shard does not fit what was uploaded: {error}") from error
        raise


def hash_text(raw: bytes) -> str:
    """A hash in hexadecimal. Xet writes it as four little-endian numbers."""
    return "".join(f"{number:016x}" for number in struct.unpack("<4Q", raw))


def files_in_shard(shard: bytes) -> Iterator[tuple[str, list[tuple[str, int, int]]]]:
    """Each file's SHA-256, and the pieces it is made of: (xorb, first chunk, end of chunks)."""
    at = RECORD  # after the header
    while shard[at : at + 32] != b"\xff" * 32:
        flags, count = struct.unpack_from("<II", shard, at + 32)
        if count > len(shard) // RECORD:
            raise HubError(400, "The shard names more pieces than it holds.")
        pieces = [at + RECORD * number for number in range(1, count + 1)]
        segments = [
            (hash_text(shard[one : one + 32]), *struct.unpack_from("<II", shard, one + 40))
            for one in pieces
        ]
        at += RECORD * (1 + count * (2 if flags & HAS_VERIFICATION else 1))
        if not flags & HAS_SHA256:
            raise HubError(400, "A file without its SHA-256 cannot be stored.")
        yield hash_text(shard[at : at + 32]), segments
        at += RECORD


def chunks_of(xorb: bytes, first: int, end: int) -> Iterator[bytes]:
    """Chunks `first` to `end` of a xorb.

    A header precedes each: version, packed size, packing (0 none, 1 LZ4, 2 grouped LZ4), size.
    """
    import pyarrow

    at = 0
    for number in range(end):
        header = xorb[at : at + 8]
        packed, scheme, size = (
            int.from_bytes(header[1:4], "little"),
            header[4],
            int.from_bytes(header[5:8], "little"),
        )
        data = xorb[at + 8 : at + 8 + packed]
        if number >= first and scheme:
            data = pyarrow.decompress(data, size, codec="lz4", asbytes=True)
        if number >= first:
            yield ungrouped(data) if scheme == 2 else data
        at += 8 + packed


def ungrouped(data: bytes) -> bytes:
    """Undo the grouping of every fourth byte, which makes floats easier to compress."""
    out, at = bytearray(len(data)), 0
    for lane in range(4):
        length = len(range(lane, len(data), 4))
        out[lane::4] = data[at : at + length]
        at += length
    return bytes(out)
