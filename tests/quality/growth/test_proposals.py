"""Proposals of replies and of recorded sentences: one for each name, however it is written."""

from pathlib import Path

import pytest

from corpusmith.quality.growth.lists import GrowingList, growing
from corpusmith.quality.growth.proposals import Proposals, coordinated_names, gathered, running_text
from corpusmith.quality.growth.requests import growth_requests

SPECIES = "concept_id\tname\tsynonyms\nM:1\tmice\tmouse\nM:2\tCandida albicans\t\nM:3\trats\t\n"


@pytest.fixture
def species(tmp_path: Path) -> GrowingList:
    path = tmp_path / "species.tsv"
    path.write_text(SPECIES, encoding="utf-8")
    return GrowingList("Species", "species", path)


@pytest.mark.parametrize(
    ("proposed", "written"),
    [
        ("Zebrafish", ["Zebrafish"]),
        ("Domestic dog", ["domestic dog"]),
        ("Fruit fly", ["fruit fly"]),
        ("African elephant", ["African elephant"]),
        ("Xenopus laevis", ["Xenopus laevis"]),
        ("HIV-1", ["HIV-1"]),
        ("Anemia, Hemolytic", ["Hemolytic Anemia"]),
        ("varicella zoster virus (VZV)", ["varicella zoster virus", "VZV"]),
    ],
)
def test_names_are_written_as_in_a_sentence(
    species: GrowingList, proposed: str, written: list[str]
) -> None:
    others = ["sheep", "fruit bat", "green monkey", "house sparrow", "sea urchin"]
    assert running_text([proposed, *others], species)[proposed] == written


def test_title_case_of_a_whole_list_is_undone(species: GrowingList) -> None:
    names = ["House Sparrow", "Sea Urchin", "Xenopus laevis", "Green Monkey"]
    written = running_text(names, species)
    assert [form for name in names for form in written[name]] == [
        *("house sparrow", "sea urchin", "Xenopus laevis", "green monkey")
    ]


def test_number_and_case_make_no_second_proposal(species: GrowingList) -> None:
    found = Proposals(species)
    for names in (["frogs", "frog"], ["Frog"], ["frog"], ["wolves"], ["wolf"], ["AIDS"], ["aids"]):
        found.add(names, "frequent")
    found.add(["Zebrafish", "Vole"], "frequent")
    found.add(["Zebrafish", "Vole"], "frequent")
    found.add(["zebrafish"], "frequent")
    counts = {proposal.name: proposal.as_name for proposal in found.found.values()}
    assert counts == {"zebrafish": 3, "Vole": 2, "frog": 3, "wolves": 2, "AIDS": 1, "aids": 1}


@pytest.mark.parametrize(
    ("sentence", "names"),
    [
        ("We fed mice, hamsters and rats.", ["hamsters"]),
        ("It is in hamsters and mice.", ["hamsters"]),
        ("Both adult mice and guinea pigs were fed.", ["guinea pigs"]),
        ("It occurs in rats, voles, and in men.", ["voles"]),
        ("In mice, feeding showed no effect.", []),
        ("Mice were fed, and hamsters slept.", []),
        ("We saw mice or 12 of them.", []),
        ("We saw mice and beta-cell hosts.", ["beta-cell hosts"]),
        ("We fed mice and rats.", []),
        ("Nothing here.", []),
    ],
)
def test_coordination_with_listed_names(
    species: GrowingList, sentence: str, names: list[str]
) -> None:
    assert [name for found in coordinated_names([sentence], species) for name in found] == names


def test_replies_count_by_request_and_keep_their_kind(device: Path) -> None:
    grown = growing(str(device))
    replies = {
        "frequent": "1. Bone screw\n2. Bone screws\n3. 老鼠",
        "short": "IUD",
        "confusable": "Bone screw\nScar",
    }
    requests = growth_requests(grown, 5)
    found = gathered(grown.lists, [(request, replies[request.kind]) for request in requests])
    proposals = found["Device"]
    assert proposals.junk == 2
    screw = proposals.found["bone screw"]
    assert (screw.as_name, screw.kinds["confusable"], screw.kind) == (2, 1, "frequent")
    assert proposals.found["IUD"].kind == "short"
    assert proposals.found["IUD"].of == {"intrauterine device": 2}
