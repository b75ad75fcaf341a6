"""Estimate the precision of names and sources without a label, from simulated occurrences."""

import json
from dataclasses import replace

import numpy as np
import pytest

from corpusmith.extraction.assist.candidates import Candidate
from corpusmith.extraction.assist.label_model import LabelModel, fit_label_model, prior_model
from corpusmith.extraction.assist.settings import label_settings

SETTINGS = label_settings()


def simulate(
    names: dict[str, tuple[bool, float]], occurrences: int, seed: int = 0
) -> tuple[list[Candidate], np.ndarray]:
    """Candidates of names given as (listed, true precision), with noisy support, and the truth."""
    rng = np.random.default_rng(seed)
    found, truth = [], []
    for name, (listed, precision) in names.items():
        for _ in range(occurrences):
            right = rng.random() < precision
            support = rng.beta(4, 1.5) if right else rng.beta(1.2, 5)
            found.append(
                Candidate(len(found), 0, 1, "Disease", name, "word", listed, support, support > 0.5)
            )
            truth.append(right)
    return found, np.array(truth)


def test_precision_of_names_is_found_without_labels() -> None:
    names = {f"good{i}": (True, 0.95) for i in range(20)}
    names |= {f"generic{i}": (True, 0.05) for i in range(8)}
    names |= {f"new{i}": (False, 0.9) for i in range(5)}
    names |= {f"odd{i}": (False, 0.05) for i in range(20)}
    found, truth = simulate(names, occurrences=12)
    estimates = fit_label_model(found, SETTINGS)
    for name, (_, precision) in names.items():
        assert estimates.model.names["Disease", name] == pytest.approx(precision, abs=0.25), name
    listed = np.array([candidate.listed for candidate in found])
    for side in (True, False):
        share = estimates.model.groups["Disease", side, "word"]
        assert share == pytest.approx(truth[listed == side].mean(), abs=0.08)


def test_other_occurrences_of_name_correct_uncertain_one() -> None:
    """Support alone errs in about a tenth of the occurrences."""
    names = {f"name{i}": (i % 2 == 0, 0.97 if i % 3 else 0.03) for i in range(60)}
    found, truth = simulate(names, occurrences=8)
    support = np.array([candidate.support for candidate in found])
    estimates = fit_label_model(found, SETTINGS)
    errors = ((estimates.chances > 0.5) != truth).mean()
    assert errors < 0.7 * ((support > 0.5) != truth).mean()


def test_more_support_never_lowers_the_probability() -> None:
    found, _ = simulate({f"name{i}": (False, 0.5) for i in range(40)}, occurrences=5)
    rows = [c for c in found if c.name == "name0"]
    estimates = fit_label_model(found, SETTINGS)
    pairs = sorted((c.support, estimates.chances[found.index(c)]) for c in rows)
    chances = [chance for _, chance in pairs]
    assert np.diff(chances).min() >= -1e-9


def test_no_candidate_gives_no_estimate() -> None:
    assert fit_label_model([], SETTINGS).model.names == {}


def test_saved_model_scores_known_candidates_alike_and_new_names_by_group() -> None:
    names = {f"good{i}": (True, 0.95) for i in range(20)}
    names |= {f"odd{i}": (False, 0.05) for i in range(20)}
    found, _ = simulate(names, occurrences=6)
    estimates = fit_label_model(found, SETTINGS)
    model = estimates.model
    saved = json.loads(json.dumps(model.facts()))
    assert "good1" not in json.dumps(saved)
    loaded = LabelModel.from_facts(saved, model.names)
    assert loaded.chances(found) == pytest.approx(estimates.chances, abs=1e-3)
    unseen = [replace(found[0], name="unseen", listed=listed) for listed in (True, False)]
    listed, unlisted = loaded.chances(unseen)
    assert listed > unlisted


def test_prior_model_prefers_listed_names_and_support() -> None:
    found, _ = simulate({"name": (True, 1.0)}, occurrences=1)
    model = prior_model(["Disease"], SETTINGS)
    candidates = [
        replace(found[0], listed=listed, support=support)
        for listed, support in [(True, 0.9), (True, 0.3), (False, 0.9), (False, 0.3)]
    ]
    first, second, third, fourth = model.chances(candidates)
    assert first > third > fourth and first > second > fourth
