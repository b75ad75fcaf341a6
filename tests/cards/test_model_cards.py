"""Cards of relation models, and of models that saw real text."""

import dataclasses

from corpusmith.cards import model
from corpusmith.cards.model import ModelFacts
from tests.cards.test_cards import check_golden


def test_card_of_adapted_model_states_training_data(model_facts) -> None:
    membership = {"seen_loss": 0.0312, "unseen_loss": 0.0404, "auroc": 0.5271}
    counts = {"documents": 1200, "sentences_used": 6000, "words_used": 150000}
    training = {**model_facts.training, "adapted": {**counts, "membership": membership}}
    card = model.render(dataclasses.replace(model_facts, training=training))
    assert "no real one" not in card
    assert "6,000" in card and "(150,000 words) of 1,200 documents" in " ".join(card.split())
    assert "0.031 on sentences" in " ".join(card.split()) and "AUROC of 0.53" in card


def test_card_of_model_of_public_text_names_source_and_licence(model_facts) -> None:
    counts = {"documents": 1200, "sentences_used": 6000, "words_used": 150000}
    source = {"id": "you/abstracts", "revision": "0a1b2c3", "license": "CC-BY-4.0"}
    training = {**model_facts.training, "adapted": {**counts, "public": [source]}}
    card = " ".join(model.render(dataclasses.replace(model_facts, training=training)).split())
    assert "adapted to public text without labels" in card and "not published" not in card
    assert "(/datasets/you/abstracts/tree/0a1b2c3) at `0a1b2c3` (CC-BY-4.0)" in card


def test_card_of_reviewed_model_states_real_labels(model_facts) -> None:
    reviewed = {"sentences": 100, "mentions": 87}
    training = {**model_facts.training, "reviewed": reviewed}
    card = " ".join(model.render(dataclasses.replace(model_facts, training=training)).split())
    assert "trained on 100 real sentences that a person labelled** (87 mentions)" in card


def test_card_of_relation_types() -> None:
    scores = {"precision": 41.5, "recall": 38.4, "f1": 39.9}
    types = {"none": {**scores, "rows": 700}, "inhibitor": {**scores, "rows": 90}}
    measured = {
        "task": "relations",
        "benchmark": "chemprot",
        "split": "dev",
        "micro_f1": 39.9,
        "macro_f1": 35.2,
        "precision": 41.5,
        "recall": 38.4,
        "accuracy": 71.0,
        "by_type": types,
        "classes": ["none", "inhibitor", "activator"],
        "ci95": {"micro_f1": [37.7, 42.1]},
        "sentences": 2412,
        "system": "synthetic",
        "real": True,
    }
    zero_shot = {**measured, "micro_f1": 20.1, "ci95": {"micro_f1": [18.0, 22.3]}}
    facts = ModelFacts(
        "you/corpusmith-chemprot-minilm",
        "v0.1.0",
        task="relations",
        labels=("none", "inhibitor", "activator"),
        domain="PubMed abstracts on pharmacology",
        evaluations=(measured, {**zero_shot, "system": "zero-shot"}),
        widget=("@CHEMICAL$ inhibits @GENE$.",),
    )
    check_golden("model-relations.md", model.render(facts))


def test_card_of_model_of_annotated_text_calls_nothing_synthetic(model_facts: ModelFacts) -> None:
    dataset = {**model_facts.training.get("dataset", {}), "synthetic": False}
    training = {**model_facts.training, "dataset": dataset}
    facts = dataclasses.replace(model_facts, training=training, baselines={}, domain="")
    card = model.render(facts).partition("## Citation")[0]
    assert "It was trained on labelled sentences that no LLM of corpusmith wrote." in card
    assert "synthetic" not in card.lower()


def test_card_of_adapted_and_reviewed_model(model_facts: ModelFacts) -> None:
    counts = {"documents": 1200, "sentences_used": 6000, "words_used": 150000}
    reviewed = {"sentences": 100, "mentions": 87}
    training = {**model_facts.training, "adapted": counts, "reviewed": reviewed}
    facts = dataclasses.replace(model_facts, training=training)
    card = model.render(facts)
    check_golden("model-adapted.md", card)
    assert "synthetic sentences only" not in card.replace(
        "Encoder trained on synthetic sentences only", ""
    ), "only its baselines were"
    assert "never saw:" not in card, "the benchmark may be among the documents"
