"""Means of crossed, clustered responses, with two-way cluster-robust intervals.

The estimand is a mean over participants and images, so responses are clustered by both. The variance is that of
Cameron, Gelbach & Miller (2011, J. Business & Economic Statistics 29(2), eq. 2.11): V_participant + V_image − V_pair,
for the linear-probability model that has one indicator per cell. Each of the three carries the correction
G/(G−1) · (n−1)/(n−k) for its own number of clusters G, n rows and k cells; t has min(G_participant, G_image) − 1
degrees of freedom, or their effective numbers where responses are spread very unequally; and where the two-way variance
falls below both one-way variances, the smaller of these is taken (docs/adr/050 says why not the larger). Where people
are in conditions, V_participant is the sum over these, each with the correction for its own number of people, and its
degrees of freedom are Satterthwaite's (1946). Sums are kept for every cluster and cell where these are few, else for
those that have responses, so the work is linear in the responses.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from analysis.estimation.clusters import Clustering, Grouping, dense, grouping, with_conditions
from analysis.notes import NO_NOTE, OPEN_NOTE, Note, NotedError, marked, no_responses

NO_VARIATION = 1e-14  # a variance below this is rounding: every cluster says the same


EXACT_NOTE = Note(
    "No variation between participants or between images: the interval is the exact binomial one, with the smaller"
    " number of the two as its trials."
)
UNEQUAL_NOTE = marked(
    "Responses are spread very unequally over participants or images: these count as {n} of equal size, and the"
    " interval may still be a little too short."
)
CUT_NOTE = Note("The interval is cut to the possible values.")
# (is there one participant?, is there one image?) → why there is no interval
SINGLE_NOTES = {
    (True, True): Note("No interval: one participant and one image cannot speak for others."),
    (True, False): Note("No interval: one participant cannot speak for others."),
    (False, True): Note("No interval: one image cannot speak for others."),
    (False, False): Note("No interval: too few responses."),
}
NO_VARIATION_NOTE = Note("No interval: no variation between participants or between images.")


class EstimateError(Exception):
    """An estimate was asked for that the cells cannot give; the message names the cell."""


class EmptyCellsError(NotedError, EstimateError):
    """An estimate was asked for of cells without responses."""


@dataclass(frozen=True)
class CellMeans:
    """Means and counts of C cells, and what their joint covariance is computed from."""

    labels: tuple[Hashable, ...]
    means: np.ndarray  # (C,), NaN where a cell is empty
    counts: np.ndarray  # (C,)
    by_participant: Clustering
    by_image: Clustering
    by_pair: Clustering
    by_condition: tuple[Clustering, ...] = ()  # participants of each condition, where there are several

    def index(self, label: Hashable) -> int:
        """The cell's position. Raises EstimateError for a label that was not declared."""
        if label not in self.labels:
            raise EstimateError(f"no cell {_name(label)}; there are {', '.join(map(_name, self.labels))}")
        return self.labels.index(label)


@dataclass(frozen=True)
class Variance:
    """Variance of one linear combination of cell means, with all that went into it."""

    value: float | None  # None: too few clusters to know it
    rule: str  # "two-way", or the one-way variance that replaces it
    df: float
    responses: int
    participants: int
    images: int
    by_participant: float = np.nan  # the one-way variances are NaN where the two-way one is unknown
    by_image: float = np.nan
    by_pair: float = np.nan
    participant_df: float | None = None  # of by_participant where people are in conditions; else their number less one
    is_unequal: bool | None = None  # do unequal clusters make df fewer? None: where df are below the clusters less one


@dataclass(frozen=True)
class Estimate:
    """A number with its interval. None means that it cannot be computed, and then `note` says why."""

    value: float | None
    low: float | None
    high: float | None
    se: float | None
    df: float
    p: float | None
    responses: int
    participants: int
    images: int
    rule: str
    note: Note = NO_NOTE


@dataclass(frozen=True)
class Layout:
    """Which cells and clusters n responses belong to: all of `CellMeans` that does not depend on their values."""

    labels: tuple[Hashable, ...]
    cell: np.ndarray  # (n,) indices into `labels`
    counts: np.ndarray  # (C,)
    by_participant: Grouping
    by_image: Grouping
    by_pair: Grouping
    by_condition: tuple[tuple[np.ndarray, Grouping], ...]  # (which responses, their participants)

    def of(self, values: np.ndarray) -> CellMeans:
        """Means of `values` (n,) within cells, ready for clustered variances."""
        n_cells = len(self.labels)
        sums = np.bincount(self.cell, weights=values, minlength=n_cells)
        means = np.full(n_cells, np.nan)
        np.divide(sums, self.counts, out=means, where=self.counts > 0)
        residuals = values - means[self.cell]
        people, images, pairs = (by.of(residuals) for by in (self.by_participant, self.by_image, self.by_pair))
        apart = tuple(by.of(residuals[rows]) for rows, by in self.by_condition)
        return CellMeans(self.labels, means, self.counts, people, images, pairs, apart)


def layout(
    cell: np.ndarray,
    participant: np.ndarray,
    image: np.ndarray,
    labels: Sequence[Hashable],
    condition: np.ndarray | None = None,
) -> Layout:
    """For the means of many drawn values at the same places; arguments as those of `cell_means`."""
    n_cells = len(labels)
    images = int(image.max()) + 1 if image.size else 0
    pair = dense(participant.astype(np.int64) * images + image)
    people, images_, pairs = (grouping(cell, cluster, n_cells) for cluster in (participant, image, pair))
    conditions = 0 if condition is None else int(condition.max(initial=0)) + 1
    groups = [np.flatnonzero(condition == code) for code in range(conditions)] if conditions > 1 else []
    apart = tuple((rows, grouping(cell[rows], dense(participant[rows]), n_cells)) for rows in groups)
    return Layout(tuple(labels), cell, np.bincount(cell, minlength=n_cells), people, images_, pairs, apart)


def cell_means(
    values: np.ndarray,
    cell: np.ndarray,
    participant: np.ndarray,
    image: np.ndarray,
    labels: Sequence[Hashable],
    condition: np.ndarray | None = None,
) -> CellMeans:
    """Means of `values` (n,) within cells, ready for clustered variances.

    `cell` (n,) holds indices into `labels`; `participant` and `image` (n,) hold codes from 0. Cells may be empty.
    `condition` (n,): codes from 0 of the participants' conditions.
    """
    return layout(cell, participant, image, labels, condition).of(values)


def _name(label: Hashable) -> str:
    return " × ".join(map(str, label)) if isinstance(label, tuple) else str(label)


def variance(cells: CellMeans, weights: np.ndarray) -> Variance:
    """Variance of Σ weights·means (weights (C,)), as though only the cells with a weight had been fitted.

    Raises EmptyCellsError when a weighted cell is empty.
    """
    used = np.flatnonzero(weights)
    counts = cells.counts[used]
    if not counts.all():
        raise EmptyCellsError(no_responses([cells.labels[i] for i in used if cells.counts[i] == 0]))
    people, images = cells.by_participant.sizes(used), cells.by_image.sizes(used)
    n, k, of_both = people.responses, len(used), (people.clusters, images.clusters)
    if min(of_both) < 2 or n <= k:
        return Variance(None, "none", max(min(of_both) - 1, 0), n, *of_both)
    scaled, block = weights[used] / counts, (used[:, None], used)

    def one_way(clustering: Clustering, clusters: int) -> float:
        raw = scaled @ clustering.products[block] @ scaled
        return float(raw * clusters / (clusters - 1) * (n - 1) / (n - k))

    by_participant, by_image = one_way(cells.by_participant, of_both[0]), one_way(cells.by_image, of_both[1])
    by_pair = one_way(cells.by_pair, cells.by_pair.sizes(used).clusters)
    groups = [(group, group.sizes(used)) for group in cells.by_condition]
    groups = [(group, sizes) for group, sizes in groups if sizes.clusters]
    if len(groups) > 1:
        if min(sizes.clusters for _, sizes in groups) < 2:
            return Variance(None, "none", 0, n, *of_both)
        parts = [one_way(group, sizes.clusters) for group, sizes in groups]
        by_participant = sum(parts)
        of_people, is_unequal = with_conditions(parts, [sizes for _, sizes in groups], images.df, images.clusters)
        spread = floored(by_participant, by_image, by_pair, min(of_people, images.df), n, *of_both)
        return replace(spread, participant_df=of_people, is_unequal=is_unequal)
    return floored(by_participant, by_image, by_pair, min(people.df, images.df), n, *of_both)


def floored(
    by_participant: float, by_image: float, by_pair: float, df: float, responses: int, participants: int, images: int
) -> Variance:
    """The two-way variance of three one-way ones, or the smaller one-way variance where it falls below both."""
    candidates = {
        "two-way": by_participant + by_image - by_pair,
        "participants only" if by_participant <= by_image else "images only": min(by_participant, by_image),
    }
    rule = max(candidates, key=lambda name: candidates[name])  # the first of equals: two-way
    return Variance(candidates[rule], rule, df, responses, participants, images, by_participant, by_image, by_pair)


def combination(
    cells: CellMeans,
    weights: np.ndarray,
    confidence: float,
    null: float = 0.0,
    bounds: tuple[float, float] = (-np.inf, np.inf),
) -> Estimate:
    """Σ weights·means with its t interval, cut to `bounds` (the scale's ends), and the two-sided p against `null`."""
    used = weights != 0
    return linearized(cells, float(weights[used] @ cells.means[used]), weights, confidence, null, bounds)


def linearized(
    cells: CellMeans,
    value: float,
    gradient: np.ndarray,
    confidence: float,
    null: float = 0.0,
    bounds: tuple[float, float] = (-np.inf, np.inf),
) -> Estimate:
    """A smooth function of the cell means: its `value`, with the variance that its `gradient` gives (delta method)."""
    try:
        spread = variance(cells, gradient)
    except EmptyCellsError as error:
        return no_estimate(error.note)
    return with_interval(value, spread, confidence, null, bounds)


def with_interval(
    value: float,
    spread: Variance,
    confidence: float,
    null: float | None = 0.0,
    bounds: tuple[float, float] = (-np.inf, np.inf),
) -> Estimate:
    """`value` with the t interval that its variance gives, cut to `bounds`, and the two-sided p against `null`.

    Without any variation between clusters the interval and p are exact, as a share's between the `bounds`: of all
    values with one mean those at the ends vary most. Without `bounds` there is none then.
    """
    if spread.value is None:
        return _bare(value, spread, SINGLE_NOTES[spread.participants == 1, spread.images == 1])
    if spread.value < NO_VARIATION:
        return _exactly(value, spread, confidence, null, bounds)
    se = float(np.sqrt(spread.value))
    reach = se * _t_quantile(spread.df, confidence)
    t = None if null is None else (value - null) / se
    return within(_estimate(value, value - reach, value + reach, se, t, spread), bounds)


def proportion(
    cells: CellMeans,
    label: Hashable,
    confidence: float,
    null: float | None = None,
    bounds: tuple[float, float] = (0.0, 1.0),
) -> Estimate:
    """A cell's mean of values within `bounds`, its interval computed on the logit scale; p against `null` there too.

    Where clusters do not vary at all the interval is the exact binomial one (Clopper & Pearson, 1934) with
    the smaller number of clusters as its number of trials; the note says so.
    """
    cell = cells.index(label)
    try:
        spread = variance(cells, np.eye(len(cells.labels))[cell])
    except EmptyCellsError as error:
        return no_estimate(error.note)
    value = float(cells.means[cell])
    if spread.value is None or spread.value < NO_VARIATION:
        return with_interval(value, spread, confidence, null, bounds)
    se, (least, most) = float(np.sqrt(spread.value)), bounds
    centre, slope = _logit(value, bounds), (value - least) * (most - value) / (most - least)
    reach = se / slope * _t_quantile(spread.df, confidence)
    low, high = (least + (most - least) * float(special.expit(centre + side * reach)) for side in (-1, 1))
    t = None if null is None else (centre - _logit(null, bounds)) / (se / slope)
    return _estimate(value, low, high, se, t, spread)


def _logit(value: float, bounds: tuple[float, float]) -> float:
    return float(np.log((value - bounds[0]) / (bounds[1] - value)))


def difference(
    cells: CellMeans, a: Hashable, b: Hashable, confidence: float, bounds: tuple[float, float] = (-np.inf, np.inf)
) -> Estimate:
    """Mean of cell `a` minus mean of cell `b`, from their joint covariance; its interval cut to `bounds`."""
    weights = np.zeros(len(cells.labels))
    weights[cells.index(a)] += 1
    weights[cells.index(b)] -= 1
    return combination(cells, weights, confidence, bounds=bounds)


def within(estimate: Estimate, bounds: tuple[float, float]) -> Estimate:
    """`estimate` with its interval cut to `bounds`, the values that are possible at all; a note says that it was."""
    if estimate.low is None or estimate.high is None or not (note := cut_note((estimate.low, estimate.high), bounds)):
        return estimate
    return replace(estimate, low=max(estimate.low, bounds[0]), high=min(estimate.high, bounds[1]), note=note)


def cut_note(reach: tuple[float, float], bounds: tuple[float, float]) -> Note:
    """What is said of an interval that `reach`es beyond `bounds`; empty for one that does not."""
    beyond = reach[0] < bounds[0], reach[1] > bounds[1]
    return OPEN_NOTE if all(beyond) else CUT_NOTE if any(beyond) else NO_NOTE


def no_estimate(note: Note) -> Estimate:
    """What a table shows where there is no number at all."""
    return Estimate(None, None, None, None, 0, None, 0, 0, 0, "none", note)


def _t_quantile(df: float, confidence: float) -> float:
    """Student's t quantile of a two-sided interval (scipy.special, because scipy.stats is slow at single values)."""
    return float(special.stdtrit(df, 0.5 + confidence / 2))


def _bare(value: float, spread: Variance, note: Note) -> Estimate:
    counts = spread.responses, spread.participants, spread.images
    return Estimate(value, None, None, None, spread.df, None, *counts, "none", note)


def _estimate(value: float, low: float, high: float, se: float, t: float | None, spread: Variance) -> Estimate:
    p = None if t is None else float(2 * special.stdtr(spread.df, -abs(t)))
    is_unequal = spread.is_unequal
    if is_unequal is None:
        is_unequal = spread.df < min(spread.participants, spread.images) - 1
    note = Note(UNEQUAL_NOTE, {"n": format(spread.df + 1, ".1f")}) if is_unequal else NO_NOTE
    return Estimate(
        value, low, high, se, spread.df, p, spread.responses, spread.participants, spread.images, spread.rule, note
    )


def _exactly(
    value: float, spread: Variance, confidence: float, null: float | None, bounds: tuple[float, float]
) -> Estimate:
    least, length = bounds[0], bounds[1] - bounds[0]
    if not np.isfinite(length):
        return _bare(value, spread, NO_VARIATION_NOTE)
    trials = spread.df + 1
    low, high = (least + length * end for end in _exact((value - least) / length, trials, confidence))
    p = None if null is None else _exact_p((value - least) / length, trials, (null - least) / length)
    return replace(_bare(value, spread, EXACT_NOTE), low=low, high=high, p=p, rule="exact")


def _exact_p(share: float, trials: float, null: float) -> float:
    """Twice the smaller tail of the binomial distribution."""
    successes = share * trials
    above = special.betainc(successes, trials - successes + 1, null) if successes > 0 else 1.0
    below = special.betainc(trials - successes, successes + 1, 1 - null) if successes < trials else 1.0
    return float(min(1.0, 2 * above, 2 * below))


def _exact(share: float, trials: float, confidence: float) -> tuple[float, float]:
    successes, tail = share * trials, (1 - confidence) / 2
    low = special.betaincinv(successes, trials - successes + 1, tail) if successes > 0 else 0.0
    high = special.betaincinv(successes + 1, trials - successes, 1 - tail) if successes < trials else 1.0
    return float(low), float(high)


def wilson(share: float, responses: int, confidence: float) -> tuple[float, float]:
    """Wilson's (1927) interval, which treats all responses as independent: shown greyed, never a headline."""
    z = special.ndtri(0.5 + confidence / 2)
    centre = (share + z**2 / (2 * responses)) / (1 + z**2 / responses)
    reach = z / (1 + z**2 / responses) * np.sqrt(share * (1 - share) / responses + z**2 / (4 * responses**2))
    return float(max(centre - reach, 0)), float(min(centre + reach, 1))


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's (1979) step-down p-values. A missing p counts as 1 in the family, and stays missing."""
    filled = np.array([1.0 if p is None else p for p in p_values])
    order = np.argsort(filled)
    steps = filled[order] * np.arange(len(filled), 0, -1)
    adjusted = np.empty(len(filled))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return [None if p is None else float(a) for p, a in zip(p_values, adjusted, strict=True)]
