"""Run `corpusmith` in a test, in this process or in a child."""

import io
import os
import subprocess
import sys
import traceback
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from corpusmith.cli.main import main

Finished = subprocess.CompletedProcess[str]


def corpusmith(*arguments: object, cwd: Path | None = None, **environment: str) -> Finished:
    """Run a verb in this process, since its imports take seconds."""
    words, status = [*map(str, arguments)], 0
    here, before = Path.cwd(), dict(os.environ)
    out, err = io.StringIO(), io.StringIO()
    os.environ.update(environment)
    os.chdir(cwd or here)
    try:
        with redirect_stdout(out), redirect_stderr(err):
            main([words])
    except SystemExit as ended:
        status = int(ended.code or 0)
    except Exception:
        err.write(traceback.format_exc())
        status = 1
    finally:
        os.chdir(here)
        os.environ.clear()
        os.environ.update(before)
    return subprocess.CompletedProcess(words, status, out.getvalue(), err.getvalue())


def corpusmith_in_child(*arguments: object, **environment: str) -> Finished:
    """Run a verb in a child process, as a shell does."""
    line = [sys.executable, "-m", "corpusmith", *map(str, arguments)]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **environment}
    return subprocess.run(line, env=env, capture_output=True, text=True, check=False)
