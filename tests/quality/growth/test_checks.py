"""Each check of a proposal gives its reason, and the first that fails counts."""

from pathlib import Path

import pytest

from corpusmith.quality.growth.checks import Checks, checked_rows
from corpusmith.quality.growth.lists import growing
from corpusmith.quality.growth.proposals import Proposals


@pytest.fixture
def proposals(device: Path) -> Proposals:
    return Proposals(growing(str(device)).lists[0])


ABOUT = "implants; not prostheses or stents"


def fault(proposals: Proposals, name: str, *, times: int = 2, kind: str = "frequent") -> str:
    for _ in range(times):
        proposals.add([name], kind)
    proposal = proposals.found[proposals.key_of(name)]
    checks = Checks(proposals.target, ABOUT, frozenset({"patient"}))
    if kind == "confusable":
        return checks.confusable_fault(proposal)
    return checks.name_fault(proposal)


@pytest.mark.parametrize(
    ("name", "times", "reason"),
    [
        ("bone screw", 2, ""),
        ("VAD", 2, ""),
        ("bone screw [steel]", 2, "brackets or punctuation that no sentence has"),
        ("a very long name of some device for bones", 2, "more than 7 words"),
        ("hip implants", 2, "in the list already"),
        ("stent", 2, "--about excludes it"),
        ("patient", 9, "in the list of what doesn't count"),
        ("bone screw", 1, "proposed by fewer than 2"),
        ("asthma", 2, "name of the shipped lexicon disease"),
        ("aspirin", 2, "name of the shipped lexicon chemical"),
        ("BRCA1", 2, "name of the shipped lexicon gene"),
        ("table", 3, "ordinary English word, proposed by fewer than 4"),
        ("table", 4, ""),
    ],
)
def test_names(proposals: Proposals, name: str, times: int, reason: str) -> None:
    assert fault(proposals, name, times=times) == reason


def test_name_that_is_as_often_proposed_as_confusable_is_left_out(proposals: Proposals) -> None:
    for _ in range(2):
        proposals.add(["bone screws"], "confusable")
    assert fault(proposals, "bone screw") == "proposed at least as often as what doesn't count"
    assert fault(proposals, "bone screw", times=1) == ""


def test_short_form_of_two_concepts_is_left_out(proposals: Proposals) -> None:
    for of in ("suture", "catheter", "suture", "catheter"):
        proposals.add(["XQ"], "short", of)
    assert fault(proposals, "XQ", times=0) == "proposed as often as a form of another name"
    proposals.add(["XQ"], "short", "suture")
    assert fault(proposals, "XQ", times=0) == ""


@pytest.mark.parametrize(
    ("name", "times", "reason"),
    [
        ("scaffold", 2, ""),
        ("scaffold", 1, "proposed by fewer than 2"),
        ("patient", 2, "in the list of what doesn't count"),
        ("sutures", 2, "in the list of names"),
        ("pacemaker lead", 2, "has a listed name in it"),
        ("asthma", 2, "name of the shipped lexicon disease, which contrasts are taken from"),
    ],
)
def test_confusable_names(proposals: Proposals, name: str, times: int, reason: str) -> None:
    assert fault(proposals, name, times=times, kind="confusable") == reason


def test_confusable_that_is_as_often_a_name_is_left_out(proposals: Proposals) -> None:
    proposals.add(["scaffold"], "frequent")
    proposals.add(["scaffold"], "frequent")
    found = fault(proposals, "scaffold", kind="confusable")
    assert found == "proposed at least as often as a name"


def test_lexicon_that_has_the_list_is_of_the_same_type(tmp_path: Path, device: Path) -> None:
    text = "concept_id\tname\tsynonyms\nM:1\tmice\tmouse\nM:2\tzebrafish\t\nM:3\tfrog\t\n"
    (tmp_path / "device.tsv").write_text(text, encoding="utf-8")
    proposals = Proposals(growing(str(device)).lists[0])
    assert fault(proposals, "chickens") == ""
    assert fault(proposals, "asthma") == "name of the shipped lexicon disease"


def test_rows_have_counts_and_mentions_in_recorded_sentences(proposals: Proposals) -> None:
    for kind in ("frequent", "frequent", "frequent", "short", "short", "confusable"):
        proposals.add(["breast cancer"], kind, "suture" if kind == "short" else "")
    rows = {row.kind: row for row in checked_rows([proposals], ABOUT, [], confusable=True)}
    assert set(rows) == {"frequent", "confusable"}
    assert (rows["frequent"].proposed, rows["confusable"].proposed) == (5, 1)
    assert rows["frequent"].recorded == rows["confusable"].recorded > 1
    only = checked_rows([proposals], ABOUT, [], confusable=False)
    assert [row.kind for row in only] == ["frequent"]
