"""The evidence of a recipe, reproduced from its answers without an LLM: report.json, a page, and pictures.

corpusmith report demo-disease --out runs/demo-disease/report
"""

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from builders.build import benchmarks_at_hand, build, write_json
from builders.recipe import load_recipe
from cards import figures, report_figures
from cards import report as page
from corpusmith_errors import UserError
from publisher import facts, report_text

TEXT = ("acceptance", "form", "map", "memorisation")  # sections that train nothing
SECTIONS = TEXT
FILE = "report.json"
Say = Callable[[str], None]


def report(
    recipe: str,
    out: Path,
    *,
    ledger: Path | None = None,
    benchmarks: Path | None = None,
    only: Sequence[str] = SECTIONS,
    encoder: str = "embedded",
    say: Say = print,
) -> dict[str, Any]:
    """Write `report.json`, `README.md` and pictures into `out`; returns what report.json holds.

    Sections that are not asked for stay as an earlier call wrote them, as long as the corpus is still the same. What
    needs real text is left out where none of the recipe's benchmarks is at hand (`benchmarks`, $CORPUSMITH_BENCHMARKS).

    Raises UserError when there is nothing to build from, or a library that a section needs is not installed.
    """
    if unknown := sorted(set(only) - set(SECTIONS)):
        raise UserError(f"no section {', '.join(unknown)}: choose among {', '.join(SECTIONS)}")
    parsed, root = load_recipe(recipe), benchmarks_at_hand(benchmarks)
    with tempfile.TemporaryDirectory(prefix="corpusmith-report-") as scratch:
        work = Path(scratch)
        say(f"{parsed.name}: building the corpus")
        built = build(recipe, work / "corpus", ledger, root)
        document = standing(out, built)

        def keep(name: str, section: dict[str, Any] | None, picture: bytes | None = None) -> None:
            if section is None:
                return
            document["sections"][name] = section
            if picture is not None:
                (out / f"{name}.png").write_bytes(picture)
            write_json(document, out / FILE)

        out.mkdir(parents=True, exist_ok=True)
        corpus = facts.corpus(parsed.name, built, ())
        pictures = figures.dataset_figures(corpus)
        if "acceptance" in only:
            keep("acceptance", report_text.acceptance(built), pictures.get("acceptance.png"))
        if "form" in only:
            keep("form", report_text.form(built), pictures.get("form.png"))
        if "map" in only or "memorisation" in only:
            real = report_text.real_sentences(parsed, root)
            if not real:
                say("  map and memorisation are left out: none of the recipe's benchmarks is at hand")
            else:
                written = report_text.written_sentences(
                    sorted((work / "corpus" / "data" / parsed.name).glob("*.parquet"))
                )
                embed, named = embedder(encoder)
                if "map" in only:
                    say("  embedding sentences for the map")
                    section, points = report_text.sentence_map(written, real, embed)
                    keep("map", {"encoder": named, **section}, report_figures.sentence_map(*points))
                if "memorisation" in only:
                    say("  looking for the nearest benchmark sentences")
                    keep("memorisation", {"encoder": named, **report_text.memorisation(built, written, real, embed)})
    (out / "README.md").write_text(page_of(document, corpus, out), encoding="utf-8")
    return document


def standing(out: Path, built: Mapping[str, Any]) -> dict[str, Any]:
    """The document to fill: what an earlier call wrote of the very same rows, under the facts of this build."""
    kept = (
        "recipe",
        "title",
        "task",
        "fingerprint",
        "content_hash",
        "transcript_sha256",
        "corpusmith_version",
        "teacher",
    )
    document: dict[str, Any] = {key: built[key] for key in kept if key in built}
    document |= {"splits": built["splits"], "sections": {}}
    if (out / FILE).exists():
        earlier = json.loads((out / FILE).read_text(encoding="utf-8"))
        if earlier.get("content_hash") == built["content_hash"]:
            document["sections"] = earlier["sections"]
    return document


def embedder(encoder: str) -> tuple[Callable, str]:
    """The function from sentences to vectors, and what the page calls its encoder."""
    try:
        import sklearn  # noqa: F401  # before sentences are embedded for nothing

        from training.embedder import sentence_embedder
    except ImportError as error:
        raise UserError(f"the map needs {error.name}: pip install 'corpusmith[train,report]'") from None
    return sentence_embedder(encoder), facts.EMBEDDED if encoder == "embedded" else Path(encoder).name


def page_of(document: Mapping[str, Any], corpus: Any, out: Path) -> str:
    drawn = tuple(sorted(path.name for path in out.glob("*.png") if path.stem in document["sections"]))
    return page.render(page.ReportFacts(corpus, document["sections"], figures=drawn))
