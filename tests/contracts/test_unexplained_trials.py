"""Machine observers take the trials that show an explanation, and no other."""

import numpy as np

from analysis.simulation.simulated_study import simulate_export
from analysis.tasks.design import TaskDesign
from commands.observe import _questions
from contracts.methods import PHOTOGRAPH
from contracts.stimulus_set import Stimulus


def test_trials_without_an_explanation_are_left_out():
    design = TaskDesign("checking", "ai-check", (PHOTOGRAPH, "grad-cam"), images=4, ratings=2)
    plan = simulate_export(np.random.default_rng(1), designs=[design], participants=8)
    shown = plan.stimuli[["stimulus_id", "image_id", "category", "network", "method"]].itertuples(index=False)
    rows = [Stimulus(s, ("checking",), i, c, "no", n, m, "", "", 1, 1, 0.0, 0.5, True) for s, i, c, n, m in shown]
    asked = {question.trial_id for question in _questions(plan, rows)}
    explained = plan.trials[plan.trials["method"] == "grad-cam"]
    assert asked == set(explained["trial_id"])
    assert 0 < len(asked) < len(plan.trials)
