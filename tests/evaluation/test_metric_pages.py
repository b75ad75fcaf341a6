"""The pages of the metric Spaces. Each starts from a copy of its folder, as on the Hub."""

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("gradio")
pytestmark = pytest.mark.slow
MODULES = Path(__file__).parents[2] / "corpusmith/evaluation/metric_modules"
TAGS = ['[["O", "B-Disease", "I-Disease"]]', '[["O", "B-Disease", "O"]]']
ASKED = {
    "strict_span_f1": (TAGS, {"strict_f1": 0.0, "precision": 0.0, "recall": 0.0}, ["[[", "[]"]),
    "relation_scores": (
        ["[1, 1, 0, 0]", "[0.9, 0.4, 0.6, 0.1]", 0.5],
        {"positive_f1": 50.0, "auroc": 0.75},
        ["[1]", "[]", 0.5],
    ),
}


@pytest.mark.parametrize("name", ASKED)
def test_page_starts_from_its_folder_alone_and_scores(name: str, tmp_path: Path) -> None:
    from gradio_client import Client
    from gradio_client.exceptions import AppError

    folder = shutil.copytree(MODULES / name, tmp_path / name)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "GRADIO_SERVER_PORT": str(port),
        "GRADIO_ANALYTICS_ENABLED": "False",
        "PYTHONPATH": "",
    }
    with (tmp_path / "log").open("w") as log:
        page = subprocess.Popen(
            [sys.executable, "app.py"], cwd=folder, env=environment, stdout=log, stderr=log
        )
    try:
        # No time limit: the suite has no timed assertions, and the loop sees a page that ended.
        while True:
            assert page.poll() is None, (tmp_path / "log").read_text()
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.2)
        client = Client(f"http://127.0.0.1:{port}", verbose=False)
        arguments, scores, wrong = ASKED[name]
        assert scores.items() <= client.predict(*arguments, api_name="/score").items()
        with pytest.raises(AppError, match="Give"):
            client.predict(*wrong, api_name="/score")
    finally:
        page.kill()
        page.wait()
