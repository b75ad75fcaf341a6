"""`python -m corpusmith` is the command line."""

import os
import sys

# `python -m` puts the current folder first on the import path, where a user's own datasets.py or
# training.py would hide the library of that name. A checkout that is not installed stays on it.
if sys.path[0] == os.getcwd() and not os.path.isdir(os.path.join(sys.path[0], "corpusmith")):
    del sys.path[0]

from corpusmith.cli.main import main

if __name__ == "__main__":
    main()
