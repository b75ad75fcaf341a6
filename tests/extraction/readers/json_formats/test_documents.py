import json

import pytest

from corpusmith.errors import UserError
from corpusmith.extraction.readers.json_formats.documents import read_json_documents
from corpusmith.text_files import TextFile


def read(tmp_path, content: str | bytes):
    path = tmp_path / "a.jsonl"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(read_json_documents(TextFile.of(path)))


def found(document) -> list[tuple[str, str]]:
    return [(m.label, document.text[m.start : m.end]) for m in document.mentions]


TEXT = "Mild ague rose."
ROW = '{"id": "1", "tokens": ["Mild", "ague"], "ner_tags": ["O", "B-D"]}'


@pytest.mark.parametrize(
    "row",
    [
        {"text": TEXT, "label": [[5, 9, "D"]]},
        {"text": TEXT, "labels": [[5, 9, "D"]]},
        {
            "text": TEXT,
            "entities": [{"label": "D", "start_offset": 5, "end_offset": 9}],
            "relations": [],
        },
        {
            "text": TEXT,
            "spans": [{"start": 5, "end": 9, "label": "D"}],
            "answer": "accept",
            "tokens": [{"text": "Mild", "start": 0, "end": 4, "id": 0}],
        },
        {"text": TEXT, "entities": [[5, 9, "D"]], "answer": "yes"},  # a column of the user's
        {"text": TEXT, "ents": [{"start": 5, "end": 9, "label": "D"}], "tokens": []},
        {
            "data": {"text": TEXT},
            "annotations": [
                {"result": [{"value": {"start": 5, "end": 9, "text": "ague", "labels": ["D"]}}]}
            ],
        },
        {"tokenized_text": ["Mild", "ague", "rose."], "ner": [[1, 1, "D"]]},
        {
            "paragraphs": [
                {
                    "raw": TEXT,
                    "sentences": [
                        {
                            "tokens": [
                                {"orth": "Mild", "ner": "O"},
                                {"orth": "ague", "ner": "U-D"},
                                {"orth": "rose", "ner": "O"},
                            ]
                        }
                    ],
                }
            ]
        },
        {
            "passages": [
                {
                    "offset": 0,
                    "text": TEXT,
                    "annotations": [
                        {
                            "text": "ague",
                            "infons": {"type": "D"},
                            "locations": [{"offset": 5, "length": 4}],
                        }
                    ],
                }
            ]
        },
        {"tokens": ["Mild", "ague", "rose."], "tags": ["O", "S-D", "O"]},
    ],
)
def test_exports_of_other_tools_are_read(tmp_path, row):
    (document,) = read(tmp_path, json.dumps(row))
    assert (document.text, found(document)) == (TEXT, [("D", "ague")])


@pytest.mark.parametrize(
    "content",
    [
        ROW,
        "\ufeff" + ROW + "\r\n",
        f"[{ROW}]",
        json.dumps(json.loads(ROW), indent=1),
        json.dumps([json.loads(ROW)], indent=1),
        ROW.encode("utf-16"),
        "\n\n" + ROW + "\n\n",
    ],
)
def test_layouts_of_json_are_read(tmp_path, content):
    (document,) = read(tmp_path, content)
    assert (document.id, document.tokens, document.tags) == ("1", ("Mild", "ague"), ("O", "B-D"))


def test_utf16_offsets_of_label_studio_are_converted(tmp_path):
    value = {"start": 3, "end": 7, "text": "ague", "labels": ["D"]}
    task = {"data": {"text": "\U0001f9ea ague"}, "annotations": [{"result": [{"value": value}]}]}
    (document,) = read(tmp_path, json.dumps(task))
    assert found(document) == [("D", "ague")]


UTF16 = [
    {"start": 5, "end": 9, "text": "ague", "labels": ["D"]},
    {"start": 14, "end": 18, "text": "gout", "labels": ["D"]},
]


@pytest.mark.parametrize("without", [[], [0], [1], [0, 1]])
@pytest.mark.parametrize("json_min", [False, True])
def test_label_studio_offsets_without_text_are_utf16_too(tmp_path, without, json_min):
    """A region that states no text is converted like one that does."""
    regions = [{k: r[k] for k in r if k != "text" or n not in without} for n, r in enumerate(UTF16)]
    text = "\U0001f9ea\U0001f9ea ague and gout"
    task = {"data": {"text": text}, "annotations": [{"result": [{"value": r} for r in regions]}]}
    row = {"id": 7, "text": text, "label": regions, "annotator": 1} if json_min else task
    (document,) = read(tmp_path, json.dumps(row))
    assert found(document) == [("D", "ague"), ("D", "gout")]
    assert [m.text for m in document.mentions] == ["ague", "gout"]


def test_span_without_text_turns_no_check_off(tmp_path):
    spans = [{"start": 1, "end": 5, "label": "D", "text": "Gout"}, [5, 8, "D"]]
    with pytest.raises(UserError, match="line 1: 'Gout' is not the text from 1 to 5"):
        read(tmp_path, json.dumps({"text": "Gout and ague", "entities": spans}))
    spans = [{"start": 0, "end": 4, "label": "D", "text": "Gout"}, [9, 99, "D"]]
    with pytest.raises(UserError, match="an entity from 9 to 99 does not lie in the text"):
        read(tmp_path, json.dumps({"text": "Gout and ague", "entities": spans}))


def test_rejected_texts_of_prodigy_are_left_out(tmp_path):
    rows = [
        {"text": TEXT, "spans": [], "answer": answer} for answer in ("accept", "reject", "ignore")
    ]
    assert len(read(tmp_path, "\n".join(map(json.dumps, rows)))) == 1


def test_accepted_text_of_prodigy_without_spans_holds_no_entity(tmp_path):
    tokens = [{"text": "Mild", "start": 0, "end": 4, "id": 0}]
    (document,) = read(tmp_path, json.dumps({"text": TEXT, "tokens": tokens, "answer": "accept"}))
    assert (document.text, document.mentions) == (TEXT, ())


def test_named_column_that_a_row_lacks_leaves_its_own(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"Note": "one"}\n{"text": "two"}\n')
    found = read_json_documents(TextFile.of(tmp_path / "a.jsonl"), {"text": "Note"})
    assert [document.text for document in found] == ["one", "two"]


def test_lone_surrogate_is_replaced_and_offsets_are_kept(tmp_path):
    (document,) = read(tmp_path, '{"id":"1","tokens":["a\\ud83d","ague"],"ner_tags":["O","B-D"]}')
    assert (document.text, found(document)) == ("a\ufffd ague", [("D", "ague")])


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ('{"tokens": ["a"], "ner_tags": ["D"]}', "line 1: 'D' is no BIO tag; write O, or a prefix"),
        (
            '{"tokens": ["a"], "ner_tags": [""]}',
            "line 1: '' is no BIO tag; write O for a word outside",
        ),
        ('{"tokens": ["a"], "ner_tags": [1]}', "line 1: 1 is no BIO tag; a number has no name"),
        ('{"tokens": ["a"], "ner_tags": ["o"]}', "line 1: 'o' is no BIO tag"),
        ('{"tokens": ["a"], "ner_tags": ["B_D"]}', "line 1: 'B_D' is no BIO tag"),
        ('{"tokens": ["a"], "ner_tags": "O"}', "line 1: tags must be a list"),
        ('{"tokens": "a", "ner_tags": ["O"]}', "line 1: tokens must be a list of words"),
        (
            '{"tokens": ["a", null], "ner_tags": ["O", "O"]}',
            "line 1: tokens must be a list of words, not None",
        ),
        ('{"tokens": ["a"], "ner_tags": ["O", "O"]}', "line 1: 1 tokens and 2 tags"),
        (ROW + "\n{", "line 2: not JSON"),
        (ROW + "\n[1]", "line 2: not a JSON object but list"),
        ('{"score": NaN, "label": 1}', "not JSON"),
        ("{\n", "line [12]: not JSON"),
        (
            '{"text": "ague", "entities": [[2, 9, "D"]]}',
            "line 1: an entity from 2 to 9 does not lie in the text",
        ),
        (
            '{"text": "ague", "entities": [{"start": 0, "end": 4, "label": "D", "text": "gout"}]}',
            "line 1: 'gout' is not the text",
        ),
        (
            '{"data": {"text": "a"}, "annotations": [{"result": []}, {"result": []}]}',
            "2 annotations of one task",
        ),
        ('{"tokenized_text": ["a"], "ner": [[0, 1, "D"]]}', "line 1: .* lies outside the text"),
        ('{"paragraphs": [{"qas": [], "context": "a"}]}', "line 1: paragraphs without sentences"),
        (
            '{"data": {"text": "a"}, "annotations": [1]}',
            "line 1: 1 is no annotation but its number",
        ),
        ('{"id": 4}', "line 1: no tokens and no text"),
        ('{"text": "a", "label": 1}'.encode("utf-16-le"), "zero bytes"),
        ('{"text": "caf\xe9"}'.encode("latin-1"), "line 1: not UTF-8; save it as UTF-8"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_invalid_rows_are_refused(tmp_path, content, problem):
    with pytest.raises(UserError, match=f"a.jsonl.*{problem}"):
        read(tmp_path, content)
