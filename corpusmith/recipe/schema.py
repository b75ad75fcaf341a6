"""The recipe schema, checked by pydantic. Unknown keys are errors."""

import re
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from corpusmith.recipe.prompt import prompt_path, prompt_text, slots
from corpusmith.recipe.relation import RelationRecipe
from corpusmith.recipe.relation_kinds import kinds_of
from corpusmith.recipe.settings import Augmentation, Filters, Strict, Verification

PLANNED = {"model", "messages", "seed", "n", "stream"}
# Parameters that limit the tokens of an answer. The first that is set counts.
ANSWER_LIMITS = ("max_completion_tokens", "max_tokens", "max_output_tokens", "num_predict")

NAME = r"^[a-z0-9][a-z0-9-]{0,79}$"  # of a recipe, its files and its repos


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
        for name in ANSWER_LIMITS:
            if type(parameters.get(name)) not in (int, type(None)):
                raise ValueError(f"{name} must be a number of tokens, or null")
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
