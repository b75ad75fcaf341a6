from corpusmith.lexicon.concept import Concept
from corpusmith.lexicon.recorded import recorded_sentences, weighed_by_mentions


def test_every_transcript_is_read() -> None:
    sentences = list(recorded_sentences())
    assert len(sentences) > 3000 and all(isinstance(sentence, str) for sentence in sentences)


def test_names_in_recorded_sentences_get_more_weight() -> None:
    concepts = [Concept("1", ("mice",)), Concept("2", ("Hoodia",))]
    mice, hoodia = weighed_by_mentions(concepts, 0.5)
    assert mice.weight > hoodia.weight
    assert abs(mice.weight + hoodia.weight - 2.0) < 0.01


def test_weights_stay_when_no_sentence_names_the_list() -> None:
    concepts = [Concept("1", ("qqzx",))]
    assert weighed_by_mentions(concepts, 0.5) == tuple(concepts)
