"""Transcripts: the answers of a ledger as a small file that ships with a recipe.

Gzipped lines of JSON. The first is a header: what the requests have in common (`shapes`), the
licence of the outputs, the number of answers and the sha256 of the lines that follow. Each of those
is one answer: `[key in base64, number of its shape, text, finish reason, prompt tokens, completion
tokens, cached tokens]`.
"""

import base64
import calendar
import gzip
import hashlib
import json
import time
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from corpusmith.errors import UserError
from corpusmith.files import batches, shipped
from corpusmith.recipe.load import load_recipe
from corpusmith.recipe.schema import Recipe
from corpusmith.teacher.ledger import Answer, Ledger
from corpusmith.teacher.payload import canonical

TRANSCRIPTS = shipped("builders", "transcripts")
FORMAT = "corpusmith-transcript-1"


def export_transcript(
    ledger: Ledger, path: Path, keys: Iterable[str] | None = None, *, license: str
) -> dict[str, Any]:
    """Write the answers to `keys`, in that order (None: of the whole ledger). Returns the header.

    Keys without an answer are left out. The same answers give the same bytes. `license` is that of
    the answers.
    """
    shapes: dict[str, int] = {}
    hosts: set[str] = set()
    lines: list[str] = []
    recorded = 0
    for part in batches(
        keys if keys is not None else (answer.key for answer in ledger.answers()), 5000
    ):
        answers, known = ledger.get_many(part), ledger.shapes(part)
        for answer in (answers[key] for key in part if key in answers):
            shape = shapes.setdefault(known[answer.key], len(shapes))
            lines.append(
                canonical(
                    [
                        _short(answer.key),
                        shape,
                        answer.text,
                        answer.finish_reason,
                        answer.prompt_tokens,
                        answer.completion_tokens,
                        answer.cached_tokens,
                    ]
                )
            )
            hosts.add(answer.host)
            recorded = max(recorded, answer.created_at)
    body = "".join(f"{line}\n" for line in lines).encode()
    header = {
        "format": FORMAT,
        "count": len(lines),
        "sha256": hashlib.sha256(body).hexdigest(),
        "license": license,
        "model": ", ".join(sorted({json.loads(shape)["model"] for shape in shapes})),
        "host": ", ".join(sorted(hosts)),
        "recorded": time.strftime("%Y-%m-%d", time.gmtime(recorded)),
        "shapes": [json.loads(shape) for shape in shapes],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(canonical(header).encode() + b"\n" + body, mtime=0))
    return header


def import_transcript(path: Path, ledger: Ledger) -> dict[str, Any]:
    """Record a transcript's answers; answers that the ledger has stay. Returns the header.

    Raises UserError when the file is no transcript or differs from what its checksum says.
    """
    header, body = _read(path)
    for part in batches(_answers(path, header, body), 5000):
        known = ledger.settled(answer.key for _, answer in part)
        new = [(shape, answer) for shape, answer in part if not known.get(answer.key)]  # failed too
        ledger.add_without_prompt((answer.key, shape) for shape, answer in new)
        ledger.record(answer for _, answer in new)
    return header


def transcript_path(recipe: Recipe) -> Path:
    """The file of the answers that ship with a recipe; it need not exist."""
    return TRANSCRIPTS / f"{recipe.transcript or recipe.name}.jsonl.gz"


def borrowed_transcripts(recipe: Recipe) -> list[Path]:
    """The shipped transcripts of the recipes that this one borrows from."""
    paths = {transcript_path(load_recipe(name)) for name in recipe.borrow}
    return sorted(path for path in paths if path.exists())


def import_borrowed(recipe: Recipe, ledger: Ledger) -> None:
    """Add the shipped transcripts of the recipes that this one borrows from. Answers that the
    ledger has stay.
    """
    for path in borrowed_transcripts(recipe):
        import_transcript(path, ledger)


def answered_by_transcript(recipe: Recipe, work: Path) -> Path:
    """A new ledger with the shipped transcripts of the recipe and of those it borrows from."""
    recipes = [recipe, *map(load_recipe, recipe.borrow)]
    for asked in recipes:
        if not transcript_path(asked).exists():
            raise UserError(
                f"{asked.name}: no transcript ships with it; after `corpusmith generate` give "
                f"--ledger runs/{recipe.name}/ledger.sqlite, or another ledger with the answers"
            )
    with Ledger(work / "transcript.sqlite") as ledger:
        import_transcript(transcript_path(recipe), ledger)
        import_borrowed(recipe, ledger)
    return work / "transcript.sqlite"


def transcript_header(path: Path) -> dict[str, Any]:
    """The header of a transcript, after the checks of an import."""
    return _read(path)[0]


def _read(path: Path) -> tuple[dict[str, Any], bytes]:
    try:
        first, _, body = gzip.decompress(path.read_bytes()).partition(b"\n")
        header = json.loads(first)
    except (OSError, EOFError, ValueError, RecursionError, zlib.error) as error:
        raise UserError(
            f"{path} is not a readable transcript ({error}): export it again, or fetch it again"
        ) from None
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise UserError(
            f"{path} is not a transcript of the form {FORMAT}: "
            "write one with `corpusmith ledger export`"
        )
    if hashlib.sha256(body).hexdigest() != header.get("sha256"):
        raise UserError(
            f"{path} was changed or cut short (its sha256 is not its header's): "
            "fetch or export it again"
        )
    return header, body


def _answers(path: Path, header: dict[str, Any], body: bytes) -> Iterator[tuple[str, Answer]]:
    """(shape of the request, answer) of each line."""
    try:
        recorded_at = calendar.timegm(time.strptime(header["recorded"], "%Y-%m-%d"))
        shapes = [canonical(shape) for shape in header["shapes"]]
        for line in map(json.loads, body.splitlines()):
            yield shapes[line[1]], _answer(line, recorded_at, str(header["host"]))
    except (ArithmeticError, LookupError, TypeError, ValueError, RecursionError) as error:
        raise UserError(
            f"{path} holds something else than answers ({error!r}): export it again, or fetch it "
            "again"
        ) from None


def _answer(line: list[Any], recorded_at: int, host: str) -> Answer:
    key, _, text, finish_reason, prompt_tokens, completion_tokens, cached_tokens = line
    return Answer(
        _long(key),
        text,
        finish_reason,
        prompt_tokens,
        completion_tokens,
        cached_tokens,
        recorded_at,
        host,
    )


def _short(key: str) -> str:
    return base64.b64encode(bytes.fromhex(key)).decode().rstrip("=")


def _long(key: str) -> str:
    return base64.b64decode(key + "=").hex()
