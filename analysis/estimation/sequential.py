"""Looking at the data before they are complete: group-sequential boundaries with an O'Brien–Fleming spending function.

Lan & DeMets (1983), Biometrika 70(3): at information fraction t the two-sided level spent is 4 − 4Φ(z_{1−α/4}/√t). The
boundaries follow from it by numerical integration of the Brownian motion that has not left them before (Armitage,
McPherson & Rowe 1969). Several comparisons go down Holm's steps, each with the boundary of its step's level.
"""

from collections.abc import Sequence

import numpy as np
from scipy import integrate, optimize, special, stats

POINTS = 801  # of the density between the boundaries; odd, for Simpson's rule
TOLERANCE = 0.02  # how far from its planned fraction a look may be taken
FAR = 9.0  # standard deviations


def spent(fraction: float, level: float) -> float:
    """Two-sided level spent up to an information fraction in (0, 1]."""
    return float(4 * special.ndtr(-special.ndtri(1 - level / 4) / np.sqrt(fraction)))


def boundaries(looks: Sequence[float], level: float) -> list[float]:
    """Critical |z| at each of the information fractions `looks` (increasing), for a two-sided `level` in all."""
    found: list[float] = []
    density, grid, before, used = np.ones(1), np.zeros(1), 0.0, 0.0
    for look in looks:
        due, step = spent(look, level) - used, np.sqrt(look - before)

        def leaving(bound: float, grid: np.ndarray = grid, density: np.ndarray = density, step: float = step) -> float:
            out = special.ndtr((-bound - grid) / step) + special.ndtr((grid - bound) / step)
            return float(_sum(density * out, grid))

        edge = optimize.brentq(lambda b, leaving=leaving, due=due: leaving(b) - due, 1e-6, FAR, xtol=1e-12)
        found.append(float(edge / np.sqrt(look)))
        new = np.linspace(-edge, edge, POINTS)
        inside = _sum(density * stats.norm.pdf((new[:, None] - grid) / step) / step, grid)
        density, grid, before, used = inside, new, look, used + due
    return found


def error_of_repeated_tests(looks: Sequence[float], level: float) -> float:
    """Two-sided error when a true null is tested at `level` at each of the information fractions `looks`, the last 1.

    What a study risks that is extended because of its results: it ends at the first look with p < `level`.
    """
    critical, left = special.ndtri(1 - level / 2), 1.0
    density, grid, before = np.ones(1), np.zeros(1), 0.0
    for look in looks:
        edge, step = critical * np.sqrt(look), np.sqrt(look - before)
        new = np.linspace(-edge, edge, POINTS)
        density = _sum(density * stats.norm.pdf((new[:, None] - grid) / step) / step, grid)
        grid, before = new, look
        left = float(_sum(density, grid))
    return 1 - left


def _sum(values: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Integral over the last axis; before the first look all mass sits in one point."""
    return values[..., 0] if len(grid) == 1 else integrate.simpson(values, x=grid, axis=-1)


def present_look(fraction: float, looks: Sequence[float]) -> int | None:
    """Index of the look that `fraction` of the planned responses is; None between looks and before the first."""
    for index, look in enumerate(looks):
        if abs(fraction - look) <= TOLERANCE or (index == len(looks) - 1 and fraction > look):
            return index
    return None


def rejections(
    p_values: Sequence[float | None], looks_now: Sequence[int | None], looks: Sequence[float], level: float
) -> tuple[list[bool], list[float | None]]:
    """(rejected, the nominal level each p was held against), by Holm's steps through the boundaries of the looks.

    `looks_now`: each comparison's present look; None is never rejected. A missing p counts in the family.
    """
    missing_last = [2.0 if p is None else p for p in p_values]
    order = sorted(range(len(p_values)), key=lambda i: missing_last[i])
    rejected, going = [False] * len(p_values), True
    held: list[float | None] = [None] * len(p_values)
    for step, i in enumerate(order):
        p, look = p_values[i], looks_now[i]
        if p is None or look is None:
            going = False
            continue
        critical = boundaries(looks, level / (len(order) - step))[look]
        held[i] = nominal = float(2 * special.ndtr(-critical))
        going = going and p < nominal
        rejected[i] = going
    return rejected, held
