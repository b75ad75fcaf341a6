"""Start Python modules in child processes that import nothing from the current folder."""

import os
import subprocess
import sys
from collections.abc import Mapping

from corpusmith.errors import UserError

# `python -m` and `python -c` put the current folder first on the import path, where a user's own
# training.py or datasets.py would hide the real module. PYTHONSAFEPATH stops that from 3.11 on;
# this start does so on 3.10 too.
_START = (
    "import sys; sys.path[:] = [folder for folder in sys.path if folder]; del sys.argv[0]; "
    "import runpy; runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)"
)
SAFE_PATH = {"PYTHONSAFEPATH": "1"}  # for the environment: grandchildren start safely too


def module_command(module: str, *arguments: object) -> list[str]:
    """The command line that runs `python -m module`, without the current folder on its path."""
    return [sys.executable, "-c", _START, module, *map(str, arguments)]


def environment(**more: str) -> dict[str, str]:
    """The environment of a verb that runs in a process of its own."""
    return {**os.environ, **SAFE_PATH, "HF_HUB_DISABLE_PROGRESS_BARS": "1", **more}


def silence_libraries() -> None:
    """Turn off the progress bars and advice of libraries that are not imported yet."""
    for name in ("HF_HUB_DISABLE_PROGRESS_BARS", "HF_DATASETS_DISABLE_PROGRESS_BARS"):
        os.environ.setdefault(name, "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")


def run_verb(*arguments: object, env: Mapping[str, str]) -> None:
    """Run a verb in a new process, since torch and the Hub's address are configured at start-up.

    Raises:
        UserError: when the verb fails.
    """
    words = list(map(str, arguments))
    line = module_command("corpusmith", *words)
    finished = subprocess.run(line, env=dict(env), check=False)
    if finished.returncode:
        raise UserError(
            f"`corpusmith {' '.join(words)}` failed with status {finished.returncode}; "
            "its message is above"
        )
