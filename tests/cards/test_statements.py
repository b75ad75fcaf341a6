"""A statement of a card is left out if the fact behind it is missing."""

import ast
import dataclasses
import json
import re
import shutil
import subprocess
from typing import Any

import pytest

from corpusmith.cards import croissant, dataset, model, space
from corpusmith.cards.dataset import CorpusFacts, DatasetFacts, Split
from corpusmith.cards.model import ModelFacts
from corpusmith.cards.space import Source, SpaceFacts


def card_of(corpus: CorpusFacts, **changes: Any) -> str:
    """The card of one config, without its front matter."""
    changed = dataclasses.replace(corpus, **changes)
    return dataset.render(DatasetFacts("you/c", "v1.0.0", (changed,))).split("---\n", 2)[2]


def test_origin_of_rows_is_counted(disease: CorpusFacts) -> None:
    card = card_of(disease)
    assert "**An LLM wrote 380 of them. A rule derived the other 120" in card
    assert "what a derived sentence says need not be true" in card
    assert "An LLM wrote every sentence" not in card
    alone = card_of(disease, added_by_augmentation={}, written_rows=500)
    assert "**An LLM wrote every sentence.**" in alone and "derived sentence" not in alone
    unknown = card_of(disease, written_rows=None)
    assert "An LLM wrote some of them." in unknown and "written by the LLM |" not in unknown
    assert "An LLM wrote the sentences." in card_of(
        disease, written_rows=None, added_by_augmentation={}
    )


def test_total_of_filtered_share_includes_derived_rows(disease: CorpusFacts) -> None:
    assert "all 815 accepted and derived rows" in card_of(disease)
    assert "| near duplicate | 312 | 38.3% |" in card_of(disease)
    assert "| near duplicate | 312 | 62.4% |" in card_of(disease, added_by_augmentation={})
    assert "| near duplicate | 312 |\n" in card_of(disease, counts={})


def test_shared_mentions_are_stated(disease: CorpusFacts) -> None:
    assert "- `demo-disease`: 9 of 49 in validation, 0 of 35 in test" in card_of(disease)
    card = card_of(disease, mentions_in_train={})
    assert "also occur in `train`" not in card
    assert "Splits share no seed entity" not in card and "Other entities may be." in card


def test_teachers_of_borrowed_answers_are_named(disease: CorpusFacts) -> None:
    own = disease.teacher["model"]
    assert "Other LLMs" not in card_of(disease, rows_by_teacher={own: 380})
    changes = {
        "rows_by_teacher": {own: 300, "big/Teacher": 80},
        "lending_teachers": ({"model": "big/Teacher", "license": "mit"},),
    }
    card = card_of(disease, **changes)
    link = "[big/Teacher](https://huggingface.co/big/Teacher)"
    assert f"Other LLMs wrote some of these: {link} (80 rows).\n" in card
    assert f"written by {link}, whose licence is mit." in card
    assert "whose licence is Apache-2.0" in card
    without_rows = {**changes, "rows_by_teacher": {own: 380}}
    assert "big/Teacher" not in card_of(disease, **without_rows)
    corpora = (dataclasses.replace(disease, **changes),)
    described = croissant.render(DatasetFacts("you/c", "v1.0.0", corpora), "https://x.example")
    assert f"written by {own}, big/Teacher" in json.loads(described)["description"]


def test_near_duplicates_are_denied_only_where_they_were_filtered(
    disease: CorpusFacts, gad: CorpusFacts
) -> None:
    assert "No near-duplicate and no seed entity" in card_of(disease)
    for off in (1.0, None):
        card = card_of(disease, near_duplicates=off)
        assert "near-duplicate" not in card and "No repeated text and no seed entity" in card
    mixed = (disease, dataclasses.replace(gad, near_duplicates=1.0))
    card = dataset.render(DatasetFacts("you/c", "v1.0.0", mixed))
    assert "in two splits, but near-duplicates of `demo-gad` may be. Other entities" in card


def test_form_is_compared_only_if_real_text_is_available(disease: CorpusFacts) -> None:
    assert "## Form, compared with real text" in card_of(disease)
    assert "real text\n" not in card_of(disease, reference_statistics={})


def test_derived_rows_that_look_wrong_are_explained(gad: CorpusFacts) -> None:
    card = card_of(gad)
    assert "| Head and tail in bold | Label | Origin |" in card
    assert "| `unrelated` | derived by rule |" in card
    assert "a head or tail that is no entity is meant" in card.replace("\n", " ")
    examples = (dataclasses.replace(gad.examples[0]),)
    plain = card_of(gad, examples=examples, added_by_augmentation={})
    assert "Origin" not in plain and "no entity is meant" not in plain.replace("\n", " ")


def test_other_licence_names_terms_of_publisher(disease: CorpusFacts) -> None:
    lexicon = {"name": "chemical", "license": "other"}
    mesh = lexicon | {"attribution": "MeSH, U.S. National Library of Medicine."}
    card = card_of(disease, lexicons=(lexicon, mesh))
    assert "entities from chemical, under its publisher's own terms." in card
    assert (
        "own terms (https://www.nlm.nih.gov/databases/download/terms_and_conditions.html)" in card
    )
    assert ", other" not in card


def test_teacher_links_to_its_page(disease: CorpusFacts) -> None:
    known = card_of(disease, teacher={"model": "qwen2.5-coder-1.5b-instruct"})
    link = "(https://huggingface.co/Qwen/Qwen2.5-Coder-1.5B-Instruct)"
    assert f"Written by [qwen2.5-coder-1.5b-instruct]{link}" in known
    named = card_of(disease, teacher={"model": "org/model"})
    assert "[org/model](https://huggingface.co/org/model)" in named
    assert "Written by gpt-x" in card_of(disease, teacher={"model": "gpt-x"})


def test_whole_row_is_shown_as_json(disease: CorpusFacts) -> None:
    row = re.search(
        r"One row of `demo-disease`, whole:\n\n```json\n(.*?)\n```", card_of(disease), re.S
    )
    assert row is not None and json.loads(row[1]) == disease.example_row
    assert "whole:" not in card_of(disease, example_row={})


def test_printed_output_is_what_datasets_prints() -> None:
    from datasets import Dataset, DatasetDict

    names = ["id", "text", "ner_tags"]
    empty = {name: ["x"] * 3 for name in names}
    printed = DatasetDict(train=Dataset.from_dict(empty), test=Dataset.from_dict(empty))
    corpus = CorpusFacts(
        "words",
        "ner",
        splits=(Split("train", 3), Split("test", 3)),
        features=tuple({"name": name, "dtype": "string"} for name in names),
    )
    assert dataset.printed_dataset(corpus) == str(printed).rstrip("\n")
    assert dataset.printed_dataset(dataclasses.replace(corpus, features=())) is None


def test_every_score_of_a_model_card_is_a_percentage() -> None:
    scores = {"macro_f1": 61.5, "mcc": 0.31, "auroc": 0.812, "ci95": {"auroc": [0.8, 0.82]}}
    evaluation = {
        "task": "relations",
        "benchmark": "gad",
        "split": "dev",
        "system": "synthetic",
        "real": True,
        "calibration": {"ece": 0.083},
        **scores,
    }
    facts = ModelFacts("you/m", "v1.0.0", task="relations", evaluations=(evaluation,))
    card = model.render(facts).split("---\n", 2)[2]
    assert "| 61.5 | 31.0 | 81.2 (80.0 to 82.0) |" in card
    assert "| gad, dev | 8.3 |" in card
    assert not re.search(r"\| 0\.\d", card)


def test_int8_is_stated_on_the_split_it_was_measured_on(model_facts: ModelFacts) -> None:
    on_test = dataclasses.replace(model_facts, export={**model_facts.export, "split": "test"})
    assert "On the same sentences (split `test`), int8 scores 80.8 and float32 81.2" in (
        model.render(on_test)
    )
    unsaid = {key: value for key, value in model_facts.export.items() if key != "split"}
    assert "On the same sentences, int8" in (
        model.render(dataclasses.replace(model_facts, export=unsaid))
    )
    assert "int8 scores" not in model.render(dataclasses.replace(model_facts, export={}))


def test_language_of_the_corpus_is_named(model_facts: ModelFacts) -> None:
    card = model.render(dataclasses.replace(model_facts, language="de"))
    assert "mentions in German text" in card and "It reads German sentences" in card
    assert "English" not in card.partition("## Limits")[2].partition("## Versions")[0]
    assert "in xx text" in model.render(dataclasses.replace(model_facts, language="xx"))


def test_snippet_output_is_shown_only_if_known(model_facts: ModelFacts) -> None:
    card = model.render(model_facts)
    shown = re.search(r"It prints [^\n]*:\n\n```json\n(.*?)\n```", card, re.S)
    assert shown is not None and json.loads(shown[1]) == list(model_facts.answer)
    assert "It prints" not in model.render(dataclasses.replace(model_facts, answer=()))


def test_example_is_a_string_literal_whatever_its_text() -> None:
    text = 'He said "stop": \\ ``` \n </details> é'
    card = model.render(ModelFacts("you/m", "v1.0.0", widget=(text,)))
    literal = re.search(r"print\(extract\((.*)\)\)", card)
    expected = text.replace("`", "'").replace("\n ", "")
    assert literal is not None and ast.literal_eval(literal[1]) == expected


@pytest.mark.skipif(not shutil.which("node"), reason="needs Node.js")
def test_javascript_snippet_joins_word_pieces(model_facts: ModelFacts) -> None:
    card = model.render(model_facts)
    snippet = re.search(r"```js\n(.*?)\n```", card, re.S)
    assert snippet is not None
    pieces = [
        ("O", "ap"),
        ("B-Disease", "##c"),
        ("B-Disease", "familial"),
        ("I-Disease", "polyp"),
        ("O", "##osis"),
        ("O", "and"),
        ("I-Disease", "gout"),
        ("B-Disease", "gout"),
    ]
    tokens = json.dumps([{"entity": entity, "word": word} for entity, word in pieces])
    stub = f"const pipeline = async () => async () => {tokens};"
    program = stub + snippet[1].split("\n", 1)[1].replace(
        "console.log(mentions)", "console.log(JSON.stringify(mentions))"
    )
    ran = subprocess.run(
        ["node", "--input-type=module", "-e", program], capture_output=True, text=True, timeout=60
    )
    assert json.loads(ran.stdout or "null") == [
        {"label": "Disease", "text": "familial polyposis"},
        {"label": "Disease", "text": "gout"},
        {"label": "Disease", "text": "gout"},
    ], ran.stderr


def test_cards_of_another_type_mention_no_disease() -> None:
    """For a user's own type, "devices", no card shows sentences about diseases or genes."""
    corpus = CorpusFacts("devices", "ner", labels=("Device",), splits=(Split("train", 3),))
    sentence = "The stent was removed."
    pages = [
        dataset.render(DatasetFacts("you/d", "v1.0.0", (corpus,))),
        model.render(ModelFacts("you/m", "v1.0.0", labels=("Device",), widget=(sentence,))),
        model.render(ModelFacts("you/m", "v1.0.0", labels=("Device",))),
        space.render(
            SpaceFacts("you/s", "v1.0.0", (Source("you/m", "v1.0.0"),), labels=("Device",))
        ),
        space.render(
            SpaceFacts(
                "you/s",
                "v1.0.0",
                labels=("Device",),
                front_matter={"short_description": "Diseases, genes and their relations"},
            )
        ),
    ]
    assert sentence in pages[1]
    for page in pages:
        prose = page.split("```bibtex")[0]
        assert not re.search(r"diseas|cancer|polyposis|\bgenes?\b|chemical|BRCA", prose, re.I)


def test_space_card_names_types_of_its_models() -> None:
    facts = SpaceFacts(
        "you/s",
        "v1.0.0",
        relations=(Source("you/r", "v1.0.0"),),
        labels=("Chemical", "Disease", "Gene"),
        pairs=(("Gene", "Disease"),),
        languages=("de", "en"),
    )
    card = space.render(facts)
    assert "Finds Chemical, Disease and Gene in German and English text, and classifies" in card
    unknown = space.render(dataclasses.replace(facts, languages=()))
    assert "Finds Chemical, Disease and Gene in text, and classifies" in unknown
    assert "relates Gene and Disease." in card
    assert "short_description: Finds Chemical, Disease and Gene and their relations in text" in card
    many = dataclasses.replace(facts, labels=tuple(f"LongTypeName{i}" for i in range(9)))
    assert "short_description: Finds 9 types of entities in text" in space.render(many)
    assert "Chemical" not in space.render(dataclasses.replace(facts, labels=(), pairs=()))


def test_intervals_are_explained_where_they_are_shown(model_facts: ModelFacts) -> None:
    assert "95% bootstrap interval: the sentences are drawn again" in model.render(model_facts)
    assert "drawn again" not in model.render(ModelFacts("you/m", "v1.0.0"))


def test_citation_is_complete(dataset_facts: DatasetFacts, model_facts: ModelFacts) -> None:
    for card, url in (
        (dataset.render(dataset_facts), "https://huggingface.co/datasets/local/corpusmith-ner"),
        (model.render(model_facts), f"https://huggingface.co/{model_facts.repo_id}"),
    ):
        entry = re.search(r"@misc\{(.*?)\n\}", card, re.S)
        assert entry is not None
        for field in ("author", "title", "year", "version", "publisher", "url"):
            assert re.search(rf"^  {field} += \{{.+\}},?$", entry[1], re.M), field
        assert url in entry[1]
