"""Covariances of fitted parameters, clustered by participant and image.

In the models fitted here all responses of one kind (a method and the answer given, say) have the same score vector. So
the sums of scores within clusters need only how often each cluster gave each kind of response, and a sandwich variance
is a small matrix whatever the number of responses.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
from scipy import sparse

from analysis.estimation.estimates import Variance, degrees_of_freedom, floored


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
    return Patterns(labels, np.bincount(kind, minlength=len(labels)), *products, *sizes)


def sandwich(data: Patterns, influence: np.ndarray) -> Variance:
    """Two-way clustered variance of an estimate to which a response of kind c contributes `influence`[c] (C,).

    Each one-way term carries G/(G − 1) for its own number of clusters; the floor is that of docs/adr/050.
    """
    sizes = (data.participants, data.images, data.pairs)
    responses, clusters = int(data.counts.sum()), min(data.participants, data.images)
    if clusters < 2:
        return Variance(None, "none", max(clusters - 1, 0), responses, data.participants, data.images)
    df = min(
        degrees_of_freedom(data.participants, responses, float(data.by_participant.sum())),
        degrees_of_freedom(data.images, responses, float(data.by_image.sum())),
    )
    by_participant, by_image, by_pair = (
        float(influence @ products @ influence) * clusters / (clusters - 1)
        for products, clusters in zip((data.by_participant, data.by_image, data.by_pair), sizes, strict=True)
    )
    return floored(by_participant, by_image, by_pair, df, responses, data.participants, data.images)
