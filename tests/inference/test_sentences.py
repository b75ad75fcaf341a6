"""Where sentences end, in text like that of notes and abstracts."""

import time

import pytest

from corpusmith.inference import sentences

SENTENCES = [
    ["Mutations in this gene (Fig. 2A) were found in 3 of 12 dogs.", "No deletion was seen."],
    ["Both E. coli O157 and S. aureus grew.", "C. albicans was absent."],
    ["She took 2.5 mg/kg (approx. 150 mg) i.v. on day 3.", "It was stopped."],
    ["Miller et al. saw this in 2004 (ref. 12).", "Jones et al. (2010) disagreed."],
    ["BACKGROUND: Gout is common.", "METHODS: We saw 300 men.", "RESULTS: None had gout."],
    ["Type 1 vs. type 2 diabetes differ.", "p53 was normal in both.", "mRNA levels fell."],
    ["Was asthma present?", "Yes!", '"It was severe."', "He left."],
    ["Levels of IL-6 (P = .03) and of TNF (P < 0.001) rose.", "Both fell later."],
    ["The U.S. cohort had adults only, e.g. nurses.", "The rest were children."],
    ["Dr. Roe saw the pt. at 10 a.m. on Monday.", "5-HT was measured."],
]


@pytest.mark.parametrize("expected", SENTENCES, ids=lambda expected: expected[0][:30])
def test_abbreviations_do_not_end_a_sentence(expected: list[str]) -> None:
    text = " ".join(expected)
    assert [text[a:b].strip() for a, b in sentences(text, ())] == expected


def test_headings_and_list_items_are_sentences() -> None:
    text = "PRESENT ILLNESS\nMr. Doe has\na cough.\nDrugs:\n1. Aspirin 81 mg.\n2. Lisinopril.\n"
    assert [text[a:b].strip() for a, b in sentences(text, ())] == [
        "PRESENT ILLNESS",
        "Mr. Doe has\na cough.",
        "Drugs:",
        "1. Aspirin 81 mg.",
        "2. Lisinopril.",
    ]


@pytest.mark.parametrize(
    "text",
    ["", " ", "\n\n", "\n\n Gout. \n\n\n Lupus. \n", "a\ud800b. Cd.", "α 😀. Next one.", ". . ."],
)
def test_sentences_cover_any_text_without_gaps(text: str) -> None:
    spans = list(sentences(text, ()))
    assert [a for a, _ in spans] == [0, *(b for _, b in spans[:-1])] and spans[-1][1] == len(text)
    assert len(spans) == 1 or all(text[a:b].strip() for a, b in spans)


def test_million_documents_are_split_within_minutes() -> None:
    """At least 2,000 abstracts of 1,500 characters a second, on one core."""
    text = " ".join(sentence for of_text in SENTENCES for sentence in of_text)[:750] * 2
    begun = time.process_time()
    for _ in range(400):
        list(sentences(text, ()))
    assert time.process_time() - begun < 0.2 * 10  # a busy machine may be ten times slower
