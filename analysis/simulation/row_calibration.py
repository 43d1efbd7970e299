"""Does every row of the multiverse table hold what it promises, and every interval when people leave early?

`python -m analysis.simulation.row_calibration` prints the tables of docs/explanation/statistics.md; a row that does not
hold its level says in its label what it assumes.
"""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy import special

from analysis.data.export import Task
from analysis.estimation.estimates import Estimate, cell_means, proportion
from analysis.robustness.multiverse import analyses
from analysis.simulation.calibration import CONFIDENCE, SCENARIOS, as_markdown, finds, holds, without_effect
from analysis.simulation.simulated_study import PAPER_SIZE, assign, draw_logits
from analysis.tasks.design import TaskDesign
from analysis.tasks.kinds import ANALYSIS_KINDS
from analysis.tasks.psychometrics import Psychometrics, location_of, right_or_wrong
from contracts.tasks import KINDS

WORLDS: Mapping[str, Psychometrics] = {
    "methods act differently on people and images": Psychometrics(
        participant_sd=0.3, image_sd=0.3, image_method_sd=0.5, participant_method_sd=0.5
    ),
    "images differ, alike for all methods": SCENARIOS["images differ, alike for all methods"],
    "nobody and nothing differs": SCENARIOS["nobody and nothing differs"],
}
DRAWS, SLOW_DRAWS, SEED = 500, {"random effects": 200, "pigeonhole bootstrap": 50}, 20161
PARTICIPANTS = 72


def calibrate_rows(
    design: TaskDesign,
    world: Psychometrics,
    participants: int = PARTICIPANTS,
    draws: int = DRAWS,
    slow_draws: Mapping[str, int] = SLOW_DRAWS,
) -> pd.DataFrame:
    """A row for each analysis: `coverage` of the true differences of neighbouring methods, `errors` (the share of
    p < 0.05 where there is none), both over `studies` of either sort."""
    rng = np.random.default_rng(SEED)
    count = {name: min(draws, slow_draws.get(name, draws)) for name in analyses(design.kind)}
    right: dict[str, list[bool]] = {name: [] for name in count}
    wrong: dict[str, list[bool]] = {name: [] for name in count}
    flat = without_effect(world, design)
    for study in range(draws):
        due = {name for name, studies in count.items() if study < studies}
        for name, estimate, truth in _comparisons(design, participants, world, due, rng):
            right[name].append(holds(estimate, truth))
        for name, estimate, _ in _comparisons(design, participants, flat, due, rng):
            wrong[name].append(finds(estimate))
    rows = [(name, np.mean(right[name]), np.mean(wrong[name]), str(count[name])) for name in count]
    return pd.DataFrame(rows, columns=["analysis", "coverage", "errors", "studies"])


def _comparisons(
    design: TaskDesign, participants: int, world: Psychometrics, due: set[str], rng: np.random.Generator
) -> list[tuple[str, Estimate, float]]:
    """(analysis, estimate, truth) of each two neighbouring methods in one simulated study."""
    simulation, seats = ANALYSIS_KINDS[design.kind].simulation, assign(design, participants)
    values = simulation.draw(draw_logits(design, seats, participants, world, rng), rng)
    rows = pd.DataFrame(
        {
            "participant_id": seats.participant,
            "image_id": seats.image,
            "method": np.array(design.methods)[design.method_of_cell[seats.cell]],
            KINDS[design.kind].value: values,
        }
    )
    task = Task(design.name, design.kind, design.methods, design.networks)
    true = {method: simulation.mean(world, method) for method in design.methods}
    return [
        (name, other.compute(rows, task, a, b, CONFIDENCE), true[a] - true[b])
        for name, other in analyses(design.kind).items()
        if name in due
        for b, a in pairwise(design.methods)
    ]


LEAVING = ((40, 0), (20, 20), (10, 30), (3, 37))  # people who stay for all images, and people who leave
LEAVING_IMAGES, LEAVING_ANSWERS, LEAVING_DRAWS = 40, 4, 2000


def calibrate_leaving(stay: int, leave: int, draws: int = LEAVING_DRAWS) -> dict[str, float]:
    """Coverage of an accuracy where `leave` people give four answers and go: `as it is`, and with all people counted.

    People and images differ by 0.5 logits each; the true accuracy is 60 %.
    """
    rng, spread, truth = np.random.default_rng(SEED), 0.5, 0.6
    location = location_of(truth, float(np.hypot(spread, spread)))
    given = [LEAVING_IMAGES] * stay + [LEAVING_ANSWERS] * leave
    participant = np.repeat(np.arange(len(given)), given)
    held = {"as it is": 0, "all counted": 0}
    for _ in range(draws):
        image = np.concatenate([rng.permutation(LEAVING_IMAGES)[:n] for n in given])
        logits = location + rng.normal(0, spread, len(given))[participant]
        logits += rng.normal(0, spread, LEAVING_IMAGES)[image]
        values = right_or_wrong(logits, rng).astype(float)
        cells = cell_means(values, np.zeros(len(image), int), participant, image, ["all"])
        found = proportion(cells, "all", CONFIDENCE)
        low, value, high, true = special.logit(np.array([found.low, found.value, found.high, truth], float))
        counted = min(found.participants, found.images) - 1
        shorter = special.stdtrit(counted, 0.5 + CONFIDENCE / 2) / special.stdtrit(found.df, 0.5 + CONFIDENCE / 2)
        held["as it is"] += low <= true <= high
        held["all counted"] += abs(true - value) <= shorter * (high - low) / 2
    return {name: count / draws for name, count in held.items()}


if __name__ == "__main__":
    left = [{"stay": str(s), "leave": str(n)} | calibrate_leaving(s, n) for s, n in LEAVING]
    print(f"{as_markdown(pd.DataFrame(left))}\n", flush=True)
    for scenario, world in WORLDS.items():
        for design in PAPER_SIZE:
            print(f"{scenario}, {design.kind}\n\n{as_markdown(calibrate_rows(design, world))}\n", flush=True)
