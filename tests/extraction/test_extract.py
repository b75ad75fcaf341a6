import pytest

from corpusmith.errors import UserError
from corpusmith.extraction.document import Document, Mention
from corpusmith.extraction.extract import CHARACTERS, Extractor, joined, parts_of
from corpusmith.inference import EntityExtractor
from corpusmith.lexicon.matcher import Matcher
from tests.training.models import SENTENCES, TAGS, write_model


@pytest.fixture(scope="module")
def model(tmp_path_factory, tiny_encoder):
    folder = tmp_path_factory.mktemp("model")
    return write_model(folder, tiny_encoder, TAGS, {"task": "ner", "max_length": 64})


def write_relations(folder, encoder, head, tail):
    facts = {"task": "relations", "head": head, "tail": tail, "max_length": 64, "threshold": 0.0}
    return write_model(folder, encoder, ["unrelated", "related"], facts)


def test_documents_hold_entities_found_by_model(model):
    found = Extractor.from_pretrained(model).extract(SENTENCES)
    expected = EntityExtractor.from_pretrained(model).extract(SENTENCES)
    places = [[(m.start, m.end, m.label, m.text) for m in document.mentions] for document in found]
    assert places == [[(e.start, e.end, e.label, e.text) for e in of] for of in expected]
    assert sum(map(len, places)) > 20


def test_bare_string_is_one_text(model):
    extractor = Extractor.from_pretrained(model)
    assert extractor.extract(SENTENCES[0]) == extractor.extract(SENTENCES[:1])
    assert len(extractor.entities.extract(SENTENCES[0])) == 1


def test_texts_may_come_one_by_one(model):
    extractor = Extractor.from_pretrained(model)
    assert list(extractor.extract_iter(iter(SENTENCES))) == extractor.extract(SENTENCES)
    assert extractor.extract(["", "x"])[0].mentions == ()


def test_column_of_a_frame_and_batches_of_a_dataset(model):
    """The examples of docs/formats.md."""
    import pandas as pd
    from datasets import Dataset

    extractor = Extractor.from_pretrained(model)
    expected = [[m.label for m in d.mentions] for d in extractor.extract(SENTENCES[:9])]
    frame = pd.DataFrame({"text": SENTENCES[:9]})
    frame["entities"] = [d.mentions for d in extractor.extract_iter(frame["text"])]
    assert [[m.label for m in of] for of in frame["entities"]] == expected

    def labels(rows):
        return {"labels": [[m.label for m in d.mentions] for d in extractor.extract(rows["text"])]}

    found = Dataset.from_pandas(frame[["text"]]).map(labels, batched=True, batch_size=4)
    assert found["labels"][:] == expected


def test_offsets_of_long_text_count_from_its_beginning(model):
    text = " ".join(SENTENCES * (CHARACTERS // len(" ".join(SENTENCES)) + 2))
    (document,) = Extractor.from_pretrained(model).extract([text])
    assert len(text) > CHARACTERS
    assert all(text[m.start : m.end] == m.text for m in document.mentions)
    assert document.mentions[-1].start > CHARACTERS


def test_parts_are_cut_between_sentences_and_spell_the_text():
    text = "One is here. Two is there. Three."
    parts = list(parts_of(text, 15))
    assert parts == [(0, "One is here. "), (13, "Two is there. "), (27, "Three.")]
    assert "".join(part for _, part in parts_of("x" * 40, 15)) == "x" * 40


def test_relation_model_adds_related_pairs(model, tmp_path, tiny_encoder):
    relations = write_relations(tmp_path / "r", tiny_encoder, "DISEASE", "DISEASE")
    found = Extractor.from_pretrained(model, relations).extract(SENTENCES)
    assert any(document.relations for document in found)
    assert {pair.label for document in found for pair in document.relations} == {"related"}


def test_error_names_incompatible_models(model, tmp_path, tiny_encoder):
    relations = write_relations(tmp_path / "r", tiny_encoder, "GENE", "DISEASE")
    with pytest.raises(UserError, match=r"relates GENE and DISEASE.*finds no GENE, only Disease"):
        Extractor.from_pretrained(model, relations)
    with pytest.raises(UserError, match=f"{relations} has the labels .*it is no entity model"):
        Extractor.from_pretrained(relations)
    with pytest.raises(UserError, match=f"{model} names no .*it is no relation model"):
        Extractor.from_pretrained(model, model)
    with pytest.raises(UserError, match=r"holds no config\.json: it is no model"):
        Extractor.from_pretrained(tmp_path)


def test_neighbours_without_relation_model_are_refused(model):
    with pytest.raises(UserError, match=r"neighbours=True .* give a relation model, relations="):
        Extractor.from_pretrained(model, neighbours=True)


def test_annotators_see_each_document(model):
    def shout(document: Document) -> Document:
        return Document(str(document.id).upper() + "!", document.text, document.mentions)

    found = Extractor.from_pretrained(model, annotate=[shout]).extract(SENTENCES[:2])
    assert [document.id for document in found] == ["1!", "2!"]


def test_assisted_entities_do_not_depend_on_other_texts(model):
    lexicon = {"Disease": Matcher([("cystic fibrosis", "D:1"), ("gout", "D:2")])}
    extractor = Extractor.from_pretrained(model, lexicon=lexicon)
    together = extractor.extract(SENTENCES)
    alone = [extractor.extract(text)[0].mentions for text in SENTENCES]
    assert [document.mentions for document in together] == alone
    assert extractor.extract("") == [Document("1", "", ())]


def test_joined_keeps_first_source_and_adds_missing_mentions():
    first = [Mention(0, 4, "D", "ague")]
    second = [
        Mention(0, 4, "D", "ague", concept_id="X1"),
        Mention(2, 8, "D", "x"),
        Mention(9, 12, "D", "y"),
    ]
    assert joined(first, second) == (Mention(0, 4, "D", "ague", concept_id="X1"), second[2])
