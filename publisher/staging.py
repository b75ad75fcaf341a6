"""What the Space repo holds: the app, the one extractor, and the lexicons that its links come from, in one folder."""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from builders.lexicon import SHIPPED
from builders.recipe import Recipe

HOUSE = Path(__file__).parent.parent
# At the top of the repo, where the Hub looks for the first three and the page for the answers of an untrained LLM.
ENTRANCE = ("app.py", "README.md", "requirements.txt", "zero_shot.jsonl")


def stage_space(folder: Path, recipes: Sequence[Recipe]) -> Path:
    """Lay the Space's files down in `folder`, which is replaced as a whole; its README names the recipes' lexicons."""
    shutil.rmtree(folder, ignore_errors=True)
    skipped = shutil.ignore_patterns("__pycache__", *ENTRANCE)
    shutil.copytree(HOUSE / "space", folder / "space", ignore=skipped)
    for name in ENTRANCE:
        shutil.copy(HOUSE / "space" / name, folder)
    (folder / "training").mkdir()
    for name in ("__init__.py", "inference.py"):
        shutil.copy(HOUSE / "training" / name, folder / "training")
    named = {label: source for recipe in recipes for label, source in labelled_sources(recipe)}
    shipped = {label: source for label, source in named.items() if (SHIPPED / f"{source}.tsv.gz").exists()}
    (folder / "lexicons").mkdir()
    for source in set(shipped.values()):
        for suffix in (".tsv.gz", ".yaml"):
            shutil.copy(SHIPPED / f"{source}{suffix}", folder / "lexicons")
    name_lexicons(folder / "README.md", shipped)
    return folder


def labelled_sources(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """(entity label, lexicon) of everything the page may mark: of relations both sides, whose names find the pairs."""
    if recipe.relation is not None:
        for name in (recipe.relation.head, recipe.relation.tail):
            yield name.capitalize(), recipe.lexicons[name].source
    for label, name in recipe.labels.items():
        yield label, recipe.lexicons[name].source


def name_lexicons(readme: Path, sources: dict[str, str]) -> None:
    """Put the lexicons into the `corpusmith` block of the front matter."""
    _, front, body = readme.read_text(encoding="utf-8").split("---\n", 2)
    metadata = yaml.safe_load(front)
    listed = [{"label": label, "path": f"lexicons/{source}.tsv.gz"} for label, source in sorted(sources.items())]
    metadata["corpusmith"]["lexicons"] = listed
    dumped = yaml.safe_dump(metadata, sort_keys=False, allow_unicode=True)
    readme.write_text(f"---\n{dumped}---\n{body}", encoding="utf-8")
