"""BioC: XML and JSON. Offsets count from the beginning of the document, in code points."""

from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

from corpusmith.errors import UserError
from corpusmith.extraction.document import Document, Mention, MentionPair, checked, read_score
from corpusmith.text_files import Bad, TextFile, each_readable

TYPES = ("type", "entity_type", "label")
CONCEPTS = ("identifier", "concept_id", "MESH", "mesh", "NCBI Gene", "NCBI Homologene")


def read_bioc(file: TextFile, bad: Bad | None = None) -> Iterator[Document]:
    """The documents of a BioC XML file, one in memory at a time.

    `bad` takes the error of a document; without it the first error ends the reading.

    Raises:
        UserError: when it is not BioC XML, or declares XML entities.
    """
    return each_readable(
        document_elements(file), lambda document: bioc_json_document(document, file.name), bad
    )


def document_elements(file: TextFile) -> Iterator[dict[str, Any]]:
    """The documents of BioC XML in the form of BioC JSON."""
    parser: Any = ElementTree.XMLPullParser(events=("end",))
    root = False
    try:
        for number, line in enumerate(file.lines(), 1):
            if "<!ENTITY" in line:
                raise UserError(
                    f"{file.name}, line {number}: XML entities are not read; expand them"
                )
            if number == 1 and line.startswith("<?xml"):
                line = line.split("?>", 1)[-1]  # it names an encoding that is decoded already
            parser.feed(line + "\n")
            for _, element in parser.read_events():
                root = root or element.tag in ("document", "collection")
                if element.tag == "document":
                    yield as_json(element)
                    element.clear()
        parser.close()
    except ElementTree.ParseError as error:
        raise UserError(f"{file.name}: not XML ({error})") from error
    if not root:
        raise UserError(f"{file.name}: XML without a <document>; only BioC XML is read")


def as_json(document: ElementTree.Element) -> dict[str, Any]:
    """A `<document>` in the form of BioC JSON."""
    return {
        "id": document.findtext("id"),
        "passages": [
            {
                "offset": passage.findtext("offset"),
                "text": passage.findtext("text"),
                "sentences": [
                    {"offset": s.findtext("offset"), "text": s.findtext("text"), **marks(s)}
                    for s in passage.iter("sentence")
                ],
                **marks(passage),
            }
            for passage in document.findall("passage")
        ],
        **marks(document),
    }


def marks(element: ElementTree.Element) -> dict[str, Any]:
    return {
        "annotations": [
            {
                "id": a.get("id"),
                "infons": infons(a),
                "text": a.findtext("text"),
                "locations": [dict(location.attrib) for location in a.findall("location")],
            }
            for a in element.findall("annotation")
        ],
        "relations": [
            {"infons": infons(r), "nodes": [dict(node.attrib) for node in r.findall("node")]}
            for r in element.findall("relation")
        ],
    }


def infons(element: ElementTree.Element) -> dict[str, str]:
    return {infon.get("key", ""): infon.text or "" for infon in element.findall("infon")}


def bioc_json_document(document: dict[str, Any], name: str) -> Document:
    """A document of BioC JSON: its passages at their offsets, with spaces in the gaps.

    Raises:
        UserError: when passages overlap, or an annotation is not the text at its location.
    """
    where = f"{name}, document {document.get('id')}"
    text = ""
    parts: list[dict] = [document]
    for passage in document.get("passages") or ():
        sentences = passage.get("sentences") or []
        parts += [passage, *sentences]
        for piece in [passage] if not sentences or has_text(passage) else sentences:
            offset = whole_number(piece.get("offset"), where)
            if offset < len(text.rstrip(" ")):
                raise UserError(
                    f"{where}: the passage at offset {offset} begins inside the one before, "
                    f"which ends at {len(text)}"
                )
            text = text[:offset].ljust(offset) + (piece.get("text") or "")
    mentions: list[Mention] = []
    places: dict[Any, int] = {}
    for annotation in [a for part in parts for a in part.get("annotations") or ()]:
        places[annotation.get("id")] = len(mentions)
        mentions.append(mention_of(annotation, where))
    relations = [r for part in parts for r in part.get("relations") or ()]
    pairs = tuple(pair for r in relations if (pair := pair_of(r, places, where)))
    id_ = document.get("id")
    return checked(
        Document(None if id_ is None else str(id_), text, tuple(mentions), pairs, where=where)
    )


def has_text(passage: dict[str, Any]) -> bool:
    return bool((passage.get("text") or "").strip())


def mention_of(annotation: dict[str, Any], where: str) -> Mention:
    known = annotation.get("infons") or {}
    pieces = [
        (
            start := whole_number(location.get("offset"), where),
            start + whole_number(location.get("length"), where),
        )
        for location in annotation.get("locations") or ()
    ]
    label = next((known[key] for key in TYPES if known.get(key)), None)
    if not pieces or not label or annotation.get("text") is None:
        raise UserError(
            f"{where}, annotation {annotation.get('id')}: needs a location, a text and an infon "
            "`type`"
        )
    concept = next((known[key] for key in CONCEPTS if known.get(key)), None)
    return Mention(
        min(start for start, _ in pieces),
        max(end for _, end in pieces),
        str(label),
        annotation["text"],
        read_score(known.get("score"), f"{where}, annotation {annotation.get('id')}"),
        str(concept) if concept else None,
        tuple(pieces) if len(pieces) > 1 else (),
        tuple(str(known.get("attributes") or "").split()),
    )


def pair_of(relation: dict[str, Any], places: dict, where: str) -> MentionPair | None:
    """A relation of two annotations; those of concepts or of more nodes are left out."""
    nodes = relation.get("nodes") or ()
    known_nodes = [places[node.get("refid")] for node in nodes if node.get("refid") in places]
    if len(nodes) != 2 or len(known_nodes) != 2:
        return None
    known = relation.get("infons") or {}
    score = read_score(known.get("score"), f"{where}, relation {relation.get('id', '')}".rstrip())
    return MentionPair(known_nodes[0], known_nodes[1], str(known.get("type", "")), score)


def whole_number(value: Any, where: str) -> int:
    try:
        found = int(value)
    except (TypeError, ValueError):
        found = -1
    if found < 0:
        raise UserError(f"{where}: {value!r} is no offset or length; write a whole number from 0")
    return found
