"""RAIR and RSR compared at equal confidence in the own answer.

People who are less sure follow advice more often, and explanations may change which cases there are. So methods are
compared within each step of confidence, and the differences are averaged with the share of all compared cases at that
step (direct standardization). The steps' shares are taken as given.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.estimation.cells import cells_by, estimate_table
from analysis.estimation.estimates import CellMeans, Estimate, combination, no_estimate
from analysis.notes import Note
from contracts.tasks import CONFIDENCE, KINDS

FACTS = KINDS["reliance"]
STEPS = next(question.values for question in FACTS.questions if question.name == CONFIDENCE)
FEWEST = 5  # cases of either method; a step with fewer is left out
TOO_FEW = Note("At no confidence have both methods enough cases.")


def with_confidence(trials: pd.DataFrame, answers: pd.DataFrame) -> pd.DataFrame:
    """`trials` with `step`, the confidence in the own answer; empty where it was not asked."""
    given = answers[answers["question"] == CONFIDENCE].set_index("trial_id")["response"] if len(answers) else {}
    return trials.assign(step=trials["trial_id"].map(given).astype(object))


def at_equal_confidence(
    parts: dict[str, tuple[pd.DataFrame, np.ndarray]],
    methods: Sequence[str],
    pairs: Sequence[tuple[str, str]],
    confidence: float,
) -> pd.DataFrame:
    """Measure, method and what it is compared with → the difference; `covered`: share of cases at the steps compared.

    `parts`: measure → (its cases, which have `step`, and the value (n,) of each). Empty where nobody was asked.
    """
    found: dict[tuple[str, str, str], Estimate] = {}
    covered: list[float] = []
    for measure, (rows, values) in parts.items():
        asked = rows["step"].isin(STEPS).to_numpy()
        if not asked.any():
            continue
        cells = cells_by(rows[asked], values[asked], {"method": methods, "step": STEPS})
        for method, other in pairs:
            weights = step_weights(cells, method, other)
            found[measure, method, other] = step_difference(cells, method, other, weights, confidence)
            covered.append(_covered(cells, method, other, weights))
    return estimate_table(found, ["measure", "method", "against"]).assign(covered=np.array(covered, float))


def step_weights(cells: CellMeans, method: str, other: str) -> np.ndarray:
    """The share (steps,) of the cases of both methods at each step that has enough of either; 0 at the others."""
    counts = np.array([[cells.counts[cells.index((m, step))] for step in STEPS] for m in (method, other)], float)
    kept = np.where((counts >= FEWEST).all(axis=0), counts.sum(axis=0), 0)
    return kept / kept.sum() if kept.any() else kept


def step_difference(cells: CellMeans, method: str, other: str, at_step: np.ndarray, confidence: float) -> Estimate:
    """Mean of `method` minus that of `other` within the steps, averaged with the shares `at_step` (steps,)."""
    if not at_step.any():
        return no_estimate(TOO_FEW)
    weights = np.zeros(len(cells.labels))
    for sign, of in ((1, method), (-1, other)):
        for step, share in zip(STEPS, at_step, strict=True):
            weights[cells.index((of, step))] = sign * share
    return combination(cells, weights, confidence, 0.0, FACTS.difference_bounds)


def _covered(cells: CellMeans, method: str, other: str, at_step: np.ndarray) -> float:
    counts = np.array([[cells.counts[cells.index((m, step))] for step in STEPS] for m in (method, other)], float)
    return float(counts[:, at_step > 0].sum() / counts.sum()) if counts.any() else float("nan")
