"""Large files as huggingface_hub sends them unless told otherwise: in chunks, packed into xorbs, listed by a shard.

The chunks are joined to the plain object they came from as soon as the shard that orders them is here, and downloads
are plain HTTP. The formats are those of the Xet protocol (https://huggingface.co/docs/xet). Each upload gets an address
of its own, so that no client's cache counts on chunks which an earlier upload left.
"""

import os
import secrets
import shutil
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool

from corpusmith.hub.local.auth import Call
from corpusmith.hub.local.objects import HubError
from corpusmith.hub.local.store import Repo
from corpusmith.hub.local.uploads import receive

SECONDS_TO_UPLOAD = 24 * 3600
RECORD = 48  # bytes of every record of a shard
HAS_VERIFICATION, HAS_SHA256 = 1 << 31, 1 << 30


def write_token(call: Call) -> dict[str, Any]:
    repo, session = call.repo(write=True), secrets.token_hex(16)
    for old in call.store.scratch.glob("xet-*"):
        if old.stat().st_mtime < time.time() - SECONDS_TO_UPLOAD:
            shutil.rmtree(old)
    (call.store.scratch / f"xet-{session}").mkdir()
    address = f"{call.base_url}/api/xet/{session}/{repo.kind}/{repo.id}"
    token = call.sign(repo.url_path, session)
    return {"casUrl": address, "exp": int(time.time()) + SECONDS_TO_UPLOAD, "accessToken": token}


def opened(call: Call) -> tuple[Repo, Path]:
    """→ (the repository that is uploaded to, the folder of this upload's xorbs)"""
    token = call.request.headers.get("authorization", "").removeprefix("Bearer ")
    repo = call.signed_repo(token, call.args["session"])
    return repo, call.store.scratch / f"xet-{call.args['session']}"


async def put_xorb(call: Call) -> dict[str, bool]:
    _, folder = opened(call)
    if not call.args["hash"].isalnum():
        raise HubError(400, "A xorb's name is a hash.")
    os.replace(await receive(call), folder / call.args["hash"])
    return {"was_inserted": True}


async def put_shard(call: Call) -> dict[str, int]:
    repo, folder = opened(call)
    shard = await receive(call)
    await run_in_threadpool(join_files, repo, folder, shard.read_bytes())
    shard.unlink()
    return {"result": 1}


def join_files(repo: Repo, folder: Path, shard: bytes) -> None:
    try:
        for sha256, segments in files_of(shard):
            joined = folder / f"joined-{sha256}"
            with joined.open("wb") as file:
                for xorb, first, end in segments:
                    file.writelines(chunks_of((folder / xorb).read_bytes(), first, end))
            repo.objects.adopt(joined, sha256)
    except (struct.error, IndexError, OSError) as error:
        raise HubError(400, f"The shard does not describe what was uploaded: {error}") from error


def hash_text(raw: bytes) -> str:
    """Xet writes a hash as four little-endian numbers."""
    return "".join(f"{number:016x}" for number in struct.unpack("<4Q", raw))


def files_of(shard: bytes) -> Iterator[tuple[str, list[tuple[str, int, int]]]]:
    """Each file's SHA-256, and the pieces it is made of: (xorb, first chunk, end of chunks)."""
    at = RECORD  # after the header
    while shard[at : at + 32] != b"\xff" * 32:
        flags, count = struct.unpack_from("<II", shard, at + 32)
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
    """Before each chunk: a version, its packed size, how it is packed (0 not, 1 LZ4, 2 LZ4 grouped), its size."""
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
    """Undoes the grouping of every fourth byte, which makes floats easier to compress."""
    out, at = bytearray(len(data)), 0
    for lane in range(4):
        length = len(range(lane, len(data), 4))
        out[lane::4] = data[at : at + length]
        at += length
    return bytes(out)
