"""Estimate, without any label, how probable each candidate is and how precise each source is.

A name occurs many times, and each occurrence is evidence. So names take the place of annotators in
the model of Dawid and Skene 1979 ("Maximum likelihood estimation of observer error-rates using the
EM algorithm"): each name has a share of occurrences that are mentions, drawn around the mean of its
group (listed or not, by form), and the students' support for an occurrence is distributed
differently for mentions and for others. EM finds both distributions, the groups' means and the
names' shares together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from corpusmith.extraction.assist.candidates import FORMS, Candidate
from corpusmith.extraction.assist.settings import LabelSettings

Group = tuple[str, bool, str]
"""Label, whether the name is in the list, and its form."""


@dataclass(frozen=True)
class LabelModel:
    """The fitted label model. It can score candidates in other text."""

    bins: tuple[float, ...]
    likelihoods: np.ndarray
    """(mention or not, form, bin of support): see `distributions`."""
    groups: dict[Group, float]
    """Mean share of mentions per group: the source's precision for such names."""
    names: dict[tuple[str, str], float]
    """For each seen (label, name), the share of its occurrences that are mentions."""

    def chances(self, found: Sequence[Candidate]) -> np.ndarray:
        """The probability that each candidate is a mention."""
        shares = np.array([self.share(candidate) for candidate in found])
        forms = np.array([FORMS.index(candidate.form) for candidate in found], dtype=int)
        bins = np.digitize([candidate.support for candidate in found], self.bins)
        yes = shares * self.likelihoods[1, forms, bins]
        no = (1 - shares) * self.likelihoods[0, forms, bins]
        return yes / (yes + no)

    def share(self, candidate: Candidate) -> float:
        """The share of mentions of the candidate's name, or of its group for an unseen name."""
        group = (candidate.label, candidate.listed, candidate.form)
        return self.names.get((candidate.label, candidate.name), self.groups.get(group, 0.5))

    def facts(self) -> dict[str, Any]:
        """Numbers only: no name."""
        return {
            "bins": list(self.bins),
            "likelihoods": self.likelihoods.round(6).tolist(),
            "groups": [
                {"label": label, "listed": listed, "form": form, "share": round(share, 6)}
                for (label, listed, form), share in sorted(self.groups.items())
            ],
        }

    @classmethod
    def from_facts(
        cls, facts: Mapping[str, Any], names: Mapping[tuple[str, str], float]
    ) -> "LabelModel":
        groups = {(g["label"], g["listed"], g["form"]): g["share"] for g in facts["groups"]}
        return cls(tuple(facts["bins"]), np.array(facts["likelihoods"]), groups, dict(names))


def prior_model(labels: Sequence[str], settings: LabelSettings) -> LabelModel:
    """The label model of a model that was not adapted: its groups have the priors as precision.

    The likelihood of a mention is its support, the students' mean probability.
    """
    edges = np.concatenate([[0.0], settings.bins, [1.0]])
    support = (edges[:-1] + edges[1:]) / 2
    priors = {True: settings.listed_prior, False: settings.unlisted_prior}
    return LabelModel(
        bins=settings.bins,
        likelihoods=np.stack(
            [np.tile(1 - support, (len(FORMS), 1)), np.tile(support, (len(FORMS), 1))]
        ),
        groups={
            (label, listed, form): prior
            for label in labels
            for listed, prior in priors.items()
            for form in FORMS
        },
        names={},
    )


@dataclass(frozen=True)
class Estimates:
    """The fitted model, and its probabilities for the candidates that it was fitted on."""

    chances: np.ndarray
    model: LabelModel
    sizes: dict[Group, int]
    """Candidates in each group."""


def fit_label_model(found: Sequence[Candidate], settings: LabelSettings) -> Estimates:
    """Fit the model by EM. The result is deterministic."""
    if not found:
        return Estimates(np.zeros(0), prior_model((), settings), {})
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
    # The first estimate is the mean of the students' support and the group's prior.
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
    model = LabelModel(
        bins=settings.bins,
        likelihoods=likelihoods,
        groups={key: float(means[i]) for key, i in group_ids.items()},
        names={key: float(shares[i]) for key, i in name_ids.items()},
    )
    return Estimates(
        chances=chances,
        model=model,
        sizes={key: int((group_of == i).sum()) for key, i in group_ids.items()},
    )


def distributions(
    form_of: np.ndarray, bins: np.ndarray, chances: np.ndarray, count: int
) -> np.ndarray:
    """(mention or not, form, bin): how often such a candidate has support in the bin.

    The ratio of the two never falls with the support, so more support never makes a mention less
    probable.
    """
    totals = np.ones((2, len(FORMS), count))  # one pseudo-occurrence a bin
    np.add.at(totals[1], (form_of, bins), chances)
    np.add.at(totals[0], (form_of, bins), 1 - chances)
    shares = totals / totals.sum(-1, keepdims=True)
    ratio = np.maximum.accumulate(shares[1] / shares[0], axis=-1)
    shares[1] = ratio * shares[0]
    return shares
