"""The Python program of the README runs as it is printed, with a local endpoint and Hub."""

import re
from pathlib import Path

import pytest

from tests.teacher.fake_teacher import FakeTeacher

README = Path(__file__).parents[2] / "README.md"


def answer(payload: dict) -> str:
    """A sentence of its own that holds the quoted names of the prompt."""
    names = re.findall(r'"([^"]+)"', payload["messages"][-1]["content"])
    number = payload["seed"] % 1000
    held = " and ".join(names) or "nothing"
    return f"Region {number} of {3 * number + 7} persons held {held} in {number + 5} of them."


@pytest.mark.slow
def test_python_program_of_readme_runs(
    tmp_path: Path, hub: str, encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "devices.txt").write_text("\n".join(f"device {i}" for i in range(40)))
    (program,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    with FakeTeacher(faults=0.0, write=answer).serve() as url:
        for printed, local in (
            ("http://127.0.0.1:8000/v1", url),
            ("http://127.0.0.1:8788", hub),
            ("you/", "local/"),
            ('out="student"', f'out="student", encoder={str(encoder)!r}, config={{"epochs": 1}}'),
        ):
            assert printed in program
            program = program.replace(printed, local)
        exec(compile(program, "README.md", "exec"), {})
    assert (tmp_path / "corpus" / "build.json").exists()
    assert (tmp_path / "student" / "model.safetensors").exists()
