"""Random effects as another analysis of kinds with two sorts of image: near the primary estimate, or a reason."""

import numpy as np
import pytest

from analysis.data.export import Task
from analysis.notes import no_responses
from analysis.robustness.multiverse import analyses
from analysis.simulation.simulated_study import simulate_export
from analysis.tasks.design import TaskDesign
from analysis.tasks.kinds import ANALYSIS_KINDS
from analysis.tasks.random_effects import ONE_SORT, levels_of, over_sorts

KINDS = ("agreement", "ai-check", "reliance")
METHODS = ("photograph", "grad-cam")


@pytest.mark.parametrize("kind", KINDS)
def test_right_answers_are_compared_with_both_sorts_of_image_counting_alike(kind):
    """Simulated people follow a logit model with normal effects, so the primary estimate is the oracle."""
    design = TaskDesign("seeing", kind, METHODS, images=16, ratings=10)
    trials = simulate_export(np.random.default_rng(7), designs=[design], participants=20).trials
    other = analyses(kind)["random effects"]
    found = other.compute(trials, Task("seeing", kind, METHODS, ("weak",)), "grad-cam", "photograph", 0.95)
    primary = ANALYSIS_KINDS[kind].difference(trials, METHODS, "grad-cam", "photograph", 0.95)
    assert found.value == pytest.approx(primary.value, abs=0.02)
    assert found.se == pytest.approx(primary.se, rel=0.3)
    assert "normal effects" in other.assumes


def test_methods_with_other_sorts_of_image_are_not_compared():
    design = TaskDesign("seeing", "agreement", METHODS, images=8, ratings=4)
    trials = simulate_export(np.random.default_rng(7), designs=[design], participants=8).trials
    is_right = (trials["foil"] == "incorrect").to_numpy()
    _, labels = levels_of(trials, METHODS, is_right)
    assert labels == [("photograph", True), ("photograph", False), ("grad-cam", True), ("grad-cam", False)]
    kept = is_right | (trials["method"] == "photograph").to_numpy()
    assert over_sorts(trials[kept], METHODS, is_right[kept], *METHODS, 0.95).note == ONE_SORT
    only = (trials["method"] == "photograph").to_numpy()
    found = over_sorts(trials[only], METHODS, is_right[only], *METHODS, 0.95)
    assert found.note == no_responses(["grad-cam"])
