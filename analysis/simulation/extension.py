"""What an extension does to p-values: studies without effects, tested at the planned size and, if p is not below 0.05,
again after the extension.

`python -m analysis.simulation.extension` prints the table of docs/explanation/statistics.md.
"""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pandas as pd

from analysis.estimation.estimates import cell_means, difference
from analysis.estimation.sequential import error_of_repeated_tests
from analysis.simulation.calibration import CONFIDENCE, SCENARIOS, as_markdown, without_effect
from analysis.simulation.simulated_study import PAPER_SIZE, Assignment, assign, draw_logits
from analysis.tasks.design import TaskDesign
from analysis.tasks.kinds import ANALYSIS_KINDS
from analysis.tasks.psychometrics import Psychometrics

EXTENDED = (Fraction(10, 9), Fraction(4, 3), Fraction(2))  # of the planned ratings
DRAWS, SEED = 2000, 20161  # a share of 6.5 % then has a Monte-Carlo error of 0.6 points


def extend(
    design: TaskDesign, ratings: int, participants: int, parameters: Psychometrics, rng: np.random.Generator
) -> bool:
    """Whether a study of one comparison finds a difference, at its own size or with `ratings` per item.

    New people give the additional ratings: as many as keep the number of trials of each. The images stay.
    """
    more = replace(design, ratings=ratings - design.ratings)
    people = participants * more.ratings // design.ratings
    parts = assign(design, participants), assign(more, people)
    together = Assignment(
        np.concatenate([part.image for part in parts]),
        np.concatenate([part.cell for part in parts]),
        np.concatenate([parts[0].participant, parts[1].participant + participants]),
    )
    logits = draw_logits(design, together, participants + people, parameters, rng)
    values = ANALYSIS_KINDS[design.kind].simulation.draw(logits, rng).astype(float)
    return _finds(design, parts[0], values[: len(parts[0].image)]) or _finds(design, together, values)


def _finds(design: TaskDesign, seats: Assignment, values: np.ndarray) -> bool:
    method = design.method_of_cell[seats.cell]
    cells = cell_means(values, method, seats.participant, seats.image, design.methods)
    a, b = design.methods[:2]
    p = difference(cells, a, b, CONFIDENCE).p
    return p is not None and p < 1 - CONFIDENCE


def table(draws: int, seed: int) -> pd.DataFrame:
    """A row for each task and size: `simulated` share of studies with p < 0.05, and the `formula` of independence."""
    rows: list[tuple[str, str, float, float]] = []
    for design in PAPER_SIZE:
        world = without_effect(SCENARIOS["all of these"], design)
        for factor in EXTENDED:
            ratings = int(design.ratings * factor)
            rng = np.random.default_rng([seed, len(rows)])
            found = float(np.mean([extend(design, ratings, 72, world, rng) for _ in range(draws)]))
            formula = error_of_repeated_tests([design.ratings / ratings, 1], 1 - CONFIDENCE)
            rows.append((design.kind, f"{design.ratings} → {ratings}", found, formula))
    return pd.DataFrame(rows, columns=["task", "ratings per item", "simulated", "formula"])


if __name__ == "__main__":
    print(as_markdown(table(DRAWS, SEED)))
