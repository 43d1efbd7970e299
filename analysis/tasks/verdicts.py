"""Right and wrong predictions that people judge: the mean of the two shares, differences of it, and d′.

Both sorts count alike, however many there are of each, so people who believe everything are at 50 %.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.estimation.cells import cells_by
from analysis.estimation.detection import sensitivity
from analysis.estimation.estimates import CellMeans, Estimate, combination, no_estimate
from analysis.notes import Note, marked

RIGHT, WRONG = PREDICTIONS = (marked("right"), marked("wrong"))
GUESSING, SHARE, DIFFERENCE = 0.5, (0.0, 1.0), (-1.0, 1.0)  # chance level; bounds of a share and of a difference
ONE_SORT = Note("There are answers to right predictions or to wrong ones alone.")


def judged_cells(
    trials: pd.DataFrame, values: np.ndarray, methods: tuple[str, ...], foils: Mapping[str, str]
) -> CellMeans:
    """Means of `values` (one a row of `trials`) by method and sort; `foils`: what is wrong to say → the prediction."""
    frame = trials.assign(prediction=trials["foil"].map(foils))
    return cells_by(frame, values, {"method": methods, "prediction": PREDICTIONS})


def balanced(cells: CellMeans, method: str, confidence: float, null: float = GUESSING) -> Estimate:
    """The mean of a method's shares among right and among wrong predictions, its p against `null`."""
    return of_both(cells, {method: 1.0}, confidence, null, SHARE)


def difference_of_both(cells: CellMeans, a: str, b: str, confidence: float) -> Estimate:
    """The mean of both shares with method `a` minus that with `b`."""
    return of_both(cells, {a: 1.0, b: -1.0}, confidence, 0.0, DIFFERENCE)


def of_both(
    cells: CellMeans,
    of_methods: Mapping[str, float],
    confidence: float,
    null: float,
    bounds: tuple[float, float],
    right: float = 0.5,
) -> Estimate:
    """The sum over methods, each times its weight, of both sorts' means; `right` of a method's weight is that of right
    predictions. `bounds`: of the result."""
    weights = np.zeros(len(cells.labels))
    for method, weight in of_methods.items():
        for sort, part in ((RIGHT, right), (WRONG, 1 - right)):
            weights[cells.index((method, sort))] += weight * part
    there = cells.counts[weights != 0] > 0
    if there.any() and not there.all():
        return no_estimate(ONE_SORT)
    return combination(cells, weights, confidence, null, bounds)


def detection(cells: CellMeans, method: str, measure: str, confidence: float) -> Estimate:
    """ "d-prime" or "criterion" from cells (method, sort) of answers that call the prediction correct."""
    return sensitivity(cells, (method, RIGHT), (method, WRONG), measure, confidence, ONE_SORT)
