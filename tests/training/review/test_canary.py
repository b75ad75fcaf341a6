"""Words of the documents lie only where a person asked for them."""

import json
import subprocess
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.fixtures import offline
from tests.fixtures.offline import CANARY


def test_review_keeps_words_in_its_own_folder(student: Path, tmp_path: Path) -> None:
    home, notes = tmp_path / "home", tmp_path / f"{CANARY}.txt"
    notes.write_text("\n\n".join(f"{CANARY} patient {i} has gout today." for i in range(12)))
    environment = offline.environment(home)
    options = ["--documents", notes, "--out", home / "review", "--json", home / "figures.json"]
    line = offline.command(home, "review", student, *options)
    process = subprocess.Popen(
        line, env=environment, cwd=home, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    shown = []
    for output in process.stdout:
        shown.append(output)
        if output.startswith("Open "):
            break
    address = urlsplit(shown[-1].split()[1])
    connection = HTTPConnection("127.0.0.1", address.port or 0, timeout=60)
    headers = {"X-Key": parse_qs(address.query)["key"][0]}
    for number in range(1, 13):
        connection.request(
            "POST",
            "/sentence",
            json.dumps({"id": str(number), "spans": [[3, 4, "Disease"]]}),
            headers,
        )
        assert connection.getresponse().read() == b'{"done": %d}' % number
    connection.request("POST", "/finish", "{}", headers)
    connection.getresponse().read()
    rest, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    assert "12 sentences corrected by a person" in rest
    assert CANARY not in "".join(shown) + rest + errors
    assert not offline.betraying(home, home / "review")


def test_assisted_extraction_keeps_words_in_its_output(student: Path, tmp_path: Path) -> None:
    home, notes, words = tmp_path / "home", tmp_path / "notes.txt", tmp_path / "words.txt"
    notes.write_text(f"{CANARY} was seen with gout.")
    words.write_text("gout\n")
    environment = offline.environment(home)
    options = ["--assist", f"Disease={words}", "--out", home / "found.jsonl"]
    line = offline.command(home, "extract", student, notes, *options)
    done = subprocess.run(line, env=environment, cwd=home, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert CANARY in (home / "found.jsonl").read_text()
    assert CANARY not in done.stdout + done.stderr
    assert not offline.betraying(home, home / "found.jsonl")
