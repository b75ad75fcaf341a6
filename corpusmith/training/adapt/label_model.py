"""Estimate, without any label, how probable each candidate is and how precise each source is.

A name occurs many times, and each occurrence is one more look at it. So names take the place of
annotators in the model of Dawid and Skene 1979 ("Maximum likelihood estimation of observer
error-rates using the EM algorithm"): each name has a share of occurrences that are mentions, drawn
around the mean of its group (listed or not, by form), and the students' support for an occurrence
is distributed differently for mentions and for others. EM finds both distributions, the groups'
means and the names' shares together.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from corpusmith.training.adapt.settings import AdaptSettings
from corpusmith.training.adapt.sources import FORMS, Candidate

Group = tuple[str, bool, str]
"""Label, whether the name is in the list, and its form."""


@dataclass(frozen=True)
class Estimates:
    """What the label model found."""

    chances: np.ndarray
    """Of each candidate: the probability that it is a mention."""
    names: dict[tuple[str, str], float]
    """Of each (label, name): the share of its occurrences that are mentions."""
    groups: dict[Group, float]
    """Of each group: the mean share, which is the precision of the source for such names."""
    sizes: dict[Group, int]
    """Occurrences in each group."""


def estimate(found: Sequence[Candidate], settings: AdaptSettings) -> Estimates:
    """Fit the model by EM. The result depends on the candidates alone, not on chance."""
    if not found:
        return Estimates(np.zeros(0), {}, {}, {})
    bins = np.digitize([candidate.support for candidate in found], settings.bins)
    keys = [(candidate.label, candidate.name) for candidate in found]
    name_ids = {key: i for i, key in enumerate(dict.fromkeys(keys))}
    name_of = np.array([name_ids[key] for key in keys])
    group_keys = [(c.label, c.listed, c.form) for c in found]
    group_ids = {key: i for i, key in enumerate(dict.fromkeys(group_keys))}
    group_of = np.array([group_ids[key] for key in group_keys])
    form_of = np.array([FORMS.index(candidate.form) for candidate in found])
    # All occurrences of a name share its form and whether it is listed, so they share the group.
    group_of_name = np.zeros(len(name_ids), dtype=int)
    group_of_name[name_of] = group_of

    means = np.array(
        [settings.listed_prior if listed else settings.unlisted_prior for _, listed, _ in group_ids]
    )
    counts = np.bincount(name_of)
    strength = settings.prior_strength
    edges = np.concatenate([[0.0], settings.bins, [1.0]])
    support = (edges[:-1] + edges[1:])[bins] / 2
    # Before the first look, the students' support is taken at its word, beside the group's prior.
    chances = (support + means[group_of]) / 2
    for _ in range(settings.iterations):
        shares = np.bincount(name_of, chances, len(name_ids)) + strength * means[group_of_name]
        shares = np.clip(shares / (counts + strength), 1e-4, 1 - 1e-4)
        sums = np.bincount(group_of, chances, len(group_ids))
        means = (sums + 1) / (np.bincount(group_of, minlength=len(group_ids)) + 2)
        likelihoods = distributions(form_of, bins, chances, len(edges) - 1)
        yes = shares[name_of] * likelihoods[1, form_of, bins]
        no = (1 - shares[name_of]) * likelihoods[0, form_of, bins]
        chances = yes / (yes + no)
    return Estimates(
        chances=chances,
        names={key: float(shares[i]) for key, i in name_ids.items()},
        groups={key: float(means[i]) for key, i in group_ids.items()},
        sizes={key: int((group_of == i).sum()) for key, i in group_ids.items()},
    )


def distributions(
    form_of: np.ndarray, bins: np.ndarray, chances: np.ndarray, count: int
) -> np.ndarray:
    """(mention or not, form, bin): how often such a candidate has support in the bin.

    The ratio of the two is kept from falling with the support: more support never makes a mention
    less probable.
    """
    totals = np.ones((2, len(FORMS), count))  # one pseudo-occurrence a bin
    np.add.at(totals[1], (form_of, bins), chances)
    np.add.at(totals[0], (form_of, bins), 1 - chances)
    shares = totals / totals.sum(-1, keepdims=True)
    ratio = np.maximum.accumulate(shares[1] / shares[0], axis=-1)
    shares[1] = ratio * shares[0]
    return shares
