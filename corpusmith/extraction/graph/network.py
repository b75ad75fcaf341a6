"""One graph of the relations of all documents, as GraphML or node-link JSON.

A node is a concept id, or else a label and a name without regard to case. An edge is a type from
head to tail with its evidence: a document, a sentence and a score for each time it was found. The
nodes of a symmetric type are in alphabetical order, so that both orders are one edge.
"""

import json
from dataclasses import dataclass, field
from typing import IO, Any

from corpusmith.extraction.graph.triples import Triple, triples_of
from corpusmith.extraction.writers.streamed import Documents, xml

GRAPHML = "http://graphml.graphdrawing.org/xmlns"
NODE_FACTS = {"name": "string", "label": "string", "concept_id": "string"}
EDGE_FACTS = {
    "type": "string",
    "symmetric": "boolean",
    "count": "int",
    "documents": "int",
    "score": "double",
    "evidence": "string",
}


@dataclass
class Edge:
    """The evidence of one head, type and tail."""

    head: str
    type: str
    tail: str
    symmetric: bool
    evidence: list[dict[str, Any]] = field(default_factory=list)

    @property
    def best(self) -> dict[str, Any]:
        """The piece of evidence with the highest score."""
        return max(self.evidence, key=lambda piece: piece["score"] or 0.0)


@dataclass
class Network:
    """Nodes and edges in the order in which they were found. All of them are held in memory."""

    nodes: dict[str, dict[str, str]] = field(default_factory=dict)
    edges: dict[tuple[str, str, str], Edge] = field(default_factory=dict)

    @classmethod
    def of(cls, documents: Documents) -> "Network":
        """The graph of all relations of the documents."""
        network = cls()
        for document in documents:
            for triple in triples_of(document):
                network.add(triple)
        return network

    def add(self, triple: Triple) -> None:
        """Add a relation to its edge, and its names if they are new."""
        head = self._node(triple.head, triple.head_label, triple.head_id)
        tail = self._node(triple.tail, triple.tail_label, triple.tail_id)
        if triple.symmetric:
            head, tail = sorted((head, tail))
        edge = Edge(head, triple.type, tail, triple.symmetric)
        self.edges.setdefault((head, triple.type, tail), edge).evidence.append(
            {
                "document": triple.document,
                "score": triple.score,
                "sentence": triple.evidence,
                "across": triple.across,
                "head": [triple.head_start, triple.head_end],
                "tail": [triple.tail_start, triple.tail_end],
            }
        )

    def _node(self, name: str, label: str, concept_id: str) -> str:
        spoken = " ".join(name.split())
        key = concept_id or f"{label}:{spoken.casefold()}"
        self.nodes.setdefault(key, {"name": spoken, "label": label, "concept_id": concept_id})
        return key


def write_node_link(documents: Documents, file: IO[str]) -> None:
    """Node-link JSON as `networkx.node_link_graph` reads it, with all evidence."""
    network = Network.of(documents)
    content = {
        "directed": True,
        "multigraph": True,
        "graph": {},
        "nodes": [{"id": key, **facts} for key, facts in network.nodes.items()],
        "edges": [
            {
                "source": edge.head,
                "target": edge.tail,
                "key": edge.type,
                "type": edge.type,
                "symmetric": edge.symmetric,
                "count": len(edge.evidence),
                "score": edge.best["score"],
                "evidence": edge.evidence,
            }
            for edge in network.edges.values()
        ],
    }
    json.dump(content, file, ensure_ascii=False, indent=1)
    file.write("\n")


def write_graphml(documents: Documents, file: IO[str]) -> None:
    """GraphML, for Gephi, Cytoscape and yEd: of each edge the evidence with the best score.

    Edges of symmetric types are marked and directed too: most tools read no mixed graph.
    """
    network = Network.of(documents)
    file.write(f'<?xml version="1.0" encoding="UTF-8"?>\n<graphml xmlns="{GRAPHML}">\n')
    for domain, facts in (("node", NODE_FACTS), ("edge", EDGE_FACTS)):
        for name, kind in facts.items():
            named = f'id="{domain}-{name}" for="{domain}" attr.name="{name}"'
            file.write(f'<key {named} attr.type="{kind}"/>\n')
    file.write('<graph edgedefault="directed">\n')
    number = {key: f"n{i}" for i, key in enumerate(network.nodes)}
    for key, node in network.nodes.items():
        file.write(f'<node id="{number[key]}">{data("node", node)}</node>\n')
    for i, edge in enumerate(network.edges.values()):
        values = {
            "type": edge.type,
            "symmetric": str(edge.symmetric).lower(),
            "count": len(edge.evidence),
            "documents": len({piece["document"] for piece in edge.evidence}),
            "score": edge.best["score"],
            "evidence": edge.best["sentence"],
        }
        file.write(
            f'<edge id="e{i}" source="{number[edge.head]}" target="{number[edge.tail]}">'
            f"{data('edge', values)}</edge>\n"
        )
    file.write("</graph>\n</graphml>\n")


def data(domain: str, values: dict[str, Any]) -> str:
    """The data elements of a node or an edge, without empty ones."""
    return "".join(
        f'<data key="{domain}-{name}">{xml(str(value))}</data>'
        for name, value in values.items()
        if value not in (None, "")
    )
