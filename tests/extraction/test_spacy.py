from importlib import import_module

import pytest

from corpusmith.errors import UserError
from corpusmith.extraction.extract import Extractor
from corpusmith.extraction.readers.binary import read_docbin
from tests.training.models import SENTENCES, TAGS, write_model, write_quiet_model

spacy = pytest.importorskip("spacy")


@pytest.fixture(scope="module")
def model(tmp_path_factory, tiny_encoder):
    folder = tmp_path_factory.mktemp("model")
    return write_model(folder, tiny_encoder, TAGS, {"task": "ner", "max_length": 64})


def test_component_sets_the_entities_of_the_extractor(model):
    import_module("corpusmith.extraction.spacy_documents")
    nlp = spacy.blank("en")
    nlp.add_pipe("corpusmith", config={"model": str(model)})
    expected = Extractor.from_pretrained(model).extract(SENTENCES[:5])
    docs = list(nlp.pipe(SENTENCES[:5]))
    assert [[(e.text, e.label_) for e in doc.ents] for doc in docs] == [
        [(m.text, m.label) for m in document.mentions] for document in expected
    ]
    assert any(doc.ents for doc in docs)


def test_component_links_listed_names_by_kb_id(tmp_path, tiny_encoder):
    import_module("corpusmith.extraction.spacy_documents")
    model = write_quiet_model(tmp_path / "quiet", tiny_encoder)
    (tmp_path / "list.tsv").write_text("concept_id\tname\nD:1\tcystic fibrosis\n")
    nlp = spacy.blank("en")
    nlp.add_pipe(
        "corpusmith", config={"model": str(model), "lexicon": {"Disease": f"{tmp_path}/list.tsv"}}
    )
    doc = nlp("Patients with cystic fibrosis were seen in the clinic.")
    found = [(e.text, e.label_, e.kb_id_) for e in doc.ents]
    assert found == [("cystic fibrosis", "Disease", "D:1")]


def test_error_for_component_without_model_names_remedy():
    import_module("corpusmith.extraction.spacy_documents")  # its entry point, once installed
    with pytest.raises(ValueError, match="name a model"):
        spacy.blank("en").add_pipe("corpusmith")


def test_broken_docbin_is_refused(tmp_path):
    (tmp_path / "a.spacy").write_bytes(b"not a DocBin")
    with pytest.raises(UserError, match=r"a\.spacy is no DocBin"):
        list(read_docbin(tmp_path / "a.spacy"))


def test_component_says_what_the_text_says_of_an_entity(tmp_path, tiny_encoder):
    pytest.importorskip("negspacy")
    import_module("corpusmith.extraction.spacy_documents")
    model = write_quiet_model(tmp_path / "quiet", tiny_encoder)
    (tmp_path / "list.tsv").write_text("concept_id\tname\nD:1\tcystic fibrosis\nD:2\tgout\n")
    lists = {"Disease": f"{tmp_path}/list.tsv"}
    nlp = spacy.blank("en")
    nlp.add_pipe("corpusmith", config={"model": str(model), "lexicon": lists, "context": True})
    doc = nlp("No sign of cystic fibrosis, but gout was seen.")
    assert [(e.text, e._.said) for e in doc.ents] == [
        ("cystic fibrosis", ("negated",)),
        ("gout", ()),
    ]
