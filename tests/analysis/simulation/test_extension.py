"""The documented cost of an extension comes from studies that are really extended."""

import numpy as np

from analysis.simulation.calibration import SCENARIOS, without_effect
from analysis.simulation.extension import extend, table
from analysis.simulation.simulated_study import PAPER_SIZE
from analysis.tasks.psychometrics import Psychometrics


def test_each_task_and_size_has_a_row_with_the_formula_beside_it():
    found = table(1, seed=3)
    assert found["ratings per item"].tolist() == ["9 → 10", "9 → 12", "9 → 18", "18 → 20", "18 → 24", "18 → 36"]
    assert found["formula"].round(3).tolist() == [0.065, 0.073, 0.083] * 2


def test_a_difference_that_is_there_is_found_and_one_that_is_not_hardly_ever():
    design = PAPER_SIZE[1]
    wide = Psychometrics(means={design.kind: {"guided-backprop": 0.0, "guided-grad-cam": 1.5}})
    flat = without_effect(SCENARIOS["all of these"], design)
    found = {
        name: sum(extend(design, 20, 72, world, np.random.default_rng(seed)) for seed in range(12))
        for name, world in (("wide", wide), ("flat", flat))
    }
    assert found["wide"] == 12
    assert found["flat"] <= 4
