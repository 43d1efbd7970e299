"""Covariances of fitted parameters, clustered by participant and image.

In the models fitted here all responses of one kind (a method and the answer given, say) have the same score vector. So
the sums of scores within clusters need only how often each cluster gave each kind of response, and a sandwich variance
is a small matrix whatever the number of responses.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import pandas as pd
from scipy import sparse

from analysis.estimation.clusters import degrees_of_freedom, sizes_of, with_conditions
from analysis.estimation.estimates import Variance, floored


@dataclass(frozen=True)
class Patterns:
    """How often each of C kinds of response was given, and Σ over clusters of products of their counts, (C, C) each."""

    labels: tuple[tuple[object, ...], ...]
    counts: np.ndarray
    by_participant: np.ndarray
    by_image: np.ndarray
    by_pair: np.ndarray
    participants: int
    images: int
    pairs: int
    by_condition: tuple[tuple[np.ndarray, np.ndarray], ...] = ()  # (products, people's responses) of each condition


def patterns(trials: pd.DataFrame, levels: Mapping[str, Sequence[object]]) -> Patterns:
    """Counts of the crossing of `levels` (column → its levels, in order); every value must be among its levels."""
    kind = np.zeros(len(trials), np.int64)
    for column, names in levels.items():
        kind = kind * len(names) + pd.Categorical(trials[column], categories=list(names)).codes
    participant, image = (pd.factorize(trials[column])[0] for column in ("participant_id", "image_id"))
    pair = pd.factorize(participant.astype(np.int64) * (int(image.max(initial=0)) + 1) + image)[0]
    labels = tuple(product(*levels.values()))
    sizes = [int(codes.max(initial=-1)) + 1 for codes in (participant, image, pair)]
    products = []
    for codes, clusters in zip((participant, image, pair), sizes, strict=True):
        counts = sparse.csr_array((np.ones(len(kind)), (codes, kind)), shape=(clusters, len(labels)))
        products.append((counts.T @ counts).toarray())
    counts = np.bincount(kind, minlength=len(labels))
    apart = _by_condition(trials, kind, participant, len(labels))
    people, images, pairs = products
    return Patterns(labels, counts, people, images, pairs, sizes[0], sizes[1], sizes[2], apart)


def _by_condition(
    trials: pd.DataFrame, kind: np.ndarray, participant: np.ndarray, n_kinds: int
) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    """Empty where all people are in one condition."""
    if "condition" not in trials or trials["condition"].nunique(dropna=False) < 2:
        return ()
    condition, found = pd.factorize(trials["condition"], use_na_sentinel=False), []
    for code in range(len(condition[1])):
        rows = condition[0] == code
        people, ids = pd.factorize(participant[rows])
        shape = len(ids), n_kinds
        counts = sparse.csr_array((np.ones(len(people)), (people, kind[rows])), shape=shape)
        found.append(((counts.T @ counts).toarray(), np.bincount(people)))
    return tuple(found)


def sandwich(data: Patterns, influence: np.ndarray) -> Variance:
    """Two-way clustered variance of an estimate to which a response of kind c contributes `influence`[c] (C,).

    Each one-way term carries G/(G − 1) for its own number of clusters; the floor is that of docs/adr/050.
    """
    sizes = (data.participants, data.images, data.pairs)
    responses, clusters = int(data.counts.sum()), min(data.participants, data.images)
    if clusters < 2:
        return Variance(None, "none", 0, responses, data.participants, data.images)
    df = min(
        degrees_of_freedom(data.participants, responses, float(data.by_participant.sum())),
        degrees_of_freedom(data.images, responses, float(data.by_image.sum())),
    )
    by_participant, by_image, by_pair = (
        float(influence @ products @ influence) * clusters / (clusters - 1)
        for products, clusters in zip((data.by_participant, data.by_image, data.by_pair), sizes, strict=True)
    )
    if data.by_condition:
        return _with_conditions(data, influence, by_image, by_pair, responses)
    return floored(by_participant, by_image, by_pair, df, responses, data.participants, data.images)


def _with_conditions(
    data: Patterns, influence: np.ndarray, by_image: float, by_pair: float, responses: int
) -> Variance:
    """The variance between people summed over conditions, as in analysis/estimation/estimates.py."""
    sizes = [sizes_of(people) for _, people in data.by_condition]
    if min(each.clusters for each in sizes) < 2:
        return Variance(None, "none", 0, responses, data.participants, data.images)
    parts = [
        float(influence @ products @ influence) * each.clusters / (each.clusters - 1)
        for (products, _), each in zip(data.by_condition, sizes, strict=True)
    ]
    of_images = degrees_of_freedom(data.images, responses, float(data.by_image.sum()))
    of_people, is_unequal = with_conditions(parts, sizes, of_images, data.images)
    df = min(of_people, of_images)
    spread = floored(sum(parts), by_image, by_pair, df, responses, data.participants, data.images)
    return replace(spread, is_unequal=is_unequal)
