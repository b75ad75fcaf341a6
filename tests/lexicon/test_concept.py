import gzip
import json
import random
from pathlib import Path

import pytest

from builders.compile_lexicons import headings
from corpusmith.errors import UserError
from corpusmith.lexicon.concept import Concept, Sampler
from corpusmith.lexicon.load import load_lexicon
from corpusmith.lexicon.matcher import Matcher


def test_shipped_lexicons_have_enough_names_licence_and_unique_ids() -> None:
    assert load_lexicon("disease").name_count >= 10_000
    assert load_lexicon("chemical").name_count >= 5_000
    assert load_lexicon("gene").name_count >= 10_000
    for name in ("disease", "chemical", "gene", "heading"):
        lexicon = load_lexicon(name)
        assert lexicon.license and lexicon.attribution and lexicon.version
        assert len({concept.id for concept in lexicon.concepts}) == len(lexicon.concepts)


def test_inverted_names_are_put_in_natural_order() -> None:
    names = {name for concept in load_lexicon("disease").concepts for name in concept.names}
    assert {"breast neoplasm", "congenital hemolytic anemia"} <= names
    assert not {"neoplasm, breast", "anemia, hemolytic, congenital"} & names


def test_headings_exclude_diseases_and_chemicals(tmp_path: Path) -> None:
    table = tmp_path / "mesh.tsv"
    rows = [
        (
            "D1",
            "Myocytes, Cardiac",
            "Cardiac Myocyte|Cell of the Heart Muscle Wall",
            "A11.620.500|A02.1",
        ),
        ("D2", "Gout", "", "C05.550.354"),
        ("D3", "Gout Clinics", "Clinics, Rheumatic", "N02.278"),
        ("D4", "Candida albicans", "Candida stellatoidea", "B01.300"),
        ("D5", "Aspirin", "", "D02.455"),
    ]
    table.write_text("".join("\t".join(row) + "\t\n" for row in rows))
    found = {concept.id: concept for concept in headings(table, [Matcher([("gout", "MESH:D2")])])}
    assert found["MESH:D1"].names == ("cardiac myocytes", "cardiac myocyte")
    assert found["MESH:D3"].names == ("rheumatic clinics",)
    assert found["MESH:D4"].names == ("Candida albicans", "Candida stellatoidea")
    assert found["MESH:D4"].weight < found["MESH:D1"].weight
    assert found.keys() == {"MESH:D1", "MESH:D3", "MESH:D4"}


def test_concepts_are_drawn_in_proportion_to_weight() -> None:
    sampler = Sampler([Concept("a", ("a",), weight=9), Concept("b", ("b",), weight=1)])
    rng = random.Random(0)
    drawn = [sampler.draw(rng).id for _ in range(2000)]
    assert 0.87 < drawn.count("a") / len(drawn) < 0.93


def test_folds_partition_the_concepts() -> None:
    lexicon = load_lexicon("chemical")
    folds = [lexicon.of_folds([fold]) for fold in range(10)]
    assert sum(map(len, folds)) == len(lexicon.of_folds(range(10)))
    assert min(map(len, folds)) > 0.05 * len(lexicon.concepts)


def test_obo_and_obo_json_give_the_same_concepts(tmp_path: Path) -> None:
    obo = (
        "format-version: 1.2\n\n[Term]\nid: X:1\nname: gout\n"
        'synonym: "uric acid arthritis" EXACT []\n'
        'synonym: "arthritis" BROAD []\nis_a: X:9 ! arthritis\n\n'
        "[Term]\nid: X:2\nname: old\nis_obsolete: true\n"
    )
    graph = {
        "graphs": [
            {
                "nodes": [
                    {
                        "id": "http://purl.obolibrary.org/obo/X_1",
                        "lbl": "gout",
                        "type": "CLASS",
                        "meta": {
                            "synonyms": [
                                {"pred": "hasExactSynonym", "val": "uric acid arthritis"},
                                {"pred": "hasBroadSynonym", "val": "arthritis"},
                            ]
                        },
                    },
                    {
                        "id": "http://purl.obolibrary.org/obo/X_2",
                        "lbl": "old",
                        "type": "CLASS",
                        "meta": {"deprecated": True},
                    },
                ],
                "edges": [
                    {
                        "sub": "http://purl.obolibrary.org/obo/X_1",
                        "pred": "is_a",
                        "obj": "http://purl.obolibrary.org/obo/X_9",
                    }
                ],
            }
        ]
    }
    (tmp_path / "x.obo").write_text(obo, encoding="utf-8")
    with gzip.open(tmp_path / "x.json.gz", "wt", encoding="utf-8") as out:
        json.dump(graph, out)
    expected = (Concept("X:1", ("gout", "uric acid arthritis"), ("X:9",)),)
    assert load_lexicon(str(tmp_path / "x.obo")).concepts == expected
    assert load_lexicon(str(tmp_path / "x.json.gz")).concepts == expected


def test_word_list_is_read_as_lexicon(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text(
        "# devices\npacemaker|cardiac pacemaker\n\nstent\n", encoding="utf-8"
    )
    assert [concept.names for concept in load_lexicon(str(tmp_path / "words.txt")).concepts] == [
        ("pacemaker", "cardiac pacemaker"),
        ("stent",),
    ]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.tsv", "id\tlabel\n1\tx\n", "must have the columns"),
        (
            "b.tsv",
            "concept_id\tname\tsynonyms\ttypes\tweight\nX\tx\t\t\theavy\n",
            "b.tsv line 2: weight 'heavy'",
        ),
        ("c.json", "[]", "not an OBO graph"),
        ("d.xlsx", "", "ending"),
        ("e.txt", "# nothing\n", "holds no concept"),
    ],
)
def test_error_for_bad_lexicon_names_place(
    tmp_path: Path, name: str, content: str, message: str
) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=message):
        load_lexicon(str(tmp_path / name))


def test_error_names_missing_lexicon() -> None:
    with pytest.raises(UserError, match=r"nowhere\.tsv cannot be read"):
        load_lexicon("nowhere.tsv")
