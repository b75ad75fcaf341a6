import json
from pathlib import Path

from corpusmith.corpus.rows import RowWriter
from corpusmith.corpus.scale.answers import read_answer
from corpusmith.recipe.load import load_recipe
from corpusmith.teacher.payload import payload_key


def test_imported_answer_with_lone_surrogate_is_rejected(
    small_recipe: Path, tmp_path: Path
) -> None:
    writer = RowWriter(load_recipe(str(small_recipe)), tmp_path)
    request = writer.plan.request(0)
    key = payload_key(request.payload)
    text = "Carriers of \ud83d were well."
    answer = read_answer(json.dumps({"index": 0, "key": key[:16], "text": text}), key)
    assert answer is not None
    assert not list(writer.judge([(request, answer)]))
    (row,) = [
        json.loads(line)
        for line in (tmp_path / "rejected.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert row["reason"] == "control character" and row["answer"] == text.replace(
        "\ud83d", "\ufffd"
    )
