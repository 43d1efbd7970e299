"""Do the intervals hold what they promise? Simulated studies with known truth, analysed as real ones are.

`python -m analysis.simulation.calibration` prints the table of docs/explanation/statistics.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from analysis.estimation.cells import mean, share
from analysis.estimation.estimates import Estimate, Layout, difference, layout, wilson
from analysis.simulation.simulated_study import PAPER_SIZE, Assignment, assign, draw_logits
from analysis.tasks.design import TaskDesign
from analysis.tasks.kind import SimulatedValues
from analysis.tasks.kinds import ANALYSIS_KINDS
from analysis.tasks.psychometrics import Psychometrics
from contracts.tasks import KINDS

# Means at 95 % of the way from the lowest to the highest value.
NEAR_THE_END = {
    design.kind: dict.fromkeys(design.methods, KINDS[design.kind].least + 0.95 * KINDS[design.kind].length)
    for design in PAPER_SIZE
}
# Sources of the spread (logits): people, images for all methods alike, image–method pairs, or none.
SCENARIOS: Mapping[str, Psychometrics] = {
    "people differ": Psychometrics(participant_sd=0.7, image_sd=0.2, image_method_sd=0.1),
    "images differ, alike for all methods": Psychometrics(participant_sd=0.3, image_sd=0.8, image_method_sd=0.0),
    "images differ, by method": Psychometrics(participant_sd=0.3, image_sd=0.3, image_method_sd=0.7),
    "all of these": Psychometrics(participant_sd=0.5, image_sd=0.5, image_method_sd=0.5),
    "nobody and nothing differs": Psychometrics(participant_sd=0.0, image_sd=0.0, image_method_sd=0.0),
    "people differ, by method": Psychometrics(
        participant_sd=0.3, image_sd=0.3, image_method_sd=0.0, participant_method_sd=0.7
    ),
    "answers near the end of the scale": Psychometrics(means=NEAR_THE_END),
}
SIZES: Mapping[str, tuple[tuple[TaskDesign, ...], int]] = {
    "The paper's size: 72 people, 45 images, 3,240 and 1,620 responses": (PAPER_SIZE, 72),
    "16 people, 10 images, 160 responses a task": (
        tuple(replace(d, images=10, ratings=16 // len(d.cells)) for d in PAPER_SIZE),
        16,
    ),
}
CONFIDENCE = 0.95
DRAWS, SEED = 2000, 20160  # of the documented tables; a share of 95 % then has a Monte-Carlo error of 0.5 points


@dataclass(frozen=True)
class Draw:
    """One simulated study's estimates: (what, of which methods) → the estimate and its true value."""

    estimates: Mapping[tuple[str, str], tuple[Estimate, float]]
    naive_covered: float  # share of the unclustered intervals that hold their truth; NaN where values are no shares


def calibrate(
    draws: int,
    seed: int,
    designs: Sequence[TaskDesign] = PAPER_SIZE,
    participants: int = 72,
    scenarios: Mapping[str, Psychometrics] = SCENARIOS,
) -> pd.DataFrame:
    """Coverage of the means' and the differences' intervals, the unclustered intervals' coverage, and type-I errors.

    A row a scenario and task: `mean`, `difference` and what a kind adds (`d-prime`) are coverages over all methods (and
    pairs of neighbouring ones), `lowest` and `highest` those of single intervals, `naive` Wilson's coverage,
    `error` the share of p < 0.05 for differences that are not there, `least` and `most` that of single comparisons.
    """
    rows: list[dict[str, Any]] = []
    for name, parameters in scenarios.items():
        for design in designs:
            rng = np.random.default_rng([seed, len(rows)])
            seats = assign(design, participants)
            places = layout(design.method_of_cell[seats.cell], seats.participant, seats.image, design.methods)
            simulate = partial(_simulate, design, seats, participants, rng=rng)
            truth = [_estimated(design.kind, simulate(parameters), places, rng) for _ in range(draws)]
            flat = without_effect(parameters, design)
            null = [_found(simulate(flat), places) for _ in range(draws)]
            rows.append({"scenario": name, "task": design.kind, **_coverages(truth), **_errors(null)})
    return pd.DataFrame(rows)


def without_effect(parameters: Psychometrics, design: TaskDesign) -> Psychometrics:
    """The same people and images, all methods at one mean."""
    mean = ANALYSIS_KINDS[design.kind].simulation.without_effect
    return replace(parameters, means={design.kind: dict.fromkeys(design.methods, mean)})


def _simulate(
    design: TaskDesign, seats: Assignment, participants: int, parameters: Psychometrics, rng: np.random.Generator
) -> SimulatedValues:
    logits = draw_logits(design, seats, participants, parameters, rng)
    simulation = ANALYSIS_KINDS[design.kind].simulation
    true = {m: simulation.mean(parameters, m) for m in design.methods}
    method = design.method_of_cell[seats.cell]
    return SimulatedValues(simulation.draw(logits, rng), method, seats.participant, seats.image, design.methods, true)


def _estimated(kind: str, simulated: SimulatedValues, places: Layout, rng: np.random.Generator) -> Draw:
    facts, true, cells = KINDS[kind], simulated.means, places.of(simulated.values.astype(float))
    estimator = share(CONFIDENCE) if facts.has_truth else mean(CONFIDENCE, facts.bounds)
    estimates = {("mean", m): (estimator(cells, m), true[m]) for m in simulated.methods}
    for b, a in pairwise(simulated.methods):
        estimates["difference", f"{a} {b}"] = difference(cells, a, b, CONFIDENCE), true[a] - true[b]
    estimates |= ANALYSIS_KINDS[kind].simulation.further_estimates(simulated, CONFIDENCE, rng)
    naive = _naive_covered(cells.means, cells.counts, list(true.values())) if facts.has_truth else np.nan
    return Draw(estimates, naive)


def _found(simulated: SimulatedValues, places: Layout) -> list[bool]:
    cells = places.of(simulated.values.astype(float))
    return [finds(difference(cells, a, b, CONFIDENCE)) for b, a in pairwise(simulated.methods)]


def _naive_covered(means: np.ndarray, counts: np.ndarray, true: Sequence[float]) -> float:
    intervals = [wilson(m, int(n), CONFIDENCE) for m, n in zip(means, counts, strict=True)]
    return float(np.mean([low <= t <= high for (low, high), t in zip(intervals, true, strict=True)]))


def _coverages(draws: Sequence[Draw]) -> dict[str, float]:
    covered = {name: float(np.mean([holds(*d.estimates[name]) for d in draws])) for name in draws[0].estimates}
    by_estimate = {
        what: float(np.mean([share for (of, _), share in covered.items() if of == what]))
        for what in dict.fromkeys(what for what, _ in covered)
    }
    return by_estimate | {
        "lowest": float(min(covered.values())),
        "highest": float(max(covered.values())),
        "naive": float(np.mean([d.naive_covered for d in draws])),
    }


def holds(estimate: Estimate, truth: float) -> bool:
    """Whether the interval holds the truth; one that could not be computed does not."""
    return estimate.low is not None and estimate.high is not None and estimate.low <= truth <= estimate.high


def _errors(found: Sequence[Sequence[bool]]) -> dict[str, float]:
    shares = np.mean(found, axis=0)
    return {"error": float(shares.mean()), "least": float(shares.min()), "most": float(shares.max())}


def finds(estimate: Estimate) -> bool:
    return estimate.p is not None and estimate.p < 1 - CONFIDENCE


def as_markdown(table: pd.DataFrame) -> str:
    """The table as in the documentation, shares in percent."""
    lines = ["| " + " | ".join(table.columns) + " |", "|" + "---|" * len(table.columns)]
    for row in table.itertuples(index=False):
        cells = [f"{100 * v:.1f}" if isinstance(v, float) and v == v else "–" if v != v else str(v) for v in row]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    for size, (designs, participants) in SIZES.items():
        print(f"{size}\n\n{as_markdown(calibrate(DRAWS, SEED, designs, participants))}\n")
