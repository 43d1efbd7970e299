"""Do the intervals of the random effects with a covariate, or with two sorts of image, hold what they promise?

`python -m analysis.simulation.sorts_calibration` prints the table of docs/explanation/statistics.md.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from analysis.estimation.mixed import NODE_WEIGHTS, NODES
from analysis.simulation.calibration import CONFIDENCE, as_markdown, holds
from analysis.tasks.random_effects import over_sorts

DRAWS, SEED = 800, 20161
METHODS = ("photograph", "grad-cam")
EFFECT, SLOPE, BASES = 0.5, -0.4, (0.6, -0.6)  # logits: of the second method, per step, of either sort


@dataclass(frozen=True)
class Design:
    """`people` answer `each` of `images`, of one sort or of two; `sds`: of people, people by method, images and images
    by method, in logits."""

    people: int
    images: int
    each: int
    is_between: bool
    sorts: int
    sds: tuple[float, float, float, float] = (0.5, 0.0, 0.5, 0.3)


DESIGNS = {
    "cases of two groups": Design(60, 30, 4, True, 1),
    "cases of the same people": Design(60, 30, 6, False, 1),
    "few cases of two groups": Design(30, 20, 4, True, 1),
    "two sorts, two groups": Design(40, 30, 16, True, 2),
    "two sorts, the same people": Design(30, 30, 20, False, 2, (0.5, 0.3, 0.5, 0.3)),
}


def coverage(design: Design, draws: int = DRAWS) -> float:
    """The share of simulated studies whose interval has the true difference at the confidences that were given."""
    rng = np.random.default_rng(SEED)
    return float(np.mean([_holds(design, rng) for _ in range(draws)]))


def _holds(design: Design, rng: np.random.Generator) -> bool:
    person, image = _seats(design, rng)
    method = person % 2 if design.is_between else rng.integers(0, 2, len(person))
    step, sort = rng.integers(1, 5, len(person)) - 2.5, image % design.sorts
    logits = np.array(BASES)[sort] + EFFECT * method + SLOPE * step + _lean(design, person, image, method, rng)
    rows = pd.DataFrame(
        {
            "participant_id": person,
            "image_id": image,
            "method": np.array(METHODS)[method],
            "correct": (rng.random(len(person)) < special.expit(logits)).astype(float),
        }
    )
    found = over_sorts(rows, METHODS, sort == 0, METHODS[1], METHODS[0], CONFIDENCE, step[:, None])
    return holds(found, _truth(design, step))


def _seats(design: Design, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    image = [rng.permutation(design.images)[: design.each] for _ in range(design.people)]
    return np.repeat(np.arange(design.people), design.each), np.concatenate(image)


def _lean(
    design: Design, person: np.ndarray, image: np.ndarray, method: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """The random effects of each answer (n,)."""
    people, people_by_method, images, images_by_method = design.sds
    own = rng.normal(0, people, design.people)[person] + rng.normal(0, images, design.images)[image]
    own += rng.normal(0, people_by_method, (design.people, 2))[person, method]
    return np.asarray(own + rng.normal(0, images_by_method, (design.images, 2))[image, method])


def _truth(design: Design, step: np.ndarray) -> float:
    spread = float(np.sqrt(np.sum(np.square(design.sds)))) * NODES
    at = np.array(BASES)[: design.sorts, None, None] + SLOPE * step[:, None] + spread
    return float(np.mean((special.expit(at + EFFECT) - special.expit(at)) @ NODE_WEIGHTS))


if __name__ == "__main__":
    for name, design in DESIGNS.items():
        print(as_markdown(pd.DataFrame([{"studies": name, "coverage": coverage(design)}])), flush=True)
