"""What a dataset card says of a repo with one config a recipe: facts in, README.md out."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from huggingface_hub import DatasetCardData

from corpusmith.cards import markdown
from corpusmith.cards.markdown import Markdown, code, escape, number, percent

TASKS = {
    "ner": ("token-classification", "named-entity-recognition", "named entities"),
    "relations": ("text-classification", "multi-class-classification", "relations"),
}
SIZES = (
    (10**3, "n<1K"),
    (10**4, "1K<n<10K"),
    (10**5, "10K<n<100K"),
    (10**6, "100K<n<1M"),
    (10**7, "1M<n<10M"),
)
LANGUAGES = {"en": "English"}
FORM = (  # key of the statistics, what the card calls it, decimals or "%"
    ("rows", "Sentences", 0),
    ("tokens_mean", "Tokens a sentence", 1),
    ("mentions_mean", "Mentions a sentence", 2),
    ("share_without_mention", "Without a mention", "%"),
    ("share_ending_in_full_stop", "Ending in a full stop", "%"),
    ("vocabulary", "Distinct tokens", 0),
    ("unique_mentions", "Distinct mentions", 0),
)


@dataclass(frozen=True)
class Split:
    """One split of a config; `bytes` as Arrow holds it, `download_bytes` as Parquet does."""

    name: str
    rows: int
    bytes: int = 0
    download_bytes: int = 0


@dataclass(frozen=True)
class Example:
    """A row to show: the text, its spans as (start, end, label) in order, and a relation's label."""

    text: str
    spans: tuple[tuple[int, int, str], ...] = ()
    label: str | None = None
    # made by rule from an accepted row: its id differs from its request_id
    derived: bool = False


@dataclass(frozen=True)
class Corpus:
    """One config: what one recipe and one ledger made."""

    # chosen in the recipe
    name: str
    task: str
    title: str = ""
    labels: tuple[str, ...] = ()
    language: str = "en"
    # what the plan drew on: name, version, license, attribution, concepts, names
    lexicons: tuple[Mapping[str, Any], ...] = ()
    # what the teacher was and was asked: model, license, parameters; name, text, sha256; role, content
    teacher: Mapping[str, Any] = field(default_factory=dict)
    prompts: tuple[Mapping[str, Any], ...] = ()
    prompt_example: tuple[Mapping[str, str], ...] = ()
    usage: Mapping[str, Any] = field(default_factory=dict)
    # what verification and filters counted
    counts: Mapping[str, int] = field(default_factory=dict)
    rejected_by_reason: Mapping[str, int] = field(default_factory=dict)
    filtered_by_reason: Mapping[str, int] = field(default_factory=dict)
    # rows that augmentation derived from accepted rows, by rule, before the filters
    added_by_augmentation: Mapping[str, int] = field(default_factory=dict)
    # rows that a second build was told of, where there was one: judged, rejected; of outliers also limit
    label_noise: Mapping[str, Any] = field(default_factory=dict)
    outliers: Mapping[str, Any] = field(default_factory=dict)
    # what was built, as `datasets` writes features in YAML
    splits: tuple[Split, ...] = ()
    features: tuple[Any, ...] = ()
    rejected: Split | None = None
    rejected_features: tuple[Any, ...] = ()
    examples: tuple[Example, ...] = ()
    # rows that the teacher wrote (id equals request_id); the others are derived from them by rule
    written_rows: int | None = None
    # split -> (distinct mentions that also occur in train, distinct mentions), case folded
    mentions_in_train: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    # one whole row of the test split, as `load_dataset` returns it
    example_row: Mapping[str, Any] = field(default_factory=dict)
    # what was measured of it
    statistics: Mapping[str, float] = field(default_factory=dict)
    reference_statistics: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    audit: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    # pictures in the repo, of how it was made and of what it looks like
    made_figures: tuple[str, ...] = ()
    form_figures: tuple[str, ...] = ()
    # how to tell it from another build
    fingerprint: str | None = None
    content_hash: str | None = None
    transcript_sha256: str | None = None
    corpusmith_version: str | None = None

    @property
    def rows(self) -> int:
        return sum(split.rows for split in self.splits)


def split_name(config: str) -> str:
    """The split of the config `rejected` that holds what a recipe refused (a split's name takes no hyphen)."""
    return re.sub(r"\W", "_", config)


@dataclass(frozen=True)
class DatasetFacts:
    """Everything a dataset card can say."""

    # given by the publisher
    repo_id: str
    version: str
    # read from each config's build.json
    corpora: tuple[Corpus, ...]
    # given by whoever publishes, all optional
    pretty_name: str = ""
    license: str | None = None
    # read from the changelog: (version, date, one line), newest first
    versions: tuple[tuple[str, str, str], ...] = ()

    @property
    def title(self) -> str:
        return self.pretty_name or self.repo_id.split("/")[-1]

    @property
    def rows(self) -> int:
        return sum(corpus.rows for corpus in self.corpora)


def metadata(facts: DatasetFacts) -> DatasetCardData:
    """The front matter. `datasets` reads configs and dataset_info from it, the Hub's search the rest."""
    configs, infos = [], []
    for index, corpus in enumerate(facts.corpora):
        files = [
            {"split": split.name, "path": f"data/{corpus.name}/{split.name}-*"}
            for split in corpus.splits
        ]
        configs.append(
            {
                "config_name": corpus.name,
                "data_files": files,
                **({"default": True} if index == 0 else {}),
            }
        )
        infos.append(_info(corpus.name, corpus.features, corpus.splits))
    refused = [corpus.rejected for corpus in facts.corpora if corpus.rejected]
    if refused:
        files = [
            {"split": split.name, "path": f"data/rejected/{split.name}-*"} for split in refused
        ]
        configs.append({"config_name": "rejected", "data_files": files})
        columns = next(corpus.rejected_features for corpus in facts.corpora if corpus.rejected)
        infos.append(_info("rejected", columns, refused))
    tasks = list(dict.fromkeys(corpus.task for corpus in facts.corpora))
    languages = sorted({corpus.language for corpus in facts.corpora})
    return DatasetCardData(
        pretty_name=facts.title,
        language=languages,
        license=facts.license,
        task_categories=[TASKS[task][0] for task in tasks],
        task_ids=[TASKS[task][1] for task in tasks],
        annotations_creators=["machine-generated"],
        language_creators=["machine-generated"],
        multilinguality=["monolingual" if len(languages) == 1 else "multilingual"],
        source_datasets=["original"],
        size_categories=[next((name for limit, name in SIZES if facts.rows < limit), "n>10M")],
        tags=["biology", "medical", "synthetic", "corpusmith"],
        configs=configs,
        dataset_info=infos,
    )


def _info(name: str, features: tuple[Any, ...], splits: Any) -> dict[str, Any]:
    info: dict[str, Any] = {"config_name": name}
    if features:
        info["features"] = list(features)
    info["splits"] = [
        {"name": split.name, "num_bytes": split.bytes, "num_examples": split.rows}
        for split in splits
    ]
    info["download_size"] = sum(split.download_bytes for split in splits)
    info["dataset_size"] = sum(split.bytes for split in splits)
    return info


def render(facts: DatasetFacts) -> str:
    """README.md of the dataset repo."""
    return markdown.render(
        "dataset.md.jinja",
        metadata(facts),
        facts=facts,
        kinds=list(dict.fromkeys(TASKS[corpus.task][2] for corpus in facts.corpora)),
        languages=", ".join(
            sorted({LANGUAGES.get(corpus.language, corpus.language) for corpus in facts.corpora})
        ),
        configs_table=configs_table,
        examples_table=examples_table,
        counts_table=counts_table,
        reasons_table=reasons_table,
        form_table=form_table,
        audit_table=audit_table,
        terms=terms(facts),
        refused=any(corpus.rejected for corpus in facts.corpora),
        hashes_table=hashes_table,
    )


def configs_table(facts: DatasetFacts) -> Markdown:
    """Rows of each split, what was refused, and the labels, a line a config."""
    splits = list(dict.fromkeys(split.name for corpus in facts.corpora for split in corpus.splits))
    rows = []
    for corpus in facts.corpora:
        sizes = {split.name: split.rows for split in corpus.splits}
        labels = Markdown(" ".join(code(label) for label in corpus.labels))
        refused = corpus.rejected.rows if corpus.rejected else None
        rows.append(
            [
                code(corpus.name),
                corpus.title,
                labels,
                *(sizes.get(split) for split in splits),
                refused,
            ]
        )
    return markdown.table(["Config", "Holds", "Labels", *splits, "rejected"], rows, text_columns=3)


def examples_table(corpus: Corpus) -> Markdown:
    """Real rows of the first split."""
    if corpus.task == "relations":
        rows = [[shown(example), code(example.label or "unknown")] for example in corpus.examples]
        return markdown.table(["Head and tail in bold", "Label"], rows, text_columns=2)
    return markdown.table(["Mentions in bold"], [[shown(example)] for example in corpus.examples])


def counts_table(corpus: Corpus) -> Markdown:
    """From request to row, and what it took: accepted, rejected, failed and pending add up to the requests."""
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


def cost(usage: Mapping[str, Any]) -> str:
    """The price as reported; a price that nobody stated is unknown, never zero."""
    return (
        "unknown"
        if usage.get("cost") is None
        else f"{usage['cost']:,.2f} {usage.get('currency') or ''}".strip()
    )


def terms(facts: DatasetFacts) -> list[tuple[str, str]]:
    """Whose work each config rests on, and under which terms, a line each."""
    lines = []
    for corpus in facts.corpora:
        if corpus.teacher.get("license"):
            teacher, license = corpus.teacher["model"], corpus.teacher["license"]
            lines.append((corpus.name, f"written by {teacher}, whose licence is {license}."))
        for lexicon in corpus.lexicons:
            parts = [" ".join(str(lexicon[key]) for key in ("name", "version") if lexicon.get(key))]
            parts += [
                f"{lexicon[key]:,} {key}" for key in ("concepts", "names") if lexicon.get(key)
            ]
            parts += [str(lexicon["license"])] if lexicon.get("license") else []
            lines.append(
                (
                    corpus.name,
                    f"entities from {', '.join(parts)}. {lexicon.get('attribution') or ''}",
                )
            )
    return lines


def hashes_table(corpora: Iterable[Corpus]) -> Markdown:
    """What tells one build from another, shortened to 16 digits; in full in each build.json."""
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
    """The text with its spans in bold and their labels behind them."""
    parts, at = [], 0
    for start, end, label in sorted(example.spans):
        parts.append(
            _piece(example.text[at:start])
            + f"<b>{escape(example.text[start:end])}</b>&nbsp;<sub>{escape(label)}</sub>"
        )
        at = end
    return Markdown("".join(parts) + _piece(example.text[at:]))


def _piece(text: str) -> Markdown:
    """Escaped, with the blank at either end that `escape` would strip."""
    before, after = text[:1].isspace(), text[-1:].isspace()
    return Markdown(" " * before + escape(text) + " " * (after and bool(text.strip())))


def form_table(corpus: Corpus) -> Markdown:
    """Measures of form, this corpus beside each real one that was at hand."""
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


def audit_table(corpus: Corpus) -> Markdown:
    """How much of each benchmark split stands in the corpus word for word, and how like it its nearest rows are."""
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


def reasons_table(reasons: Mapping[str, int], total: int | None) -> Markdown:
    """Counts by reason, most frequent first, with their share of `total`."""
    ranked = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    return markdown.table(
        ["Reason", "Rows", "Share"],
        [[r, n, percent(n / total) if total else None] for r, n in ranked],
    )
