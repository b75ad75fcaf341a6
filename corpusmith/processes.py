"""Start Python modules in child processes that import nothing from the current folder."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

from corpusmith.errors import UserError

# `python -m` and `python -c` put the current folder first on the import path, where a user's own
# training.py or datasets.py would hide the real module. PYTHONSAFEPATH stops that from 3.11 on;
# `_START` does so on 3.10 too.
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


def run_verbs(lines: Sequence[Sequence[object]], env: Mapping[str, str]) -> None:
    """Run verbs one after the other in one new process. New, because torch and the Hub's address
    are configured at start-up; one, because importing torch takes seconds.

    Raises:
        UserError: when one fails. Those after it are not run.
    """
    if not lines:
        return
    words = [list(map(str, line)) for line in lines]
    command = module_command("corpusmith.verbs", json.dumps(words))
    finished = subprocess.run(command, env=dict(env), check=False)
    if finished.returncode:
        verbs = ", ".join(f"`corpusmith {' '.join(line)}`" for line in words)
        which = "" if len(words) == 1 else "one of "
        raise UserError(
            f"{which}{verbs} failed with status {finished.returncode}; its message is above"
        )
