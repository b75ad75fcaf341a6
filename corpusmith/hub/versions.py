"""The next version of a repo and why, from the JSON files that its releases carry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from corpusmith.errors import UserError

FIRST = "v0.1.0"
PARTS_OF_A_FINGERPRINT = ("labels", "prompts", "teacher", "lexicons", "task", "language")


@dataclass(frozen=True)
class Step:
    """The part of the version to raise (0 major, 1 minor, 2 patch), and the reason in one line."""

    place: int
    reason: str


def next_version(current: str | None, step: Step) -> str:
    """The version after `current`; a repo's first is v0.1.0."""
    if current is None:
        return FIRST
    numbers = parse(current)
    return "v" + ".".join(
        str(n + 1 if i == step.place else n if i < step.place else 0) for i, n in enumerate(numbers)
    )


def parse(version: str) -> tuple[int, int, int]:
    """The three numbers of ``v1.2.3``.

    Raises:
        UserError: the version is written otherwise.
    """
    numbers = version.removeprefix("v").split(".")
    if (
        len(numbers) != 3
        or not version.startswith("v")
        or not all(number.isdigit() for number in numbers)
    ):
        raise UserError(f"{version!r} is not a version: write it as v1.2.3")
    major, minor, patch = map(int, numbers)
    return major, minor, patch


def dataset_step(
    before: Mapping[str, Mapping[str, Any]], after: Mapping[str, Mapping[str, Any]]
) -> Step:
    """Compare the builds of two releases, each by its config."""
    if not before:
        return Step(1, "First release.")
    gone = sorted(set(before) - set(after))
    if gone:
        return Step(0, f"Removed: {', '.join(gone)}.")
    steps = [Step(1, f"New config {name}.") for name in sorted(set(after) - set(before))]
    steps += [
        step for name in sorted(before) if (step := _build_step(name, before[name], after[name]))
    ]
    place = min((step.place for step in steps), default=2)
    return Step(place, " ".join(step.reason for step in steps) or "Card and metadata only.")


def _build_step(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Step | None:
    """The step of one config. A recipe that changed and makes the same rows is no change."""
    if before.get("fingerprint") != after.get("fingerprint") or before.get("features") != after.get(
        "features"
    ):
        parts = [part for part in PARTS_OF_A_FINGERPRINT if before.get(part) != after.get(part)]
        if before.get("features") != after.get("features"):
            parts.append("schema")
        if parts or before.get("content_hash") != after.get("content_hash"):
            return Step(0, f"{name}: changed {', '.join(parts) or 'recipe or verification'}.")
    elif before.get("content_hash") != after.get("content_hash"):
        had, has = _rows(before), _rows(after)
        kind = "more" if has > had else "fewer" if has < had else "other"
        return Step(1, f"{name}: {kind} rows of the same kind.")
    return None


def _rows(build: Mapping[str, Any]) -> int:
    return sum(split.get("rows", 0) for split in (build.get("splits") or {}).values())


def model_step(before: Mapping[str, Any], after: Mapping[str, Any], changed: Sequence[str]) -> Step:
    """Another task, label set or encoder raises the first number, other weights the second."""
    if not before:
        return Step(1, "First release.")
    kinds = {"task": "task", "encoder": "encoder", "labels": "labels"}
    parts = [label for key, label in kinds.items() if before.get(key) != after.get(key)]
    if parts:
        return Step(0, f"Changed {', '.join(parts)}.")
    if any(path.endswith((".safetensors", ".onnx")) for path in changed):
        return Step(1, "Trained anew.")
    return Step(2, "Card and metadata only.")


def code_step(first: bool, changed: Sequence[str]) -> Step:
    """Spaces and metrics: changed code raises the second number."""
    if first:
        return Step(1, "First release.")
    code = sorted(path for path in changed if not path.endswith(".md"))
    return (
        Step(1, f"Changed {', '.join(code[:5])}.") if code else Step(2, "Card and metadata only.")
    )
