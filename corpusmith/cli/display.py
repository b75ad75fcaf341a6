"""Format the output of the verbs. No figure is computed here."""

import shlex
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpusmith.progress import LOG_EVERY

NAMED_FILES = 5  # that a release leaves out

if TYPE_CHECKING:
    from corpusmith.corpus.example import Entities, PairSentence, Reject
    from corpusmith.corpus.generate import Estimate
    from corpusmith.hub.release import Release
    from corpusmith.recipe.request import Request
    from corpusmith.recipe.schema import Recipe
    from corpusmith.teacher.progress import Progress


class LiveProgress:
    """Show the progress of a generation.

    A terminal gets one line that is kept up to date, a log a line every 30 s.
    """

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._every = 0.2 if self._terminal else LOG_EVERY
        self._shown = time.monotonic()
        self.last: Progress | None = None

    def __enter__(self) -> "LiveProgress":
        return self

    def __exit__(self, *_: object) -> None:
        if self._terminal and self.last:
            self._print(self.last, "\n")

    def __call__(self, progress: "Progress") -> None:
        now = time.monotonic()
        self.last = progress
        if now - self._shown >= self._every:
            self._shown = now
            self._print(progress, "" if self._terminal else "\n")

    def _print(self, progress: "Progress", end: str) -> None:
        start = "\r\x1b[K" if self._terminal else ""
        print(f"{start}{progress_line(progress)}", end=end, file=sys.stderr, flush=True)


def progress_line(progress: "Progress") -> str:
    left = progress.seconds_left
    line = (
        f"{progress.before + progress.answered}/{progress.total or '?'} answered"
        f" ({progress.accepted} accepted, {progress.rejected} rejected now),"
        f" {progress.failed} failed"
        f" | {60 * progress.rate:.0f}/min, {progress.in_flight} in flight"
        f" | {progress.prompt_tokens + progress.completion_tokens} tokens,"
        f" cost {money(progress.cost)}"
    )
    if progress.waiting:
        return f"{line} | waiting for {duration(progress.waiting_seconds)}: {progress.waiting}"
    return f"{line} | {'?' if left is None else duration(left)} left"


def generation_line(ledger: Path, progress: "Progress", build: str | None = None) -> str:
    """The outcome of a generation, the most frequent reasons, and the next command."""
    counts = [
        f"{progress.before + progress.answered} answered",
        f"now {progress.accepted} accepted and {progress.rejected} rejected",
        f"{progress.failed} failed",
        f"{progress.pending} pending",
    ]
    line = f"{ledger}: {', '.join(counts)}"
    if progress.reasons:
        line += f" ({', '.join(f'{count} {reason}' for reason, count in progress.reasons)})"
    if progress.unusable:
        line += f"; {progress.unusable} paid replies had no answer ({progress.unusable_reason})"
    if progress.cost is not None:
        line += f"; cost {money(progress.cost)}"
    if progress.dialect:
        line += f"; for this endpoint: {progress.dialect}"
    if progress.stopped == "max_cost":
        line += "; stopped by --max-cost"
    if build is None:
        return line
    if progress.accepted or (progress.before and not progress.answered):
        return f"{line}\nnext: {build}"
    return f"{line}\nnext: corpusmith ledger show {shlex.quote(str(ledger))}"


def estimate_lines(recipe: "Recipe", planned: "Estimate") -> str:
    lines = [
        f"{recipe.name}: {planned.requests} requests to {recipe.teacher.model}; "
        f"{planned.answered} more are settled already",
        f"about {planned.prompt_tokens} prompt and {planned.completion_tokens} completion tokens, "
        f"cost {money(planned.cost)}",
    ]
    if planned.models and not planned.answered:
        held = ", ".join(f"{count} answers of {model}" for model, count in planned.models)
        lines.append(f"the ledger holds {held}: give --model {planned.models[0][0]} to use them")
    return "\n".join([*lines, "nothing was sent"])


def preview_lines(request: "Request", outcome: "Entities | PairSentence | Reject | None") -> str:
    """A prompt, and the row or reject of its answer."""
    shown = [f"[{request.kind.name}] {request.payload['messages'][-1]['content']}"]
    if outcome is not None:
        shown.append(f"    {marked(outcome)}")
    return "\n".join(shown)


def marked(outcome: "Entities | PairSentence | Reject") -> str:
    """A sentence with its mentions in brackets or its pair masked; the reason of a reject."""
    from corpusmith.corpus.example import PairSentence, Reject

    if isinstance(outcome, Reject):
        return f"rejected: {outcome.reason}"
    if isinstance(outcome, PairSentence):
        return f"{outcome.masked} ({outcome.label})"
    text = outcome.text
    for span in reversed(outcome.spans):
        text = f"{text[: span.start]}[{span.text}]{text[span.end :]}"
    return text


def training_line(row: Mapping[str, Any]) -> str:
    scores = ", ".join(
        f"{name} {value:.1f}"
        for name, value in row["validation"].items()
        if isinstance(value, int | float)
    )
    return (
        f"  epoch {row['epoch']:g}, step {row['step']}: loss {row['train_loss']:.3f}; "
        f"validation {scores}"
    )


def search_lines(found: Mapping[str, Any]) -> str:
    """The finalists with their settings, the best first."""
    ranked = sorted(found["finalists"], key=lambda finalist: -finalist["value"])
    searched = found["trials"][0]["settings"]
    rows = [
        f"  trial {finalist['trial']}: {finalist['value']:.1f} on validation; "
        + ", ".join(f"{name} {finalist['settings'][name]:.3g}" for name in searched)
        for finalist in ranked
    ]
    return "\n".join([f"{len(found['trials'])} trials; in full the best {len(ranked)}:", *rows])


def int8_loss(figures: Mapping[str, Any]) -> str:
    """The F1 that int8 loses."""
    if "lost" not in figures:
        return "give --benchmark to measure the F1 that int8 loses"
    name = {"strict_f1": "strict F1", "macro_f1": "macro F1"}[figures["metric"]]
    return f"int8 loses {figures['lost']:.2f} of {figures['fp32']:.2f} {name}"


def evaluation_lines(figures: Mapping[str, Any]) -> str:
    """The scores with their intervals, then errors, seen mentions, a paired test and warnings."""
    what = f"{figures['model']} on {figures['benchmark']} {figures['split']}"
    if figures["task"] == "ner":
        low, high = figures["ci95"]
        lines = [
            f"{what}: strict F1 {figures['strict_f1']:.1f} (95% {low:.1f} to {high:.1f}), "
            f"precision {figures['precision']:.1f}, recall {figures['recall']:.1f}; "
            f"{figures['sentences']} sentences",
            "  errors: "
            + ", ".join(f"{found['count']} {kind}" for kind, found in figures["errors"].items()),
        ]
    elif "micro_f1" in figures:
        low, high = figures["ci95"]["micro_f1"]
        lines = [
            f"{what}: micro F1 {figures['micro_f1']:.1f} (95% {low:.1f} to {high:.1f}), "
            f"precision {figures['precision']:.1f}, recall {figures['recall']:.1f}, "
            f"macro F1 {figures['macro_f1']:.1f}; {figures['sentences']} rows"
        ]
        lines += [
            f"  {name}: F1 {scores['f1']:.1f}, precision {scores['precision']:.1f}, "
            f"recall {scores['recall']:.1f} of {scores['rows']} rows"
            for name, scores in figures["by_type"].items()
        ]
    else:
        low, high = figures["ci95"]["macro_f1"]
        lines = [
            f"{what}: macro F1 {figures['macro_f1']:.1f} (95% {low:.1f} to {high:.1f}), "
            f"positive F1 {figures['positive_f1']:.1f}, precision {figures['precision']:.1f}, "
            f"recall {figures['recall']:.1f}, accuracy {figures['accuracy']:.1f}"
        ]
    if sides := figures.get("mentions"):
        scores = (
            f"{side} F1 {found['f1']:.1f} of {found['support']} mentions"
            for side, found in sides.items()
        )
        lines.append("  in training: " + ", ".join(scores))
    if tested := figures.get("against"):
        low, high = tested["ci95"]
        lines.append(
            f"  against {tested['second']}: {tested['difference']:+.1f} "
            f"(95% {low:+.1f} to {high:+.1f}), p {tested['p']:.3g}"
        )
    return "\n".join([*lines, *(f"warning: {warning}" for warning in figures.get("warnings", ()))])


def release_lines(release: "Release") -> str:
    sight = "would become visible" if release.state == "planned" else "is visible from now on"
    shown = f"{release.repo_id} was private and {sight} to everybody" if release.shown else ""
    names, others = release.left_out[:NAMED_FILES], len(release.left_out[NAMED_FILES:])
    more = f" and {others} more" if others else ""
    left = f"left out, no part of a model: {', '.join(names)}{more}" if names else ""
    if release.state == "unchanged":
        unchanged = f"{release.repo_id} {release.version} is unchanged: nothing was released"
        return "\n".join(filter(None, [unchanged, left, shown]))
    listed = [
        f"  {change.action:<7} {change.path} ({change.size} bytes)" for change in release.changes
    ]
    head = f"{release.repo_id} {release.version} {release.state}: {release.reason}"
    return "\n".join(
        [
            head,
            *listed,
            *filter(None, [left, shown, release.card_diff, release.pull_request, release.url]),
        ]
    )


def money(cost: float | None) -> str:
    return "unknown" if cost is None else f"{cost:.2f}"


def duration(seconds: float) -> str:
    return (
        f"{seconds / 3600:.1f} h"
        if seconds >= 5400
        else f"{seconds / 60:.0f} min"
        if seconds >= 90
        else f"{seconds:.0f} s"
    )


def adapted_lines(facts: dict[str, Any]) -> Iterator[str]:
    """The report on an adapted student. There are no gold labels to measure it on."""
    rows, total = facts["agreement"], facts["held_out_sentences"]
    yield f"Agreement with the label model on {total:,} held-out sentences (an estimate):"
    yield f"  {'source':<10} {'P':>5} {'R':>5} {'F1':>5}  95% interval"
    for name, row in rows.items():
        low, high = row["f1_interval"]
        scores = f"{row['precision']:>5.1f} {row['recall']:>5.1f} {row['f1']:>5.1f}"
        bounds = [
            f"{side} {row[key][0]:.1f} to {row[key][1]:.1f}"
            for side, key in (("P", "precision_interval"), ("R", "recall_interval"))
            if key in row
        ]
        yield f"  {name:<10} {scores}  {low:.1f} to {high:.1f}; {', '.join(bounds)}"
    for pair in facts["between_sources"]:
        (one, other), (low, high) = pair["sources"], pair["interval"]
        yield f"  {one} and {other} agree with F1 {pair['f1']:.1f} ({low:.1f} to {high:.1f})"
    yield (
        f"Kept: round {facts['chosen_round']}, {facts['outside_bias']:g} added to the logit of O; "
        f"{100 * facts['masked_words']:.1f}% of the words were masked"
    )
    yield "Estimated precision of proposals:"
    for group in facts["estimated_precision"]:
        source = "listed" if group["listed"] else "not listed"
        yield (
            f"  {group['label']:<12} {source:<10} {group['form']:<8} {group['precision']:>5.1f}% "
            f"of {group['occurrences']:,}"
        )
    if drift := facts["drift"]:
        yield (
            f"Drift: {drift['unseen_words']:.1f}% of the words are in no synthetic sentence; "
            f"divergence {drift['divergence']:.2f} bits; {drift['words_per_sentence']:.0f} words a "
            f"sentence, synthetic {drift['words_per_synthetic_sentence']:.0f}"
        )
