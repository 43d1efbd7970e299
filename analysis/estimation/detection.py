"""Signal detection: d′ and criterion from the shares of one answer where it is right, and where it is wrong.

One stimulus is judged at a time, so this is a one-interval task and d′ = z(H) − z(F), with no division by √2 (Macmillan
& Creelman 2005). Both rates take the log-linear correction (k + ½)/(n + 1) of Hautus (1995), which keeps d′ finite;
intervals come from the two-way clustered covariance of H and F by the delta method.
"""

from collections.abc import Hashable

import numpy as np
from scipy import special

from analysis.estimation.estimates import CellMeans, Estimate, linearized, no_estimate
from analysis.notes import Note

# Weights of z(H) and z(F) in each measure.
SENSITIVITY = {"d-prime": np.array([1.0, -1.0]), "criterion": np.array([-0.5, -0.5])}


def sensitivity(
    cells: CellMeans, hit: Hashable, alarm: Hashable, measure: str, confidence: float, empty: Note
) -> Estimate:
    """ "d-prime" or "criterion" from the cells that hold H and F; `empty` is said where one of them has no answers."""
    places = [cells.index(hit), cells.index(alarm)]
    n = cells.counts[places]
    if not n.all():
        return no_estimate(empty)
    z = special.ndtri((cells.means[places] * n + 0.5) / (n + 1))
    slope = n / (n + 1) * np.sqrt(2 * np.pi) * np.exp(z**2 / 2)  # of z in the uncorrected rate
    weights = SENSITIVITY[measure]
    gradient = np.zeros(len(cells.labels))
    gradient[places] = weights * slope
    return linearized(cells, float(weights @ z), gradient, confidence)
