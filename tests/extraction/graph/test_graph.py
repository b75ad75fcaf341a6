"""Relations as triples and as one graph."""

import csv
import io
import json

import networkx
import pytest

from corpusmith.extraction.document import Document, Mention, MentionPair
from corpusmith.extraction.graph.network import write_graphml, write_node_link
from corpusmith.extraction.graph.triples import triples_of, write_triples

TEXT = "We saw rats. Zolam inhibits ABC1 & XYZ2. In rats, =zolam interacts with Vermol."


def mention(name: str, label: str, at: int = 0, concept: str | None = None) -> Mention:
    start = TEXT.index(name, at)
    return Mention(start, start + len(name), label, name, 0.9, concept)


MENTIONS = (
    mention("Zolam", "Drug"),
    mention("ABC1", "Gene", concept="HGNC:1"),
    mention("XYZ2", "Gene"),
    mention("zolam", "Drug"),
    mention("Vermol", "Drug"),
)
PAIRS = (
    MentionPair(0, 1, "inhibits", 0.75),
    MentionPair(4, 3, "interacts", 0.5, symmetric=True),
    MentionPair(3, 2, "inhibits", 0.6, across=True),
)
DOCUMENTS = (
    Document("a", TEXT, MENTIONS, PAIRS),
    Document(
        "b",
        TEXT,
        MENTIONS,
        (MentionPair(0, 1, "inhibits", 0.8), MentionPair(3, 4, "interacts", 0.4, True)),
    ),
    Document("c", "Nothing.", ()),
)


def test_triple_has_the_sentence_of_its_pair() -> None:
    first, second, third = triples_of(DOCUMENTS[0])
    assert (first.head, first.type, first.tail, first.score) == ("Zolam", "inhibits", "ABC1", 0.75)
    assert first.evidence == "Zolam inhibits ABC1 & XYZ2." and not first.across
    assert second.evidence == "In rats, =zolam interacts with Vermol." and second.symmetric
    assert third.evidence == "Zolam inhibits ABC1 & XYZ2. In rats, =zolam interacts with Vermol."
    assert third.across
    for triple in (first, second, third):
        assert TEXT[triple.head_start : triple.head_end] == triple.head
        assert TEXT[triple.tail_start : triple.tail_end] == triple.tail
        start = triple.evidence_start
        assert TEXT[start : start + len(triple.evidence)] == triple.evidence


def test_triples_are_a_row_of_csv_each() -> None:
    file = io.StringIO()
    write_triples(iter(DOCUMENTS), file)
    rows = list(csv.DictReader(io.StringIO(file.getvalue())))
    found = [(row["head"], row["type"], row["tail"], row["document"]) for row in rows]
    assert found == [
        ("Zolam", "inhibits", "ABC1", "a"),
        ("Vermol", "interacts", "zolam", "a"),
        ("zolam", "inhibits", "XYZ2", "a"),
        ("Zolam", "inhibits", "ABC1", "b"),
        ("zolam", "interacts", "Vermol", "b"),
    ]
    assert [row["across"] for row in rows] == ["false", "false", "true", "false", "false"]
    assert rows[0]["tail_id"] == "HGNC:1"


def graphs() -> list[networkx.MultiDiGraph]:
    """The graph as networkx reads it from node-link JSON and from GraphML."""
    file = io.StringIO()
    write_node_link(iter(DOCUMENTS), file)
    linked = networkx.node_link_graph(json.loads(file.getvalue()), edges="edges")
    file = io.StringIO()
    write_graphml(iter(DOCUMENTS), file)
    drawn = networkx.read_graphml(io.BytesIO(file.getvalue().encode()), force_multigraph=True)
    return [linked, drawn]


@pytest.mark.parametrize("number", [0, 1], ids=["node-link", "graphml"])
def test_graph_merges_names_and_keeps_directions(number: int) -> None:
    graph = graphs()[number]
    name = networkx.get_node_attributes(graph, "name")
    assert sorted(name.values()) == ["ABC1", "Vermol", "XYZ2", "Zolam"]
    edges = {
        (name[head], facts["type"], name[tail]): facts
        for head, tail, facts in graph.edges(data=True)
    }
    assert set(edges) == {
        ("Zolam", "inhibits", "ABC1"),
        ("Vermol", "interacts", "Zolam"),
        ("Zolam", "inhibits", "XYZ2"),
    }
    inhibits = edges["Zolam", "inhibits", "ABC1"]
    interacts = edges["Vermol", "interacts", "Zolam"]
    assert (inhibits["count"], inhibits["score"], inhibits["symmetric"]) == (2, 0.8, False)
    assert (interacts["count"], interacts["symmetric"]) == (2, True)


def test_node_link_has_all_evidence_and_graphml_the_best() -> None:
    linked, drawn = graphs()
    pieces = {
        facts["type"]: facts["evidence"]
        for *_, facts in linked.edges(data=True)
        if facts["count"] == 2
    }
    assert [piece["document"] for piece in pieces["inhibits"]] == ["a", "b"]
    assert pieces["inhibits"][0]["sentence"] == "Zolam inhibits ABC1 & XYZ2."
    assert {facts["evidence"] for *_, facts in drawn.edges(data=True)} >= {
        "Zolam inhibits ABC1 & XYZ2."
    }
