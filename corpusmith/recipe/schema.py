"""The recipe schema, checked by pydantic. Unknown keys are errors."""

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from corpusmith.recipe.prompt import prompt_path, prompt_text, slots
from corpusmith.recipe.relation import RelationRecipe
from corpusmith.recipe.relation_kinds import kinds_of

PLANNED = {"model", "messages", "seed", "n", "stream"}

NAME = r"^[a-z0-9][a-z0-9-]{0,79}$"  # of a recipe, its files and its repos


class Strict(BaseModel):
    """Base class that rejects unknown keys, so a misspelt key is reported."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Selection(Strict):
    """Concepts of a lexicon, by id, type prefix (MeSH tree number) or weight, and their names."""

    ids: tuple[str, ...] = ()  # only these concepts
    types: tuple[str, ...] = ()
    without_types: tuple[str, ...] = ()
    # drop names with one of these words: "induced" in "heparin-induced thrombosis"
    without_words: tuple[str, ...] = ()
    min_weight: float = 0.0


class LexiconSource(Strict):
    """A lexicon: a shipped name, path, URL or `hf://datasets/…`, with what to draw and look up."""

    source: str
    draw: Selection = Selection()
    find: Selection = Selection()
    also: tuple[str, ...] = ()  # also looked up and used in copies, but never requested
    # a lexicon of the recipe; names that overlap with it are dropped, for contrasts
    apart_from: str | None = None
    stop: tuple[str, ...] = ()
    boost: dict[str, Annotated[float, Field(gt=0)]] = {}  # weight factor of a branch or concept id


class OtherPair(Strict):
    """Another pair of a sentence, by the places of its names in the kind's `seeds`."""

    head: int = Field(ge=0)
    tail: int = Field(ge=0)
    label: str


class Kind(Strict):
    """A kind of request. `seeds` lists the lexicons to draw from, in order."""

    name: str
    weight: float = Field(gt=0)
    seeds: tuple[str, ...] = ()
    form: Literal["plain", "coordinated", "abbreviated", "modifier"] = "plain"
    attributes: dict[str, str | tuple[str, ...]] = {}
    avoid: str = ""
    label: str | None = None  # relations: the class of the pair
    # Relation types: what the sentence may claim. `stated`: this type, not negated;
    # `negated`: this type, negated; `absent`: no type; `any`: not checked.
    claim: Literal["any", "stated", "negated", "absent"] = "any"
    also: tuple[OtherPair, ...] = ()  # relations: further pairs whose class is sure


class Teacher(Strict):
    """The model that the recipe was written for. The endpoint is set elsewhere."""

    model: str
    license: str = "unknown"  # of the model's outputs
    parameters: dict[str, Any] = {"temperature": 0.9, "top_p": 0.95, "max_tokens": 100}
    price: dict[str, float] | None = None  # per million tokens: input, cached, output

    @field_validator("parameters")
    @classmethod
    def parameters_say_how_not_what(cls, parameters: dict[str, Any]) -> dict[str, Any]:
        allowed = {"seed"} if parameters.get("seed") is False else set()
        if set_here := sorted((PLANNED - allowed) & parameters.keys()):
            raise ValueError(
                f"{', '.join(set_here)} cannot be set: the plan says what is asked, and reads one "
                "answer (`seed: false` leaves the seed out)"
            )
        if parameters.get("system", "merge") != "merge":
            raise ValueError("system can be `merge` only: it puts the system message in the user's")
        return parameters

    @property
    def sampling(self) -> dict[str, Any]:
        """The parameters in the payload, without nulls and those that only change what is sent."""
        return {
            name: value
            for name, value in self.parameters.items()
            if value is not None and name not in ("seed", "system")
        }


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
    """Copies of accepted rows with other names, in the train split only."""

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


class Recipe(Strict):
    """The definition of a corpus. See docs/recipes.md."""

    name: str = Field(pattern=NAME)
    title: str
    task: Literal["ner", "relations"]
    language: str = "en"
    about: str = ""  # what counts as a mention and what doesn't; part of the prompt
    domain: str = "PubMed abstracts"  # what the sentences read like
    license: str = "other"  # of the corpus, as the Hub writes licences
    labels: dict[str, str] = {}  # NER: label -> lexicon
    relation: RelationRecipe | None = None
    lexicons: dict[str, LexiconSource]
    prompt: str
    attributes: dict[str, str | tuple[str, ...]] = {}
    context: tuple[
        Literal["definition", "parents", "siblings", "synonyms"], ...
    ] = ()  # facts about drawn concepts, for the prompt
    kinds: tuple[Kind, ...] = Field(min_length=1)
    teacher: Teacher
    rows: int = Field(gt=0)  # number of requests; most become rows
    borrow: tuple[
        str, ...
    ] = ()  # recipes whose requests are added to this one's; this recipe verifies the answers
    # borrowed requests for each of this recipe's own, drawn evenly from all; None: all
    most_borrowed: float | None = Field(default=None, gt=0)
    seed: int = 0
    verify: Verification = Verification()
    augment: Augmentation = Augmentation()
    filters: Filters = Filters()
    transcript: str | None = None  # shipped transcript, if its name differs from the recipe's
    benchmarks: tuple[str, ...] = ()  # folders below CORPUSMITH_BENCHMARKS to evaluate on

    def own(self, **changes: Any) -> "Recipe":
        """A copy that borrows no requests, with other changes too."""
        return self.model_copy(update={"borrow": (), **changes})

    @model_validator(mode="before")
    @classmethod
    def relation_types_make_kinds(cls, content: Any) -> Any:
        """Expand `relation.types` into kinds, unless the recipe writes kinds of its own."""
        if not isinstance(content, dict) or "kinds" in content:
            return content
        relation = content.get("relation")
        if not isinstance(relation, dict) or not relation.get("types"):
            return content
        topics = "topic" in (content.get("attributes") or {})
        return {**content, "kinds": list(kinds_of(RelationRecipe.model_validate(relation), topics))}

    @model_validator(mode="after")
    def frames_have_a_place(self) -> "Recipe":
        places = {"{}", *(f"{{{name}}}" for name in self.lexicons)}
        for frame in self.augment.frames:
            if frame.count("{}") != 1 or not set(re.findall(r"{[^}]*}", frame)) <= places:
                raise ValueError(
                    f"augment.frames: {frame!r} needs one {{}}, and else only names of lexicons "
                    "in braces"
                )
        return self

    @field_validator("prompt")
    @classmethod
    def prompt_exists(cls, prompt: str) -> str:
        if not prompt_path(prompt).exists():
            raise ValueError(f"no prompt template at {prompt_path(prompt)}")
        slots(prompt_text(prompt))  # raises ValueError
        return prompt

    @model_validator(mode="after")
    def names_agree(self) -> "Recipe":
        named = set(self.labels.values()) | {seed for kind in self.kinds for seed in kind.seeds}
        if self.relation:
            named |= {self.relation.head, self.relation.tail}
        if self.augment.deficiency_of:
            named.add(self.augment.deficiency_of)
        named |= set(self.augment.contrasted_lexicons)
        named |= {s.apart_from for s in self.lexicons.values() if s.apart_from}
        if labelled := sorted(set(self.augment.contrasted_lexicons) & set(self.labels.values())):
            raise ValueError(
                f"augment.contrasted_lexicons: {', '.join(labelled)} is a label's; "
                "a contrast carries no label"
            )
        if missing := sorted(named - set(self.lexicons)):
            raise ValueError(f"no lexicon called {', '.join(missing)} under `lexicons`")
        if (self.task == "relations") != (self.relation is not None):
            raise ValueError("`relation` goes with task: relations, and only there")
        if self.relation and (
            unknown := [k for k in self.kinds if k.label not in self.relation.labels]
        ):
            raise ValueError(
                f"kinds: the label {unknown[0].label} is none of "
                f"{', '.join(self.relation.labels)} (kind {unknown[0].name!r})"
            )
        if self.context and "facts" not in slots(prompt_text(self.prompt)):
            raise ValueError(
                f"`context` needs a template with the slot `facts`, which {self.prompt} lacks: "
                "use ner.v2 or re.v2"
            )
        if self.task == "ner" and not self.labels:
            raise ValueError("`labels` must name at least one label and its lexicon")
        return self
