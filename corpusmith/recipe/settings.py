"""What a recipe sets for verification, copies and filters, checked by pydantic."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator


class Strict(BaseModel):
    """Base class that rejects unknown keys, so a misspelt key is reported."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Verification(Strict):
    """Rules for accepting an answer as a row."""

    unasked: Literal["label", "reject", "mask", "ignore"] = (
        "label"  # what to do with a mention that was not requested
    )
    # what to do with an answer that lacks a requested name; masked are the words that resemble it
    missing_seed: Literal["reject", "mask"] = "reject"
    first_sentence: bool = True  # keep the first of several sentences; otherwise reject the answer
    # accept a seed in another number or spelling (tumour, tumor), with the text as it stands
    repair: bool = True
    min_words: int = Field(default=5, ge=1)
    max_words: int = Field(default=70, ge=2)
    definitions: Literal["accept", "reject"] = "reject"


class Augmentation(Strict):
    """Rows derived from accepted ones: of entities in the train split only, of relations in every
    split, except counterfactual ones."""

    replacements: int = Field(
        default=0, ge=0
    )  # copies of a row with other concepts in place of its mentions
    forms: dict[
        Literal[
            "acronym",
            "bracketed",
            "coordinated",
            "listed",
            "mixed",
            "framed",
            "qualified",
            "deficiency",
        ],
        float,
    ] = {}  # of replacements
    across_types: float = Field(
        default=0.0, ge=0.0, le=1.0
    )  # share of replacements from any branch of the lexicon
    weight_exponent: float = Field(
        default=0.5, ge=0.0, le=1.0
    )  # 1: draw names by their weights; 0: uniformly
    prevalence: float = Field(
        default=0.0, ge=0.0, le=1.0
    )  # share of names drawn by their frequency in recorded answers
    frames: tuple[
        str, ...
    ] = ()  # unlabelled context of a name in the form `framed`: "{chemical}-induced {}"
    asides: (
        str | tuple[str, ...]
    ) = ()  # unlabelled text inserted into every other copy: "(P < 0.05)"; a list or a shipped one
    qualifiers: tuple[
        str, ...
    ] = ()  # first words of a replacement in the form `qualified`: familial, sporadic
    deficiency_of: str | None = None  # lexicon for the form `deficiency`: "C7 deficiency"
    vary_context: bool = False  # also replace requested names that are not mentions
    contrasts: int = Field(default=0, ge=0)  # copies with unlabelled names in place of mentions
    contrasted_lexicons: dict[
        str, Annotated[float, Field(gt=0)]
    ] = {}  # weights of lexicons; default all unlabelled ones equally
    contrasted_acronyms: float = Field(
        default=1.0, ge=0.0, le=1.0
    )  # share of contrasts that may be an acronym
    other_pairs: bool = True  # rows for other pairs of a sentence whose class is sure
    counterfactual: float = Field(
        default=0.0, ge=0.0, le=1.0
    )  # share of related sentences copied with the word of another type
    mistagged: float = Field(
        default=0.0, ge=0.0
    )  # unrelated rows per related row, with a mask on a common word
    accompanied: float = Field(
        default=0.0, ge=0.0
    )  # related rows per related row, with other names beside the pair


class Filters(Strict):
    """Filters for accepted rows."""

    near_duplicates: float = Field(
        default=0.8, gt=0.0, le=1.0
    )  # Jaccard similarity of word trigrams
    leakage: int = Field(default=8, ge=0)  # n of n-grams shared with a benchmark; 0 turns it off
    label_noise: int = Field(
        default=0, ge=0
    )  # cross-validation folds to detect label noise; 0 turns it off
    outliers: float = Field(
        default=0.0, ge=0.0
    )  # limit in robust deviations of embeddings; 0 turns it off

    @field_validator("label_noise")
    @classmethod
    def folds_leave_something_out(cls, folds: int) -> int:
        if folds == 1:
            raise ValueError("one fold leaves no training data: give 2 or more, or 0 for none")
        return folds
