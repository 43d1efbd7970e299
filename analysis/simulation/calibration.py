"""Do the intervals hold what they promise? Simulated studies with known truth, analysed as real ones are.

`python -m analysis.simulation.calibration` prints the table of docs/explanation/statistics.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from analysis.estimation.cells import mean, share
from analysis.estimation.estimates import Estimate, cell_means, difference, wilson
from analysis.simulation.simulated_study import PAPER_SIZE, Assignment, TaskDesign, assign, draw_logits
from analysis.tasks.class_discrimination.estimates import sensitivity
from analysis.tasks.kinds import ANALYSIS_KINDS
from analysis.tasks.psychometrics import Psychometrics
from contracts.tasks import KINDS

# Sources of the spread (logits): people, images for all methods alike, image–method pairs, or none.
SCENARIOS: Mapping[str, Psychometrics] = {
    "people differ": Psychometrics(participant_sd=0.7, image_sd=0.2, image_method_sd=0.1),
    "images differ, alike for all methods": Psychometrics(participant_sd=0.3, image_sd=0.8, image_method_sd=0.0),
    "images differ, by method": Psychometrics(participant_sd=0.3, image_sd=0.3, image_method_sd=0.7),
    "all of these": Psychometrics(participant_sd=0.5, image_sd=0.5, image_method_sd=0.5),
    "nobody and nothing differs": Psychometrics(participant_sd=0.0, image_sd=0.0, image_method_sd=0.0),
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
    """One simulated study's estimates and the truth: name → (estimate, true value)."""

    estimates: Mapping[str, tuple[Estimate, float]]
    naive_covered: float  # share of the naive intervals that hold their truth; NaN where values are no shares


def calibrate(
    draws: int,
    seed: int,
    designs: Sequence[TaskDesign] = PAPER_SIZE,
    participants: int = 72,
    scenarios: Mapping[str, Psychometrics] = SCENARIOS,
) -> pd.DataFrame:
    """Coverage of the means' and the differences' intervals, the naive intervals' coverage, and type-I errors.

    A row a scenario and task: `mean`, `difference` and `d-prime` are coverages over all methods (and pairs of
    neighbouring ones), `lowest` and `highest` those of single intervals, `naive` Wilson's coverage,
    `error` the share of p < 0.05 for differences that are not there, `least` and `most` that of single comparisons.
    """
    rows: list[dict[str, Any]] = []
    for name, parameters in scenarios.items():
        for design in designs:
            rng = np.random.default_rng([seed, len(rows)])
            assignment = assign(design, participants)
            truth = [_draw(design, assignment, participants, parameters, rng) for _ in range(draws)]
            flat = _without_effect(parameters)
            null = [_draw(design, assignment, participants, flat, rng) for _ in range(draws)]
            rows.append({"scenario": name, "task": design.kind, **_coverages(truth), **_errors(null)})
    return pd.DataFrame(rows)


def _without_effect(parameters: Psychometrics) -> Psychometrics:
    """The same people and images, all methods at 55 % and at a mean score of 1."""
    return replace(parameters, accuracy={}, other_accuracy=0.55, trust={}, other_trust=1.0)


def _draw(
    design: TaskDesign, seats: Assignment, participants: int, parameters: Psychometrics, rng: np.random.Generator
) -> Draw:
    logits = draw_logits(design, seats, participants, parameters, rng)
    method = design.method_of_cell[seats.cell]
    facts, simulation = KINDS[design.kind], ANALYSIS_KINDS[design.kind].simulation
    values = simulation.draw(logits, rng)
    cells = cell_means(values.astype(float), method, seats.participant, seats.image, design.methods)
    true = {m: simulation.mean(parameters, m) for m in design.methods}
    estimator = share(CONFIDENCE) if facts.has_truth else mean(CONFIDENCE, facts.bounds)
    estimates: dict[str, tuple[Estimate, float]] = {f"mean {m}": (estimator(cells, m), true[m]) for m in design.methods}
    for a, b in zip(design.methods[1:], design.methods, strict=False):
        estimates[f"difference {a} {b}"] = difference(cells, a, b, CONFIDENCE), true[a] - true[b]
    if facts.has_truth:
        estimates |= _d_primes(design, seats, method, values, true, rng)
    naive = _naive_covered(cells.means, cells.counts, list(true.values())) if facts.has_truth else np.nan
    return Draw(estimates, naive)


def _d_primes(
    design: TaskDesign,
    seats: Assignment,
    method: np.ndarray,
    is_correct: np.ndarray,
    accuracies: Mapping[str, float],
    rng: np.random.Generator,
) -> dict[str, tuple[Estimate, float]]:
    """d′ of each method. The right option is placed at random and has no pull, so the truth is 2·z(accuracy)."""
    truth_second = (rng.random(len(is_correct)) < 0.5).astype(int)
    chose_first = (is_correct ^ truth_second.astype(bool)).astype(float)
    labels = tuple((m, first) for m in design.methods for first in (True, False))
    cells = cell_means(chose_first, 2 * method + truth_second, seats.participant, seats.image, labels)
    return {
        f"d-prime {m}": (sensitivity(cells, m, CONFIDENCE)["d-prime"], 2 * special.ndtri(accuracies[m]))
        for m in design.methods
    }


def _naive_covered(means: np.ndarray, counts: np.ndarray, true: Sequence[float]) -> float:
    intervals = [wilson(m, int(n), CONFIDENCE) for m, n in zip(means, counts, strict=True)]
    return float(np.mean([low <= t <= high for (low, high), t in zip(intervals, true, strict=True)]))


def _coverages(draws: Sequence[Draw]) -> dict[str, float]:
    covered = {name: float(np.mean([_holds(*d.estimates[name]) for d in draws])) for name in draws[0].estimates}
    by_kind = {
        kind: float(np.mean([s for name, s in covered.items() if name.startswith(kind)] or np.nan))
        for kind in ("mean", "difference", "d-prime")
    }
    return by_kind | {
        "lowest": float(min(covered.values())),
        "highest": float(max(covered.values())),
        "naive": float(np.mean([d.naive_covered for d in draws])),
    }


def _holds(estimate: Estimate, truth: float) -> bool:
    """Whether the interval holds the truth; one that could not be computed does not."""
    return estimate.low is not None and estimate.high is not None and estimate.low <= truth <= estimate.high


def _errors(draws: Sequence[Draw]) -> dict[str, float]:
    names = [name for name in draws[0].estimates if name.startswith("difference")]
    found = np.array([[_finds(d.estimates[name][0]) for name in names] for d in draws])
    shares = found.mean(axis=0)
    return {"error": float(shares.mean()), "least": float(shares.min()), "most": float(shares.max())}


def _finds(estimate: Estimate) -> bool:
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
