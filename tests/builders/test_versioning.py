import ast
from pathlib import Path

from builders import versioning
from builders.versioning import CODE

HOUSE = Path(versioning.__file__).parent
# What the rows are made of, not made by: the fingerprint has recipe, lexicons and prompts by what is in them, and the
# plan by its requests; answers and their forms, benchmarks and predictions are read.
HASHED_OTHERWISE = {"lexicon.py", "recipe.py", "plan.py", "forms.py", "ledger.py", "benchmarks.py", "predictions.py"}


def imported(name: str) -> set[str]:
    """The files of builders/ that one of them imports."""
    tree = ast.parse((HOUSE / name).read_text(encoding="utf-8"))
    modules = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return {f"{module.removeprefix('builders.')}.py" for module in modules if module.startswith("builders.")}


def test_all_code_that_makes_a_row_is_in_the_fingerprint() -> None:
    made_by = set().union(*map(imported, ("corpus.py", *CODE)))
    assert made_by - HASHED_OTHERWISE <= set(CODE)
