"""Run several verbs in one process, so that torch is imported once (`processes.run_verbs`).

python -m corpusmith.verbs '[["train", "corpus", "--out", "model"], ["export", "model"]]'
"""

import json
import sys

from corpusmith.cli.main import main

if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
