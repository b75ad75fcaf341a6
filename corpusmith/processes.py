"""Start Python modules in child processes that import nothing from the current folder."""

import sys

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
