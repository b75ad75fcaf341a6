import orjson
from hypothesis import given
from hypothesis import strategies as st

from builders.corpus import string_in

TEXT = st.text(st.characters(exclude_categories=("Cs",))) | st.lists(
    st.sampled_from(['"', "\\", '"text":', "a", "\n", "é"])
).map("".join)


@given(TEXT, TEXT, TEXT)
def test_a_column_is_read_off_a_row_whatever_its_text_and_that_of_others(row_id: str, text: str, prompt: str) -> None:
    row = orjson.dumps({"id": row_id, "text": text, "entities": [{"text": "other"}], "prompt": prompt})
    assert string_in(row, "text") == text
    assert string_in(row, "prompt") == prompt
