"""Crossed random effects, against R's lme4::glmer, the exact gradient and what the simulation put in."""

import numpy as np
import pandas as pd
import pytest

from analysis.estimation.mixed import MixedError, _Laplace, fit, marginal_difference
from analysis.simulation.simulated_study import simulate_export
from analysis.tasks.design import TaskDesign
from analysis.tasks.psychometrics import Psychometrics
from tests.analysis.oracles.r import FOLDER, recorded


@pytest.fixture
def answers():
    """600 right and wrong answers of 24 participants to 18 images by three methods."""
    return pd.read_csv(FOLDER / "binary.csv")


def arrays(answers):
    x = (answers["method"].to_numpy()[:, None] == np.array(list("abc"))).astype(float)
    return answers["correct"].to_numpy(float), x, answers["participant"].to_numpy(), answers["image"].to_numpy()


def test_estimates_and_standard_errors_are_those_of_lme4_glmer(answers):
    expected = recorded("crossed_logit.R")
    model = fit(*arrays(answers))
    names = ("methoda", "methodb", "methodc")
    assert model.effects == pytest.approx([expected[n] for n in names], abs=5e-4)
    errors = np.sqrt(np.diag(model.covariance))[:3]
    assert errors == pytest.approx([expected[f"se_{n}"] for n in names], rel=5e-3)
    assert (model.participant_sd, model.image_sd) == pytest.approx(
        (expected["sd_participant"], expected["sd_image"]), abs=1e-3
    )
    assert model.deviance <= expected["deviance"] + 1e-3


def test_the_gradient_is_that_of_the_deviance(answers):
    """Oracle: central differences."""
    laplace = _Laplace(*arrays(answers))
    at = np.array([0.1, 0.2, 0.3, 0.6, 0.4])
    numeric = [(laplace(at + h)[0] - laplace(at - h)[0]) / 2e-5 for h in 1e-5 * np.eye(5)]
    assert laplace(at)[1] == pytest.approx(numeric, rel=1e-5)


def test_it_answers_the_question_of_the_primary_analysis():
    """A difference of 20 points between methods lies in the interval, though the model sees logits."""
    design = (TaskDesign("seeing", "class-discrimination", ("cam", "grad-cam"), images=40, ratings=10),)
    truth = Psychometrics({"class-discrimination": {"cam": 0.5, "grad-cam": 0.7}}, image_method_sd=0.0)
    trials = simulate_export(np.random.default_rng(4), truth, design, participants=40).trials
    estimate = marginal_difference(trials, ("cam", "grad-cam"), "grad-cam", "cam", 0.95)
    assert estimate.low < 0.2 < estimate.high
    assert estimate.rule == "random effects"


def test_without_spread_the_standard_deviations_are_nought_and_the_fit_is_the_plain_logit():
    n = 400
    y = np.tile([1.0, 0.0, 1.0, 0.0], n // 4)
    model = fit(y, np.ones((n, 1)), np.repeat(np.arange(20), 20), np.tile(np.repeat(np.arange(5), 4), n // 20))
    assert (model.participant_sd, model.image_sd) == pytest.approx((0, 0), abs=0.05)
    assert model.effects == pytest.approx([0.0], abs=1e-6)


def test_data_that_cannot_carry_the_model_are_refused_with_the_reason(answers):
    y, x, p, i = arrays(answers)
    with pytest.raises(MixedError, match="all answers are right"):
        fit(np.where(x[:, 0] == 1, 1.0, y), x, p, i)
    with pytest.raises(MixedError, match="2599 participants and images"):
        fit(y, x, np.arange(600) * 4, np.minimum(np.arange(600), 201))


@pytest.mark.parametrize("column", ["participant_id", "image_id"])
def test_one_participant_or_one_image_has_no_random_effects(small, column):
    trials = small.trials[small.trials["task"] == "seeing"].assign(**{column: "only"})
    methods = ("guided-backprop", "guided-grad-cam")
    assert "need two participants and two images" in str(marginal_difference(trials, methods, *methods, 0.95).note)
