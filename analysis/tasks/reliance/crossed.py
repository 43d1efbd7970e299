"""RAIR, RSR and right final answers by a logit model with crossed random effects of people and images.

The cases of a measure: y ~ method + own confidence, with effects of participants and of images that differ between
methods. Right final answers have a fixed effect of each method for right and for wrong advice. The confidence in the
own answer, 1 to 4, is a covariate where it was asked. Differences are of shares, as if all cases had either method.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import special

from analysis.estimation.cells import estimate_table
from analysis.estimation.estimates import Estimate
from analysis.estimation.mixed import fit_trials
from analysis.tasks.random_effects import levels_of, of_methods, over_sorts
from analysis.tasks.reliance.stratified import STEPS

MIDDLE = (float(STEPS[0]) + float(STEPS[-1])) / 2
SLOPE = ("slope", "slope_low", "slope_high")


def by_random_effects(
    parts: Mapping[str, tuple[pd.DataFrame, np.ndarray]],
    methods: Sequence[str],
    pairs: Sequence[tuple[str, str]],
    confidence: float,
) -> pd.DataFrame:
    """Measure, method and what it is compared with → the difference; SLOPE: of the confidence, in logits per step.

    `parts`: measure → (its cases, which have `step` and `advised`, and the value (n,) of each).
    """
    found: dict[tuple[str, str, str], Estimate] = {}
    slopes: list[tuple[float, float, float]] = []
    for measure, (cases, values) in parts.items():
        rows, x = _with_covariate(cases.assign(correct=values))
        advised = rows["advised"].to_numpy(bool)
        for method, other in pairs:
            found[measure, method, other] = over_sorts(rows, methods, advised, method, other, confidence, x)
            slopes.append(slope_of_confidence(rows, methods, x, found[measure, method, other], confidence))
    columns = dict(zip(SLOPE, np.array(slopes, float).reshape(-1, len(SLOPE)).T, strict=True))
    return estimate_table(found, ["measure", "method", "against"]).assign(**columns)


def _with_covariate(cases: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray | None]:
    """The cases with a confidence and it (n, 1); all cases and nothing where nobody was asked."""
    asked = cases["step"].isin(STEPS)
    if not asked.any():
        return cases, None
    return cases[asked], cases.loc[asked, ["step"]].to_numpy(float) - MIDDLE


def slope_of_confidence(
    rows: pd.DataFrame, methods: Sequence[str], x: np.ndarray | None, fitted: Estimate, confidence: float
) -> tuple[float, float, float]:
    """In logits per step, with its interval; NaN where nobody was asked or nothing was `fitted`."""
    if x is None or fitted.value is None:
        return np.nan, np.nan, np.nan
    level, labels = levels_of(rows, methods, rows["advised"].to_numpy(bool))
    model = fit_trials(rows, level, x, of_methods(methods, labels))
    reach = float(special.stdtrit(fitted.df, 0.5 + confidence / 2) * np.sqrt(model.covariance[-1, -1]))
    slope = float(model.effects[-1])
    return slope, slope - reach, slope + reach
