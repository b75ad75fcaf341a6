"""The facts of one corpus: a config of a dataset repo."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Split:
    """One split of a config; `bytes` as Arrow holds it, `download_bytes` as Parquet does."""

    name: str
    rows: int
    bytes: int = 0
    download_bytes: int = 0


@dataclass(frozen=True)
class Example:
    """A row to show: text, spans as (start, end, label) in order, and a relation's label."""

    text: str
    spans: tuple[tuple[int, int, str], ...] = ()
    label: str | None = None
    # made by rule from an accepted row: its id differs from its request_id
    derived: bool = False


@dataclass(frozen=True)
class CorpusFacts:
    """One config, made from one recipe and one ledger."""

    # chosen in the recipe
    name: str
    task: str
    title: str = ""
    labels: tuple[str, ...] = ()
    language: str = "en"
    domain: str = ""  # what the sentences read like, as the prompt says it
    # verification leaves doubtful words out of the loss
    masks_words: bool = False
    # requests whose answers were recorded for other recipes, and the names of these
    borrowed_requests: int = 0
    lenders: tuple[str, ...] = ()
    # word trigrams that two rows may share (Jaccard) without one being removed; 1: any below 1
    near_duplicates: float | None = None
    # lexicons of the plan: name, version, license, attribution, concepts, names
    lexicons: tuple[Mapping[str, Any], ...] = ()
    # the teacher (model, license, parameters), prompts (name, text, sha256), one request
    teacher: Mapping[str, Any] = field(default_factory=dict)
    prompts: tuple[Mapping[str, Any], ...] = ()
    prompt_example: tuple[Mapping[str, str], ...] = ()
    usage: Mapping[str, Any] = field(default_factory=dict)
    # counts of the checks and filters
    counts: Mapping[str, int] = field(default_factory=dict)
    rejected_by_reason: Mapping[str, int] = field(default_factory=dict)
    filtered_by_reason: Mapping[str, int] = field(default_factory=dict)
    # rows that augmentation derived from accepted rows, by rule, before the filters
    added_by_augmentation: Mapping[str, int] = field(default_factory=dict)
    # vetoes of a second build, if there was one: judged, rejected; of outliers also limit
    label_noise: Mapping[str, Any] = field(default_factory=dict)
    outliers: Mapping[str, Any] = field(default_factory=dict)
    # the built splits; features as `datasets` writes them in YAML
    splits: tuple[Split, ...] = ()
    features: tuple[Any, ...] = ()
    rejected: Split | None = None
    rejected_features: tuple[Any, ...] = ()
    examples: tuple[Example, ...] = ()
    # rows by the teacher (id equals request_id); the others are derived from them by rule
    written_rows: int | None = None
    # those by teacher; and the teachers of borrowed answers, if others (model, license)
    rows_by_teacher: Mapping[str, int] = field(default_factory=dict)
    lending_teachers: tuple[Mapping[str, Any], ...] = ()
    # split -> (distinct mentions that also occur in train, distinct mentions), case folded
    mentions_in_train: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    # one whole row of the test split, as `load_dataset` returns it
    example_row: Mapping[str, Any] = field(default_factory=dict)
    # measurements
    statistics: Mapping[str, float] = field(default_factory=dict)
    reference_statistics: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    audit: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    # pictures in the repo: acceptance and form
    made_figures: tuple[str, ...] = ()
    form_figures: tuple[str, ...] = ()
    # identity of the build
    fingerprint: str | None = None
    content_hash: str | None = None
    transcript_sha256: str | None = None
    corpusmith_version: str | None = None

    @property
    def teachers(self) -> tuple[Mapping[str, Any], ...]:
        """The recipe's teacher, then those of borrowed answers: model and license.

        Where rows are counted, a teacher of borrowed answers has some.
        """
        rows = self.rows_by_teacher
        lent = [one for one in self.lending_teachers if not rows or one.get("model") in rows]
        stated = [one for one in (self.teacher, *lent) if one.get("model") is not None]
        names = {one["model"] for one in stated}
        return (*stated, *({"model": name} for name in self.rows_by_teacher if name not in names))

    @property
    def drops_near_duplicates(self) -> bool:
        """Whether the filter of near-duplicates was on; False if that is unknown."""
        return self.near_duplicates is not None and self.near_duplicates < 1

    @property
    def rows(self) -> int:
        return sum(split.rows for split in self.splits)

    @property
    def derived_rows(self) -> int | None:
        """Rows that a rule derived from others; None if that is unknown."""
        if self.written_rows is None:
            return None if self.added_by_augmentation else 0
        return self.rows - self.written_rows

    @property
    def judged_rows(self) -> int | None:
        """Rows that the filters judged: the accepted ones and those derived from them."""
        accepted = self.counts.get("accepted")
        return None if accepted is None else accepted + sum(self.added_by_augmentation.values())


def split_name(config: str) -> str:
    """The split of the config `rejected` for a recipe (no hyphen is allowed in a split's name)."""
    return re.sub(r"\W", "_", config)
