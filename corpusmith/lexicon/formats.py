"""Read external lexicons: TSV, plain word lists, OBO and OBO-JSON, by path, URL or
`hf://datasets/…`.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import fsspec
from fsspec.utils import infer_compression

from corpusmith.errors import UserError
from corpusmith.lexicon.concept import Concept, Lexicon, concept_from_row
from corpusmith.redaction import bare_urls, without_secrets
from corpusmith.text_files import decode

OBO_SYNONYM = re.compile(r'"(?P<name>(?:[^"\\]|\\.)*)"\s+(?P<scope>EXACT|RELATED|NARROW|BROAD)')
OBO_DEFINITION = re.compile(r'"(?P<text>(?:[^"\\]|\\.)*)"')


def load_external(source: str) -> Lexicon:
    """Read a lexicon from a file or an fsspec URL. The suffix gives the format; .gz is unpacked.

    Raises UserError when it cannot be opened, has no known suffix, or holds no concept.
    """
    shown, bare = without_secrets(source), bare_urls(source)
    name = bare.removesuffix(".gz")
    ending = name.rsplit(".", 1)[-1].lower()
    if ending not in READERS:
        raise UserError(
            f"{shown}: no shipped lexicon, and the file's ending is none of .{', .'.join(READERS)}"
        )
    try:
        with fsspec.open(source, "rb", compression=infer_compression(bare)) as file:
            content = file.read()
    except Exception as error:  # each protocol has errors of its own
        said = " ".join(without_secrets(str(error)).split())
        raise UserError(
            f"lexicon {shown} cannot be read ({said}): give a path, a URL, "
            "or hf://datasets/NAMESPACE/NAME/FILE"
        ) from None
    text = decode(content, f"lexicon {shown}", remedy="save it as UTF-8")
    concepts = tuple(READERS[ending](text, shown))
    if not concepts:
        raise UserError(f"lexicon {shown} holds no concept")
    return Lexicon(
        name.rsplit("/", 1)[-1], "unversioned", "unknown", shown.rsplit("/", 1)[-1], concepts
    )


def from_tsv(text: str, source: str) -> Iterator[Concept]:
    """Concepts from tab-separated `concept_id, name[, synonyms][, types][, weight][, definition]`.

    Synonyms and types are lists split by `|`.
    """
    reader = csv.DictReader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE)
    if not {"concept_id", "name"} <= set(reader.fieldnames or ()):
        raise UserError(
            f"{source}: the first line must have the columns concept_id and name, separated by tabs"
        )
    for number, row in enumerate(reader, 2):
        yield concept_from_row(row, f"{source} line {number}")


def from_words(text: str, source: str) -> Iterator[Concept]:
    """One concept per line, its names separated by `|`. Lines that begin with # are comments."""
    for number, line in enumerate(text.splitlines(), 1):
        names = tuple(dict.fromkeys(name.strip() for name in line.split("|") if name.strip()))
        if names and not line.startswith("#"):
            yield Concept(f"word:{number}", names)


def from_obo(text: str, source: str) -> Iterator[Concept]:
    """Terms of an OBO file with their exact synonyms. `is_a` parents are types; obsolete terms are
    dropped.
    """
    for stanza in text.split("\n[")[1:]:
        if not stanza.startswith("Term]"):
            continue
        fields: dict[str, list[str]] = {}
        for line in stanza.splitlines()[1:]:
            key, _, value = line.partition(": ")
            fields.setdefault(key, []).append(value.strip())
        if (
            "true" in fields.get("is_obsolete", ())
            or not fields.get("id")
            or not fields.get("name")
        ):
            continue
        exact = [
            m["name"]
            for m in map(OBO_SYNONYM.match, fields.get("synonym", ()))
            if m and m["scope"] == "EXACT"
        ]
        parents = tuple(parent.split(" ", 1)[0] for parent in fields.get("is_a", ()))
        names = tuple(dict.fromkeys([fields["name"][0], *exact]))
        defined = OBO_DEFINITION.match(fields.get("def", [""])[0])
        definition = re.sub(r"\\(.)", r"\1", defined["text"]) if defined else ""
        yield Concept(fields["id"][0], names, parents, definition=definition)


def from_obo_json(text: str, source: str) -> Iterator[Concept]:
    """Classes of an OBO graph (the JSON that ROBOT writes), by the same rules as OBO."""
    try:
        yield from concepts_of_graphs(json.loads(text)["graphs"])
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise UserError(
            f"{source} is not an OBO graph ({error!r}): it needs a list of `graphs` with `nodes`"
        ) from None


def concepts_of_graphs(graphs: list[dict[str, Any]]) -> Iterator[Concept]:
    for graph in graphs:
        parents: dict[str, list[str]] = {}
        for edge in graph.get("edges", ()):
            if edge.get("pred") == "is_a":
                parents.setdefault(edge["sub"], []).append(curie(edge["obj"]))
        for node in graph.get("nodes", ()):
            meta: dict[str, Any] = node.get("meta") or {}
            if node.get("type") != "CLASS" or not node.get("lbl") or meta.get("deprecated"):
                continue
            exact = [
                s["val"] for s in meta.get("synonyms", ()) if s.get("pred") == "hasExactSynonym"
            ]
            names = tuple(dict.fromkeys([node["lbl"], *exact]))
            if not all(isinstance(name, str) for name in names):
                raise TypeError(f"a name of {node['id']} is not text")
            definition = (meta.get("definition") or {}).get("val") or ""
            yield Concept(
                curie(node["id"]), names, tuple(parents.get(node["id"], ())), definition=definition
            )


def curie(iri: str) -> str:
    """`MONDO:0005070` of `http://purl.obolibrary.org/obo/MONDO_0005070`."""
    return iri.rsplit("/", 1)[-1].replace("_", ":", 1)


READERS: dict[str, Callable[[str, str], Iterator[Concept]]] = {
    "tsv": from_tsv,
    "txt": from_words,
    "obo": from_obo,
    "json": from_obo_json,
}
