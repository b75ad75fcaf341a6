"""Write the files of the Space repo: the app, the extractor and the lexicons."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from huggingface_hub.errors import RevisionNotFoundError

from corpusmith.cards.space import Source
from corpusmith.files import PACKAGE, shipped
from corpusmith.hub.card_facts import front_matter, json_mapping, refuse_odd_config
from corpusmith.hub.repo import Repo
from corpusmith.inference.front_matter import stated_languages
from corpusmith.lexicon.load import SHIPPED
from corpusmith.recipe.schema import Recipe

# At the top of the repo, where the Hub looks for the first three.
ENTRANCE = ("app.py", "README.md", "requirements.txt", "page.css", "zero_shot.jsonl")

ALONE = (
    *("__init__.py", "files.py", "extraction/__init__.py"),
    *("lexicon/__init__.py", "lexicon/matcher.py", "lexicon/words.py"),
)
SETTINGS = Path("training", "settings", "adapt.yaml")  # of the label model


def stage_space(folder: Path, recipes: Sequence[Recipe]) -> Path:
    """Write the Space's files to `folder`, replacing its content.

    They are the entrance files, `corpusmith/inference`, `corpusmith/space`, the parts for assisted
    extraction, and the recipes' lexicons, which the README names.
    """
    shutil.rmtree(folder, ignore_errors=True)
    package = folder / "corpusmith"
    skipped = shutil.ignore_patterns("__pycache__")
    for name in ("inference", "space"):
        shutil.copytree(PACKAGE / name, package / name, ignore=skipped)
    shutil.copytree(PACKAGE / "extraction/assist", package / "extraction/assist", ignore=skipped)
    (package / "lexicon").mkdir()
    for name in ALONE:
        shutil.copy(PACKAGE / name, package / name)
    (folder / SETTINGS).parent.mkdir(parents=True)
    shutil.copy(shipped(*SETTINGS.parts), folder / SETTINGS)
    for name in ENTRANCE:
        shutil.copy(shipped("space", name), folder)
    named = {label: source for recipe in recipes for label, source in labelled_sources(recipe)}
    linked = {
        label: source for label, source in named.items() if (SHIPPED / f"{source}.tsv.gz").exists()
    }
    (folder / "lexicons").mkdir()
    for source in set(linked.values()):
        for suffix in (".tsv.gz", ".yaml"):
            shutil.copy(SHIPPED / f"{source}{suffix}", folder / "lexicons")
    name_lexicons(folder / "README.md", linked)
    return folder


def labelled_sources(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """(entity label, lexicon) of everything that the page may mark.

    Of relations that is both sides: their names find the pairs.
    """
    if recipe.relation is not None:
        for name in (recipe.relation.head, recipe.relation.tail):
            yield name.capitalize(), recipe.lexicons[name].source
    for label, name in recipe.labels.items():
        yield label, recipe.lexicons[name].source


def name_lexicons(readme: Path, sources: dict[str, str]) -> None:
    """Put the lexicons into the `corpusmith` block of the front matter."""
    _, front, body = readme.read_text(encoding="utf-8").split("---\n", 2)
    metadata = yaml.safe_load(front)
    listed = [
        {"label": label, "path": f"lexicons/{source}.tsv.gz"}
        for label, source in sorted(sources.items())
    ]
    metadata["corpusmith"]["lexicons"] = listed
    dumped = yaml.safe_dump(metadata, sort_keys=False, allow_unicode=True)
    readme.write_text(f"---\n{dumped}---\n{body}", encoding="utf-8")


@dataclass(frozen=True)
class PinnedModel:
    """What a Space's card says of a model: its config.json, and the languages of its card."""

    config: dict[str, Any]
    languages: tuple[str, ...]


def model_documents(space: Repo, models: Sequence[Source]) -> list[PinnedModel]:
    """What the models on the Space's Hub state; models that are not there yet are left out.

    Raises UserError for one that can't be read.
    """
    found = []
    for model in models:
        repo = Repo("model", model.id, space.target)
        try:
            held = repo.standing(model.revision).files
        except RevisionNotFoundError:
            continue
        if "config.json" in held:
            name = f"config.json of {model.id}"
            config = json_mapping(repo.read(held["config.json"]), name)
            refuse_odd_config(config, name)
            card = repo.read(held["README.md"]) if "README.md" in held else b""
            metadata = front_matter(card.decode("utf-8", "replace"), f"README.md of {model.id}")
            found.append(PinnedModel(config, stated_languages(metadata)))
    return found
