"""Is a comparison smaller than what would matter? Two one-sided tests (Schuirmann 1987) of each planned comparison.

A difference is equivalent when it is shown to lie within ± the smallest effect of interest that the definition names.
The p-values of these tests are a family of their own under Holm's correction.
"""

from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from analysis.config import AnalysisConfig
from analysis.estimation.estimates import holm
from contracts.tasks import KINDS


def equivalence_tests(contrasts: pd.DataFrame, rules: AnalysisConfig) -> pd.DataFrame:
    """Columns for the table of contrasts, a row each: `smallest`, the smallest effect of
    interest in the values' unit; `p_equivalence`; `p_equivalence_holm`; and `equivalent`. NaN where none is named.

    Under a sequential rule equivalence is tested at the last look alone.
    """
    named = {(c.task, c.a, c.b): c for c in rules.contrasts}
    shares = [rules.smallest_effect_of(named[row.task, row.a, row.b], row.kind) for row in contrasts.itertuples()]
    smallest = [
        np.nan if share is None else share * KINDS[kind].length
        for share, kind in zip(shares, contrasts["kind"], strict=True)
    ]
    last = len(rules.sequential.looks) if rules.sequential else None
    p_values = [
        _p(row, margin) if last in (None, row.look) else None
        for row, margin in zip(contrasts.itertuples(), smallest, strict=True)
    ]
    corrected = pd.Series(holm(p_values), contrasts.index, dtype=float)
    return pd.DataFrame(
        {
            "smallest": np.array(smallest, float),
            "p_equivalence": np.array(p_values, float),
            "p_equivalence_holm": corrected,
            "equivalent": corrected < 1 - rules.confidence,
        },
        contrasts.index,
    )


def _p(contrast: Any, margin: float) -> float | None:
    """The larger p of the tests against −margin and +margin; None where there is no margin or no standard error."""
    if np.isnan(margin) or np.isnan(contrast.se):
        return None
    return float(special.stdtr(contrast.df, (abs(contrast.value) - margin) / contrast.se))
