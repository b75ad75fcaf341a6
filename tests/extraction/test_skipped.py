"""What --skip-bad leaves out: the bad document alone, where the file can be read on."""

import json

import pytest

from corpusmith.extraction.readers.read import Reading
from corpusmith.extraction.sources import every_document, sources

HEAD = "id,start,end,label,mention,text\n"
OFFSETS = ((1, 0), (2, 9), (3, 0))  # of the mention in three documents; the second is wrong
BIOC = (
    "<document><id>{0}</id><passage><offset>0</offset><text>Gout</text><annotation id='a'>"
    "<infon key='type'>D</infon><location offset='{1}' length='4'/><text>Gout</text></annotation>"
    "</passage></document>"
)
BIOC_JSON = [
    {
        "id": n,
        "passages": [
            {
                "offset": 0,
                "text": "Gout",
                "annotations": [
                    {
                        "text": "Gout",
                        "infons": {"type": "D"},
                        "locations": [{"offset": at, "length": 4}],
                    }
                ],
            }
        ],
    }
    for n, at in OFFSETS
]
TAGGED = [{"id": n, "tokens": ["Gout"], "ner_tags": [tag]} for n, tag in ((1, "B-D"), (3, "O"))]


def read(folder, name: str, content: str) -> tuple[list[str | None], list[str]]:
    (folder / name).write_text(content, encoding="utf-8")
    listed = sources([str(folder / name)], Reading())
    skipped: list[str] = []
    found = every_document(listed, Reading(), lambda error: skipped.append(str(error)))
    return [document.id for document in found], skipped


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        (
            "a.pubtator",
            "".join(f"{n}|t|Gout\n{n}\t{at}\t4\tGout\tD\n\n" for n, at in ((1, 0), (2, 1), (3, 0))),
            "line 5: 'Gout' is not the text",
        ),
        ("a.pubtator", "1|t|Gout\n2|t|Ague\nno entity\n3|t|Gout\n", "line 3: no tabs"),
        (
            "a.csv",
            HEAD + "1,0,4,D,Gout,Gout\n2,1,4,D,Gout,Gout\n3,0,4,D,Gout,Gout\n",
            "row 3: 'Gout' is not the text",
        ),
        ("a.csv", "id,text,category\n1,Gout,a\n2,,a\n3,Gout,b\n", "row 3: no text"),
        (
            "a.xml",
            f"<collection>{''.join(BIOC.format(n, at) for n, at in OFFSETS)}</collection>",
            "document 2: an entity from 9 to 13 is outside",
        ),
        (
            "a.json",
            json.dumps({"documents": BIOC_JSON}),
            "document 2: an entity from 9 to 13 is outside",
        ),
        (
            "a.jsonl",
            "\n".join(map(json.dumps, [TAGGED[0], {**TAGGED[0], "ner_tags": ["d"]}, TAGGED[1]])),
            "line 2: 'd' is no BIO tag",
        ),
    ],
)
def test_documents_after_a_bad_one_are_read(tmp_path, name, content, problem):
    found, skipped = read(tmp_path, name, content)
    assert found == ["1", "3"]
    assert len(skipped) == 1 and problem in skipped[0] and "left out" not in skipped[0]


@pytest.mark.parametrize("first", ['{"text": ', "5", '"Gout"'])
def test_broken_first_line_of_json_lines_is_left_out_alone(tmp_path, first):
    found, skipped = read(
        tmp_path, "a.jsonl", first + '\n\n{"id": 2, "text": "Gout"}\n{"text": "Ague"}'
    )
    assert found == ["2", "a-3"]
    assert len(skipped) == 1 and "a.jsonl, line 1: not" in skipped[0]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('[{"text": "a"},\n{"text": "b"}\n]', ["a-1", "a-2"]),
        ('[\n{"text": "a"}\n,3,\n{"text": "b"}]', ["a-1", "a-3"]),
        ('{\n"text": "a"}', ["a-1"]),
    ],
)
def test_json_over_several_lines_is_still_one_value(tmp_path, content, expected):
    found, skipped = read(tmp_path, "a.json", content)
    assert found == expected and len(skipped) == content.count("3")


def test_row_after_a_bad_one_keeps_its_number(tmp_path):
    rows = [{"tokens": ["Gout"], "ner_tags": ["O"]}, {"tokens": [1], "ner_tags": ["O"]}]
    content = "\n".join([json.dumps(rows[0]), json.dumps(rows[1]), "{", json.dumps(rows[0])])
    assert read(tmp_path, "a.jsonl", content)[0] == ["a-1", "a-4"]
    assert read(tmp_path, "b.csv", "x,text\n1,one\n2\n3,three\n")[0] == ["b-1", "b-3"]


@pytest.mark.parametrize(
    ("content", "found", "part"),
    [
        ('id,text\n1,one\n2,"two"2\n3,three\n', ["1"], "rest of the"),
        ('id,text\n2,"two"2\n3,three\n', [], "whole"),
    ],
)
def test_message_tells_when_the_rest_of_a_file_is_left_out(tmp_path, content, found, part):
    ids, skipped = read(tmp_path, "a.csv", content)
    assert ids == found and skipped[0].endswith(f"; the {part} file is left out")
