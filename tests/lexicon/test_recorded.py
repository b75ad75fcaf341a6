from corpusmith.lexicon.concept import Concept
from corpusmith.lexicon.recorded import recorded_sentences, weighed_by_mentions


def test_every_transcript_is_read() -> None:
    sentences = list(recorded_sentences())
    assert len(sentences) > 3000 and all(isinstance(sentence, str) for sentence in sentences)


def test_names_of_recorded_sentences_weigh_more() -> None:
    concepts = [Concept("1", ("mice",)), Concept("2", ("Hoodia",))]
    mice, hoodia = weighed_by_mentions(concepts, 0.5)
    assert mice.weight > hoodia.weight
    assert abs(mice.weight + hoodia.weight - 2.0) < 0.01


def test_list_that_no_sentence_names_keeps_its_weights() -> None:
    concepts = [Concept("1", ("qqzx",))]
    assert weighed_by_mentions(concepts, 0.5) == tuple(concepts)
