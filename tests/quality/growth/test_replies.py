"""The names in replies of every form that small and large LLMs give."""

import pytest

from corpusmith.quality.growth.replies import names_in


@pytest.mark.parametrize(
    ("reply", "names"),
    [
        ("mouse\nhouse mouse", ["mouse", "house mouse"]),
        ("1. mouse\n2) rat\n(3) pig\n4: cow\n**5.** goat", ["mouse", "rat", "pig", "cow", "goat"]),
        ("- mouse\n* rat\n• pig\n– cow\na) goat", ["mouse", "rat", "pig", "cow", "goat"]),
        ("- [ ] mouse\n- [x] rat", ["mouse", "rat"]),
        ("C. albicans\nE. coli\nD. melanogaster", ["C. albicans", "E. coli", "D. melanogaster"]),
        ("**Mouse**: an animal\n*Mus musculus* (the house mouse)", ["Mouse", "Mus musculus"]),
        ('"mouse"\n“rat”,\n‘pig’.\n`cow`', ["mouse", "rat", "pig", "cow"]),
        ("mouse - a rodent\nrat – another one\npig — a mammal", ["mouse", "rat", "pig"]),
        ("HIV = human immunodeficiency virus\nVZV -> a virus", ["HIV", "VZV"]),
        ("varicella zoster virus (VZV)", ["varicella zoster virus (VZV)"]),
        ("Sure! Here are 15 names: mouse, rat, and pig.", ["mouse", "rat", "pig"]),
        ("Here is the list:\nmouse\nrat", ["mouse", "rat"]),
        ("mouse, rat", ["mouse", "rat"]),
        ("animals, such as mouse, rat, pig", ["animals", "mouse", "rat", "pig"]),
        ("anemia, hemolytic\ngout", ["anemia, hemolytic", "gout"]),
        ('["mouse", "rat"]', ["mouse", "rat"]),
        ('```json\n{"names": [{"name": "mouse"}, "rat", 7]}\n```', ["mouse", "rat"]),
        ("| # | name | use |\n|---|---|---|\n| 1 | mouse | lab |", ["mouse"]),
        ("### Mammals\nmouse\nOther animals:\nrat", ["mouse", "rat"]),
        ("<think>mouse? pig?</think>rat", ["rat"]),
        ("mouse\nMouse\nmouse", ["mouse", "Mouse"]),
        ("a mouse\nthe rat", ["mouse", "rat"]),
        ("cytochrome P450 1A2\n5-HT\n3T3 cell", ["cytochrome P450 1A2", "5-HT", "3T3 cell"]),
        ("collagen type I\ncomplex I", ["collagen type I", "complex I"]),
    ],
)
def test_names_are_read_from_every_form(reply: str, names: list[str]) -> None:
    assert names_in(reply)[0] == names


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "I'm sorry, I can't help with that.",
        "None\nN/A\nNo abbreviations.",
        "mo\x1b[2Juse",
        "mo\u202euse\n\ufffd",
        "мышь\n老鼠",
        "12\n---\n%%",
        "The mouse is used in many studies. It is small.",
        "There are many names of species that people write about in abstracts every year",
        "Would you like more?",
    ],
)
def test_what_is_no_name_is_dropped(reply: str) -> None:
    assert names_in(reply)[0] == []


def test_parts_that_are_no_name_are_counted() -> None:
    assert names_in("Sure, happy to help!\n1. mouse\n2. 老鼠\n3. none") == (["mouse"], 3)


def test_looping_reply_is_cut() -> None:
    names, _ = names_in("\n".join(f"mouse {i}" for i in range(5000)))
    assert len(names) == 60
