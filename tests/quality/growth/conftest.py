"""Growth reads every recorded answer that ships. For tests, those of one recipe are enough."""

from pathlib import Path

import pytest

from corpusmith.lexicon import recorded


@pytest.fixture(autouse=True)
def recorded_answers_of_one_recipe(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder: Path = tmp_path_factory.mktemp("transcripts")
    shipped = recorded.TRANSCRIPTS / "ncbi-disease.jsonl.gz"
    (folder / shipped.name).symlink_to(shipped)
    monkeypatch.setattr(recorded, "TRANSCRIPTS", folder)
