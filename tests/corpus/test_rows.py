import gc
from itertools import islice
from pathlib import Path

import orjson
from hypothesis import given
from hypothesis import strategies as st

from corpusmith.corpus.rows import CHUNK, Corpus, string_in
from corpusmith.recipe.load import load_recipe
from corpusmith.teacher.ledger import Answer

TEXT = st.text(st.characters(exclude_categories=("Cs",))) | st.lists(
    st.sampled_from(['"', "\\", '"text":', "a", "\n", "é"])
).map("".join)


@given(TEXT, TEXT, TEXT)
def test_a_column_is_read_off_a_row_whatever_its_text_and_that_of_others(
    row_id: str, text: str, prompt: str
) -> None:
    row = orjson.dumps(
        {"id": row_id, "text": text, "entities": [{"text": "other"}], "prompt": prompt}
    )
    assert string_in(row, "text") == text
    assert string_in(row, "prompt") == prompt


def test_lexicons_are_kept_from_the_collector_until_all_answers_are_judged(
    ner_recipe: Path, tmp_path: Path
) -> None:
    corpus = Corpus(load_recipe(str(ner_recipe)), tmp_path)
    request = corpus.plan.request(0)
    answer = Answer(
        "0",
        f"Patients with {' and '.join(seed.text for seed in request.seeds)} were followed for years.",
    )
    rows = corpus.judge([(request, answer)] * (2 * CHUNK))
    assert len(list(islice(rows, CHUNK))) == CHUNK and not gc.get_freeze_count()
    assert next(rows) and gc.get_freeze_count()
    assert list(rows) and not gc.get_freeze_count()
