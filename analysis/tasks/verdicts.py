"""Two sorts of item that people tell apart: the mean of the two shares, differences of it, and d′.

Most often they are right and wrong predictions. Both sorts count alike, however many there are of each, so people who
give one answer to everything are at 50 %.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.estimation.cells import layout_by
from analysis.estimation.detection import sensitivity
from analysis.estimation.estimates import CellMeans, Estimate, Layout, combination, no_estimate
from analysis.notes import Note, marked

RIGHT, WRONG = PREDICTIONS = (marked("right"), marked("wrong"))
GUESSING, SHARE, DIFFERENCE = 0.5, (0.0, 1.0), (-1.0, 1.0)  # chance level; bounds of a share and of a difference
ONE_SORT = Note("There are answers to right predictions or to wrong ones alone.")


@dataclass(frozen=True)
class Sorts:
    """Their names, first the sort whose naming is a hit; `missing` is said where one of them has no answers."""

    names: tuple[str, str]
    missing: Note


VERDICTS = Sorts(PREDICTIONS, ONE_SORT)


@dataclass(frozen=True)
class Alike:
    """Two sorts that count alike in a kind's means, however many trials there are of each; `of`: the sort of each."""

    of: Callable[[pd.DataFrame], pd.Series]
    sorts: Sorts = VERDICTS


def judged_cells(
    trials: pd.DataFrame,
    values: np.ndarray,
    methods: tuple[str, ...],
    foils: Mapping[str, str],
    sorts: Sorts = VERDICTS,
) -> CellMeans:
    """Means of `values` (one a row of `trials`) by method and sort; `foils`: what is wrong to say → the sort."""
    return judged_layout(trials, methods, foils, sorts).of(np.asarray(values, float))


def judged_layout(
    trials: pd.DataFrame, methods: tuple[str, ...], foils: Mapping[str, str], sorts: Sorts = VERDICTS
) -> Layout:
    """The crossing of method and sort, for means of several values of the same trials; arguments as above."""
    frame = trials.assign(sort=trials["foil"].map(foils))
    return layout_by(frame, {"method": methods, "sort": sorts.names})


def balanced(
    cells: CellMeans, method: str, confidence: float, null: float = GUESSING, sorts: Sorts = VERDICTS
) -> Estimate:
    """The mean of a method's shares among both sorts, its p against `null`."""
    return of_both(cells, {method: 1.0}, confidence, null, SHARE, sorts=sorts)


def difference_of_both(cells: CellMeans, a: str, b: str, confidence: float, sorts: Sorts = VERDICTS) -> Estimate:
    """The mean of both shares with method `a` minus that with `b`."""
    return of_both(cells, {a: 1.0, b: -1.0}, confidence, 0.0, DIFFERENCE, sorts=sorts)


def of_both(
    cells: CellMeans,
    of_methods: Mapping[str, float],
    confidence: float,
    null: float,
    bounds: tuple[float, float],
    first: float = 0.5,
    sorts: Sorts = VERDICTS,
) -> Estimate:
    """The sum over methods, each times its weight, of both sorts' means; `first` of a method's weight is that of the
    first sort. `bounds`: of the result."""
    weights = np.zeros(len(cells.labels))
    for method, weight in of_methods.items():
        for sort, part in zip(sorts.names, (first, 1 - first), strict=True):
            weights[cells.index((method, sort))] += weight * part
    there = cells.counts[weights != 0] > 0
    if there.any() and not there.all():
        return no_estimate(sorts.missing)
    return combination(cells, weights, confidence, null, bounds)


def detection(cells: CellMeans, method: str, measure: str, confidence: float, sorts: Sorts = VERDICTS) -> Estimate:
    """ "d-prime" or "criterion" from cells (method, sort) of answers that call the item one of the first sort."""
    hit, alarm = ((method, sort) for sort in sorts.names)
    return sensitivity(cells, hit, alarm, measure, confidence, sorts.missing)
