"""Class discrimination: accuracy, and d′ with criterion, from right and wrong choices between two categories.

One visualization is shown and one of two categories chosen, so this is a one-interval identification task, and
d′ = z(H) − z(F) with no division by √2, which belongs to two-interval forced choice (Macmillan & Creelman 2005, ch. 7).
The two "signals" are the places of the right option: H is the share of "first option" answers when the first option is
right, F the same when the second is. The criterion −(z(H) + z(F))/2 is then the pull of the option's place: positive
means leaning to the second. Both rates take the log-linear correction (k + ½)/(n + 1) of Hautus (1995), which keeps
d′ finite; intervals come from the two-way clustered covariance of H and F by the delta method.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import stats

from analysis.data.exclusions import analysed
from analysis.data.export import Export, ExportError
from analysis.estimation.cells import cells_by, estimate_table
from analysis.estimation.estimates import CellMeans, Estimate, difference, linearized, no_estimate, proportion, wilson
from contracts.tasks import DIFFERENCE_BOUNDS

CHANCE = 0.5


def accuracy_cells(trials: pd.DataFrame, levels: Mapping[str, Sequence[object]]) -> CellMeans:
    """Cell means of `correct`."""
    return cells_by(trials, trials["correct"].to_numpy(), levels)


def accuracy(
    export: Export, by: Sequence[str] = ("method",), task: str | None = None, observer_kind: str | None = None
) -> pd.DataFrame:
    """Accuracy in the primary analysis of an export, in the crossing of the columns `by` (method, network, category).

    `task` and `observer_kind` must be named where the export has several. Raises ExportError.
    """
    rows, chosen = analysed(export, "class-discrimination", task, observer_kind)
    known = {"method": chosen.methods, "network": chosen.networks, "category": sorted(rows["category"].unique())}
    if unknown := [column for column in by if column not in known]:
        raise ExportError(f"accuracy by {', '.join(unknown)} is not known; by {', '.join(known)} it is")
    return accuracy_table(rows, {column: known[column] for column in by}, export.config.confidence)


def accuracy_table(trials: pd.DataFrame, levels: Mapping[str, Sequence[object]], confidence: float) -> pd.DataFrame:
    """Accuracy in each cell of `levels`, tested against 50 %, with `naive_low` and `naive_high` (Wilson) beside."""
    cells = accuracy_cells(trials, levels)
    table = estimate_table({c: proportion(cells, c, confidence, CHANCE) for c in cells.labels}, list(levels))
    naive = [
        wilson(mean, int(n), confidence) if n else (np.nan, np.nan)
        for mean, n in zip(cells.means, cells.counts, strict=True)
    ]
    return table.assign(
        correct=np.nan_to_num(np.round(cells.means * cells.counts)).astype(int),
        naive_low=[low for low, _ in naive],
        naive_high=[high for _, high in naive],
    )


def accuracy_difference(trials: pd.DataFrame, methods: Sequence[str], a: str, b: str, confidence: float) -> Estimate:
    """Accuracy with method `a` minus that with `b`."""
    bounds = DIFFERENCE_BOUNDS["class-discrimination"]
    return difference(accuracy_cells(trials, {"method": methods}), a, b, confidence, bounds)


def discriminability(trials: pd.DataFrame, methods: Sequence[str], confidence: float) -> pd.DataFrame:
    """d′ and criterion by method: rows `method` × `measure` ("d-prime", "criterion")."""
    first = trials["option_order"].str.split(";").str[0]
    frame = trials.assign(truth_first=first == trials["category"])
    cells = cells_by(frame, (trials["response"] == first).to_numpy(), {"method": methods, "truth_first": (True, False)})
    estimates = {}
    for method in methods:
        estimates |= {(method, name): e for name, e in sensitivity(cells, method, confidence).items()}
    return estimate_table(estimates, ["method", "measure"])


def sensitivity(cells: CellMeans, method: str, confidence: float) -> dict[str, Estimate]:
    """`d-prime` and "criterion" from cells (method, is the right option first?) of "first option" answers."""
    hit, alarm = cells.index((method, True)), cells.index((method, False))
    n = cells.counts[[hit, alarm]]
    if not n.all():
        missing = no_estimate("The right option never stood in one of the two places.")
        return {"d-prime": missing, "criterion": missing}
    z = stats.norm.ppf((cells.means[[hit, alarm]] * n + 0.5) / (n + 1))
    slope = n / (n + 1) / stats.norm.pdf(z)  # of z in the uncorrected rate
    measures = {"d-prime": np.array([1.0, -1.0]), "criterion": np.array([-0.5, -0.5])}
    estimates = {}
    for name, weights in measures.items():
        gradient = np.zeros(len(cells.labels))
        gradient[[hit, alarm]] = weights * slope
        estimates[name] = linearized(cells, float(weights @ z), gradient, confidence)
    return estimates
