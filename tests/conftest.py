"""Settings of all tests, their order, and a small recipe: eight diseases, four genes."""

import os
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, settings

# Tests read no benchmarks: indexing them takes seconds per build.
os.environ.pop("CORPUSMITH_BENCHMARKS", None)

# No deadline: the duration of an example depends on the machine's load.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

pytest_plugins = [
    "tests.fixtures.growth",
    "tests.fixtures.hub",
    "tests.fixtures.slurm",
    "tests.fixtures.training",
]

# Files of the longest tests. They run first, so that no worker is alone with one at the end.
LONGEST = (
    "test_soak.py",
    "test_cluster.py",
    "test_pipeline.py",
    "test_wheel.py",
    "test_release.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest tests first; the others keep their order."""
    items.sort(
        key=lambda item: (
            LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST)
        )
    )


DISEASES = """concept_id\tname\tsynonyms\ttypes\tweight
D:1\tbreast cancer\tbreast carcinoma|mammary cancer\tC04.588\t4
D:2\tovarian cancer\t\tC04.588\t4
D:3\tWilms tumor\tnephroblastoma|WT\tC04.557\t2
D:4\tataxia telangiectasia\tAT\tC10.228\t1
D:5\tcystic fibrosis\tCF\tC08.381\t1
D:6\tgout\t\tC05.550\t1
D:7\tcolon cancer\t\tC04.588\t1
D:8\tdisease\t\tC23.550\t1
"""
GENES = """concept_id\tname\tsynonyms\ttypes\tweight
G:1\tBRCA1\tbreast cancer 1\tgene\t1
G:2\tWT1\t\tgene\t1
G:3\tCFTR\t\tgene\t1
G:4\tATM\tAT\tgene\t1
"""


@pytest.fixture
def lexicons(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "diseases.tsv").write_text(DISEASES, encoding="utf-8")
    (tmp_path / "genes.tsv").write_text(GENES, encoding="utf-8")
    return {"disease": str(tmp_path / "diseases.tsv"), "gene": str(tmp_path / "genes.tsv")}


@pytest.fixture
def ner_recipe(tmp_path: Path, lexicons: dict[str, str]) -> Path:
    """The path of an NER recipe over those lexicons."""
    recipe = {
        "name": "tiny-disease",
        "title": "Diseases, for tests",
        "task": "ner",
        "labels": {"Disease": "disease"},
        "lexicons": {
            "disease": {"source": lexicons["disease"], "stop": ["disease"]},
            "gene": {"source": lexicons["gene"]},
        },
        "prompt": "ner.v1",
        "attributes": {"section": "sections", "topic": ["heredity"]},
        "kinds": [
            {"name": "mention", "weight": 3, "seeds": ["disease"]},
            {"name": "with gene", "weight": 1, "seeds": ["disease", "gene"]},
            {"name": "no mention", "weight": 2, "avoid": "disease"},
        ],
        "teacher": {"model": "tiny-teacher", "license": "apache-2.0"},
        "rows": 60,
        "seed": 7,
    }
    return dump(tmp_path / "tiny-disease.yaml", recipe)


@pytest.fixture
def relation_recipe(tmp_path: Path, lexicons: dict[str, str]) -> Path:
    """The path of a relation recipe over those lexicons."""
    recipe = {
        "name": "tiny-pairs",
        "title": "Pairs, for tests",
        "task": "relations",
        "relation": {"head": "gene", "tail": "disease"},
        "lexicons": {name: {"source": source} for name, source in lexicons.items()},
        "prompt": "re.v1",
        "attributes": {"statement": ["Say whether they are linked."]},
        "kinds": [
            {"name": "link", "weight": 1, "label": "related", "seeds": ["gene", "disease"]},
            {"name": "none", "weight": 1, "label": "unrelated", "seeds": ["gene", "disease"]},
        ],
        "teacher": {"model": "tiny-teacher"},
        "rows": 40,
    }
    return dump(tmp_path / "tiny-pairs.yaml", recipe)


def dump(path: Path, recipe: dict) -> Path:
    path.write_text(yaml.safe_dump(recipe, sort_keys=False), encoding="utf-8")
    return path
