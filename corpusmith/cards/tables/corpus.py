"""The tables and lists of a dataset card and a report."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from corpusmith.cards import markdown
from corpusmith.cards.corpus import CorpusFacts, Example
from corpusmith.cards.markdown import Markdown, code, escape, literal, number, percent, plain

ORIGINS = ("written by the LLM", "derived by rule")
DERIVED = {  # kind of augmentation -> what it does
    "replaced": "another name of the lexicon in a mention's place",
    "contrasted": "a name of another type in a mention's place; it is not labelled",
    "accompanied": "more names beside a related pair, which stays related",
    "other pairs": "another pair of the sentence, whose class follows from what was asked",
    "counterfactual": "the word of one relation type replaced by that of another",
    "mistagged": "a common word masked as if it were an entity, and the pair labelled unrelated. "
    "Taggers make such mistakes, and a model should learn to reject them, so a head or tail that "
    "is no entity is meant",
}
PUBLISHERS_TERMS = {  # name in an attribution -> the publisher's page of terms
    "U.S. National Library of Medicine": "https://www.nlm.nih.gov/databases/download/"
    "terms_and_conditions.html"
}
HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
TEACHERS = {"qwen2.5-coder-1.5b-instruct": "Qwen/Qwen2.5-Coder-1.5B-Instruct"}

FORM = (  # key of the statistics, what the card calls it, decimals or "%"
    ("rows", "Sentences", 0),
    ("tokens_mean", "Tokens a sentence", 1),
    ("mentions_mean", "Mentions a sentence", 2),
    ("share_without_mention", "Without a mention", "%"),
    ("share_ending_in_full_stop", "Ending in a full stop", "%"),
    ("vocabulary", "Distinct tokens", 0),
    ("unique_mentions", "Distinct mentions", 0),
)


def configs_table(corpora: Sequence[CorpusFacts]) -> Markdown:
    """The labels and counts of rows, a line for each config."""
    splits = list(dict.fromkeys(split.name for corpus in corpora for split in corpus.splits))
    origins = any(corpus.written_rows is not None for corpus in corpora)
    rows = []
    for corpus in corpora:
        sizes = {split.name: split.rows for split in corpus.splits}
        labels = Markdown(" ".join(code(label) for label in corpus.labels))
        refused = corpus.rejected.rows if corpus.rejected else None
        rows.append(
            [
                code(corpus.name),
                corpus.title,
                labels,
                *(sizes.get(split) for split in splits),
                *((corpus.written_rows, corpus.derived_rows) if origins else ()),
                refused,
            ]
        )
    return markdown.table(
        ["Config", "Holds", "Labels", *splits, *(ORIGINS if origins else ()), "rejected"],
        rows,
        text_columns=3,
    )


def examples_table(corpus: CorpusFacts) -> Markdown:
    """Example rows of the corpus, with their origin if any was derived by rule."""
    head, rows = ["Mentions in bold"], [[shown(example)] for example in corpus.examples]
    if corpus.task == "relations":
        head = ["Head and tail in bold", "Label"]
        labels = (code(example.label or "unknown") for example in corpus.examples)
        rows = [[*row, label] for row, label in zip(rows, labels, strict=True)]
    if any(example.derived for example in corpus.examples):
        head = [*head, "Origin"]
        origins = (ORIGINS[example.derived] for example in corpus.examples)
        rows = [[*row, Markdown(origin)] for row, origin in zip(rows, origins, strict=True)]
    return markdown.table(head, rows, text_columns=len(head))


def derivations(corpora: Iterable[CorpusFacts]) -> list[Markdown]:
    """The kinds of rows that rules derived in any of the corpora, each with what the rule does."""
    kinds = dict.fromkeys(kind for corpus in corpora for kind in corpus.added_by_augmentation)
    return [Markdown(f"{code(kind)}: {DERIVED.get(kind, 'derived by rule')}.") for kind in kinds]


def shared_mentions(corpora: Iterable[CorpusFacts]) -> list[Markdown]:
    """How many of the mentions of each held-out split also occur in train, a line a config."""
    lines = []
    for corpus in corpora:
        parts = [
            f"{number(shared)} of {number(found)} in {literal(split)}"
            for split, (shared, found) in corpus.mentions_in_train.items()
        ]
        if parts:
            lines.append(Markdown(f"{code(corpus.name)}: {', '.join(parts)}"))
    return lines


def counts_table(corpus: CorpusFacts) -> Markdown:
    """The requests by outcome, with their tokens and cost; the outcomes add up to the requests."""
    keys = ("requests", "accepted", "rejected", "failed", "pending")
    head = [key.capitalize() for key in keys]
    cells: list[Any] = [corpus.counts.get(key) for key in keys]
    if corpus.usage:
        head += ["Tokens in", "Tokens out", "Cost"]
        cells += [
            corpus.usage.get("prompt_tokens"),
            corpus.usage.get("completion_tokens"),
            cost(corpus.usage),
        ]
    return markdown.table(head, [cells], text_columns=0)


def names(configs: Iterable[str]) -> Markdown:
    """The names of configs in a sentence."""
    return Markdown(", ".join(code(name) for name in configs))


def cost(usage: Mapping[str, Any]) -> str:
    """The reported cost; without a stated price it is unknown, not zero."""
    return (
        "unknown"
        if usage.get("cost") is None
        else f"{usage['cost']:,.2f} {usage.get('currency') or ''}".strip()
    )


def terms(corpora: Iterable[CorpusFacts]) -> list[tuple[str, Markdown]]:
    """(config, sentence) of each source of a corpus and its terms."""
    lines = []
    for corpus in corpora:
        for one in corpus.teachers:
            if one.get("license"):
                license = escape(str(one["license"]))
                line = f"written by {teacher(one)}, whose licence is {license}."
                lines.append((corpus.name, Markdown(line)))
        for lexicon in corpus.lexicons:
            parts = [" ".join(str(lexicon[key]) for key in ("name", "version") if lexicon.get(key))]
            parts += [
                f"{lexicon[key]:,} {key}" for key in ("concepts", "names") if lexicon.get(key)
            ]
            line = f"entities from {escape(', '.join(parts))}{licence_of(lexicon)}"
            attribution = escape(str(lexicon.get("attribution") or ""))
            lines.append((corpus.name, Markdown(f"{line}. {attribution}".rstrip())))
    return lines


def licence_of(lexicon: Mapping[str, Any]) -> str:
    """A lexicon's licence; for "other", the terms that its publisher states."""
    licence, attribution = lexicon.get("license"), str(lexicon.get("attribution") or "")
    if not licence:
        return ""
    if licence != "other":
        return f", {escape(str(licence))}"
    links = [link for publisher, link in PUBLISHERS_TERMS.items() if publisher in attribution]
    stated = f" ({links[0]})" if links else ""
    return f", under its publisher's own terms{stated}"


def other_teachers(corpus: CorpusFacts) -> Markdown:
    """The teachers of borrowed answers that are not the recipe's own, with their rows."""
    own, rows = corpus.teacher.get("model"), corpus.rows_by_teacher
    named = []
    for one in corpus.teachers:
        if one["model"] != own:
            count = f" ({number(rows.get(one['model'], 0))} rows)" if rows else ""
            named.append(f"{teacher(one)}{count}")
    return Markdown(", ".join(named))


def teacher(facts: Mapping[str, Any]) -> Markdown:
    """The name of a teacher, with a link to its page where it has one on the Hub."""
    name = plain(str(facts["model"]), 100)
    hub_id = name if HUB_ID.fullmatch(name) else TEACHERS.get(name.lower())
    if not hub_id:
        return escape(name)
    return Markdown(f"[{escape(name)}](https://huggingface.co/{hub_id})")


def hashes_table(corpora: Iterable[CorpusFacts]) -> Markdown:
    """The first 16 digits of the hashes that identify a build."""
    hashes = [(c.name, c.fingerprint, c.content_hash, c.transcript_sha256) for c in corpora]
    rows = [
        [code(name), *(code(value[:16]) if value else None for value in values)]
        for name, *values in hashes
    ]
    return markdown.table(
        ["Config", "Fingerprint of the recipe", "Hash of the rows", "Transcript, SHA-256"],
        rows,
        text_columns=4,
    )


def shown(example: Example) -> Markdown:
    """The text, with each span in bold and its label behind it."""
    parts, at = [], 0
    for start, end, label in sorted(example.spans):
        parts.append(
            _piece(example.text[at:start])
            + f"<b>{escape(example.text[start:end])}</b>&nbsp;<sub>{escape(label)}</sub>"
        )
        at = end
    return Markdown("".join(parts) + _piece(example.text[at:]))


def _piece(text: str) -> Markdown:
    """Escaped text that keeps a blank at either end, which `escape` strips."""
    before, after = text[:1].isspace(), text[-1:].isspace()
    return Markdown(" " * before + escape(text) + " " * (after and bool(text.strip())))


def form_table(corpus: CorpusFacts) -> Markdown:
    """Measures of form, of this corpus and of each reference corpus."""
    columns = [
        (Markdown(f"**{escape(corpus.name)}**"), corpus.statistics),
        *((escape(n), s) for n, s in corpus.reference_statistics.items()),
    ]
    rows = []
    for key, label, digits in FORM:
        cells = [_figure(statistics.get(key), digits) for _, statistics in columns]
        if any(cells):
            rows.append([Markdown(label), *cells])
    return markdown.table(["", *(name for name, _ in columns)], rows)


def _figure(value: float | None, digits: int | str) -> Markdown | None:
    if value is None:
        return None
    return percent(value) if digits == "%" else number(value, int(digits))


def audit_table(corpus: CorpusFacts) -> Markdown:
    """Word-for-word overlap and trigram similarity with each benchmark split."""
    head = [
        "Benchmark",
        "Rows sharing an 8-gram",
        "Rows sharing a 13-gram",
        "Longest common run of tokens",
    ]
    head += ["Likeness, 99th percentile", "Likeness, highest"]
    rows = []
    for name, audit in corpus.audit.items():
        counts = [
            audit.get(key)
            for key in ("leaked_rows_8gram", "leaked_rows_13gram", "longest_common_ngram")
        ]
        rows.append(
            [
                name,
                *counts,
                *(_figure(audit.get("jaccard", {}).get(key), 2) for key in ("p99", "max")),
            ]
        )
    return markdown.table(head, rows)


def reasons_table(reasons: Mapping[str, int], total: int | None, head: str = "Reason") -> Markdown:
    """Counts by reason, most frequent first, with their share of `total` if it is given."""
    ranked = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    if not total:
        return markdown.table([head, "Rows"], [[reason, count] for reason, count in ranked])
    rows = [[reason, count, percent(count / total)] for reason, count in ranked]
    return markdown.table([head, "Rows", "Share"], rows)
