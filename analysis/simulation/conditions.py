"""Studies whose people are in conditions, simulated: who is in which and sees what, and whether intervals hold.

`python -m analysis.simulation.conditions` prints the table of docs/explanation/statistics.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import sparse, special

from analysis.simulation.calibration import CONFIDENCE, SCENARIOS, as_markdown, without_effect
from analysis.simulation.simulated_study import PAPER_SIZE, Assignment, assign, draw_logits
from analysis.tasks.design import TaskDesign
from analysis.tasks.kinds import ANALYSIS_KINDS
from analysis.tasks.psychometrics import Psychometrics
from contracts.conditions import ConditionConfig

METHODS = ("guided-grad-cam", "guided-backprop")
# people in each condition, images, ratings of each item there
SIZES = {
    "24 and 24 people, 24 images": (24, 24, 24, (6, 6)),
    "20 and 60 people, 40 images": (20, 60, 40, (5, 15)),
    "6 and 42 people, 40 images": (6, 42, 40, (1, 7)),
}
DRAWS, SEED = 2000, 20162


def shown_in(design: TaskDesign, conditions: Sequence[ConditionConfig]) -> tuple[TaskDesign, ...]:
    """The task as each condition that does it shows it; the task itself where there are none."""
    parts = []
    for condition in conditions:
        if condition.does(design.name):
            changes = condition.changes(design.name)
            networks = changes.get("networks", design.named_networks)
            parts.append(replace(design, methods=changes.get("methods", design.methods), named_networks=networks))
    return tuple(parts) or (design,)


def places_of(design: TaskDesign) -> int:
    """Ratings that a task takes."""
    return design.images * len(design.cells) * design.ratings


def people_for(design: TaskDesign, trials_each: int) -> int:
    """People who give these ratings in `trials_each` trials each; at least as many as rate one image."""
    return max(len(design.cells) * design.ratings, -(-places_of(design) // trials_each))


def divided(parts: Sequence[TaskDesign], people: int) -> list[int]:
    """People in each condition, in proportion to the ratings that it takes."""
    ends = np.cumsum([places_of(part) for part in parts])
    return np.diff(np.round(people * ends / ends[-1]).astype(int), prepend=0).tolist()


def assign_parts(
    design: TaskDesign, parts: Sequence[TaskDesign], people: Sequence[int]
) -> tuple[Assignment, np.ndarray]:
    """Who sees what in `parts` of a task, one a condition, with cells of `design`; and the condition of each trial.

    Raises SimulationError where a condition has fewer people than an image there has ratings.
    """
    cells = {cell: number for number, cell in enumerate(design.cells)}
    made = [assign(part, number) for part, number in zip(parts, people, strict=True)]
    before = np.cumsum([0, *people])
    image, cell, participant = (
        np.concatenate(found)
        for found in (
            [places.image for places in made],
            [np.array([cells[c] for c in part.cells])[p.cell] for part, p in zip(parts, made, strict=True)],
            [places.participant + first for places, first in zip(made, before, strict=False)],
        )
    )
    condition = np.repeat(np.arange(len(parts)), [len(places.image) for places in made])
    return Assignment(image, cell, participant), condition


def calibrate_between(
    sizes: tuple[int, int, int, tuple[int, int]],
    world: Psychometrics,
    draws: int = DRAWS,
    seed: int = SEED,
) -> dict[str, float]:
    """Coverage of a difference between people, of two methods each seen in one condition, and errors without one.

    `sizes`: people in either condition, images, ratings of an item in either. `pooled`: the coverage of the interval
    that does not know of conditions.
    """
    *people, images, ratings = sizes
    design = replace(PAPER_SIZE[0], methods=METHODS, images=images, ratings=1)
    parts = [replace(design, methods=(m,), ratings=k) for m, k in zip(METHODS, ratings, strict=True)]
    places, condition = assign_parts(design, parts, people)
    rng, simulation = np.random.default_rng(seed), ANALYSIS_KINDS[design.kind].simulation

    def drawn(parameters: Psychometrics) -> np.ndarray:
        logits = [draw_logits(design, places, sum(people), parameters, rng) for _ in range(draws)]
        return np.array([simulation.draw(each, rng) for each in logits], float)

    truth = simulation.mean(world, METHODS[0]) - simulation.mean(world, METHODS[1])
    values, flat = drawn(world), drawn(without_effect(world, design))
    pooled = np.zeros_like(condition)
    return {
        "coverage": _held(*differences(values, condition, places, condition), truth),
        "pooled": _held(*differences(values, condition, places, pooled), truth),
        "error": 1 - _held(*differences(flat, condition, places, condition), 0.0),
    }


def _held(value: np.ndarray, reach: np.ndarray, truth: float) -> float:
    return float(np.mean(np.abs(value - truth) <= reach))


def differences(
    values: np.ndarray, method: np.ndarray, places: Assignment, condition: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The difference of the means of methods 0 and 1, and half its interval, of each of D studies; `values` is (D, n).

    The same as analysis/estimation/estimates.py computes, for all studies with one assignment at once: a cluster's sum
    of residuals is linear in the values.
    """
    n = values.shape[1]
    indicator = np.eye(2)[method] / np.bincount(method)[method][:, None]  # (n, 2), so that values @ it are the means
    means = values @ indicator
    signed = (values - means[:, method]) * (indicator @ [1.0, -1.0])
    pair = np.unique(places.participant * (places.image.max() + 1) + places.image, return_inverse=True)[1]
    spreads = [
        _between(signed[:, condition == c], places.participant[condition == c]) for c in range(condition.max() + 1)
    ]
    parts = np.array([spread for spread, _ in spreads])
    degrees = np.array([clusters - 1 for _, clusters in spreads])[:, None]
    (of_images, images), (of_pairs, _) = _between(signed, places.image), _between(signed, pair)
    of_people = parts.sum(axis=0)
    variance = np.maximum(of_people + of_images - of_pairs, np.minimum(of_people, of_images)) * (n - 1) / (n - 2)
    df = np.minimum(of_people**2 / (parts**2 / degrees).sum(axis=0), images - 1)
    return means[:, 0] - means[:, 1], np.sqrt(variance) * special.stdtrit(df, 0.5 + CONFIDENCE / 2)


def _between(signed: np.ndarray, cluster: np.ndarray) -> tuple[np.ndarray, int]:
    """(the variance (D,) between clusters, their number)."""
    codes = np.unique(cluster, return_inverse=True)[1]
    clusters = int(codes.max()) + 1
    members = sparse.csr_array((np.ones(len(codes)), (codes, np.arange(len(codes)))), shape=(clusters, len(codes)))
    return ((members @ signed.T) ** 2).sum(axis=0) * clusters / (clusters - 1), clusters


def calibrate_all(worlds: Mapping[str, Psychometrics], draws: int = DRAWS) -> pd.DataFrame:
    """A row for each world and size."""
    rows = [
        {"scenario": name, "size": size, **calibrate_between(sizes, world, draws=draws)}
        for size, sizes in SIZES.items()
        for name, world in worlds.items()
    ]
    return pd.DataFrame(rows)


if __name__ == "__main__":
    print(as_markdown(calibrate_all(SCENARIOS)))
