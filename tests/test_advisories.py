"""No version that we admit or pin has a hole of the dated list in .ci/advisories.yaml."""

import re
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

REPO = Path(__file__).parents[1]
ADVISORIES = REPO / ".ci/advisories.yaml"
if not ADVISORIES.exists():
    pytest.skip("no .ci: an sdist has none", allow_module_level=True)
LIST: dict[str, Any] = yaml.safe_load(ADVISORIES.read_text(encoding="utf-8"))
FIXED = {name: Version(str(hole["fixed"])) for name, hole in LIST["packages"].items()}
# Those that read what strangers send or publish.
FACED = {"starlette", "transformers", "pyyaml", "gradio", "python-multipart"}


def requirements() -> list[Requirement]:
    """Every requirement of the package, extras included."""
    with (REPO / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    extras = project["optional-dependencies"].values()
    return [Requirement(line) for lines in (project["dependencies"], *extras) for line in lines]


def pins(path: str) -> dict[str, Version]:
    """Pinned versions of a requirements file, by canonical name."""
    found = re.findall(
        r"^([\w.-]+)(?:\[[\w,-]+\])?==(\S+)", (REPO / path).read_text(encoding="utf-8"), re.M
    )
    return {canonicalize_name(name): Version(version) for name, version in found}


def test_lowest_admitted_versions_have_no_listed_hole() -> None:
    asked = [one for one in requirements() if canonicalize_name(one.name) in FIXED]
    assert {canonicalize_name(one.name) for one in asked} >= FACED
    for one in asked:
        floors = [Version(spec.version) for spec in one.specifier if spec.operator == ">="]
        assert max(floors) >= FIXED[canonicalize_name(one.name)], one


@pytest.mark.parametrize("path", ["constraints.txt", "space/requirements.txt"])
def test_pinned_versions_have_no_listed_hole(path: str) -> None:
    found = pins(path)
    assert FIXED.keys() & found.keys() >= {"pyyaml", "gradio"}
    too_old = {
        name: str(found[name]) for name in FIXED if name in found and found[name] < FIXED[name]
    }
    assert not too_old


def test_list_is_dated() -> None:
    assert isinstance(LIST["checked"], date)
