"""Relations as triples and as one graph."""

import csv
import io
import json

import networkx
import pytest
from hypothesis import given
from hypothesis import strategies as st

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


NAMES = ("Zolam", "Vermol", "ABC1", 'caf\u00e9 <acid> & "salt"', "\u03b1-toxin", "x,y")


@st.composite
def documents(draw: st.DrawFn) -> list[Document]:
    """Documents of a sentence a pair, each pair in a random order, direction and type."""
    found = []
    for number in range(draw(st.integers(1, 3))):
        text, mentions, pairs = "", [], []
        for _ in range(draw(st.integers(0, 4))):
            names = draw(st.lists(st.sampled_from(NAMES), min_size=2, max_size=2, unique=True))
            for name in names:
                text += "So " if name == names[0] else " and "
                end = len(text) + len(name)
                mentions.append(Mention(len(text), end, draw(st.sampled_from("GD")), name))
                text += name
            text += " met. "
            place, turned = len(mentions) - 2, draw(st.booleans())
            kind = draw(st.sampled_from(["raises", "blocks", "meets"]))
            head, tail = (place + turned, place + 1 - turned)
            pairs.append(MentionPair(head, tail, kind, 0.5, symmetric=kind == "meets"))
        found.append(Document(str(number), text, tuple(mentions), tuple(pairs)))
    return found


def key(mention: Mention) -> tuple[str, str]:
    return mention.label, mention.text.casefold()


@given(documents())
def test_no_output_turns_a_pair_round(found: list[Document]) -> None:
    """An edge has its direction in CSV, GraphML and node-link JSON; a symmetric one has both."""
    expected = set()
    for document in found:
        mentions = document.mentions or ()
        for pair in document.relations or ():
            ends = key(mentions[pair.head]), key(mentions[pair.tail])
            expected.add((pair.label, frozenset(ends) if pair.symmetric else ends))

    def seen(type_: str, head: tuple[str, str], tail: tuple[str, str]) -> tuple:
        return type_, frozenset((head, tail)) if type_ == "meets" else (head, tail)

    table = io.StringIO()
    write_triples(iter(found), table)
    rows = list(csv.DictReader(io.StringIO(table.getvalue())))
    texts = {str(document.id): document.text for document in found}
    listed = set()
    for row in rows:
        ends = []
        for side in ("head", "tail"):
            name = texts[row["document"]][int(row[f"{side}_start"]) : int(row[f"{side}_end"])]
            ends.append((row[f"{side}_label"], name.casefold()))
        listed.add(seen(row["type"], *ends))
    assert listed == expected

    for write, read in (
        (write_node_link, lambda text: networkx.node_link_graph(json.loads(text), edges="edges")),
        (
            write_graphml,
            lambda text: networkx.read_graphml(io.BytesIO(text.encode()), force_multigraph=True),
        ),
    ):
        file = io.StringIO()
        write(iter(found), file)
        graph = read(file.getvalue())
        nodes = {
            node: (facts["label"], facts["name"].casefold())
            for node, facts in graph.nodes(data=True)
        }
        edges = {
            seen(facts["type"], nodes[head], nodes[tail])
            for head, tail, facts in graph.edges(data=True)
        }
        assert edges == expected
