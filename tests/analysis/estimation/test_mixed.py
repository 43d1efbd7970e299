"""Maximal random effects, against R's lme4::glmer, the exact gradient and what the simulation put in."""

import numpy as np
import pandas as pd
import pytest

from analysis.estimation.mixed import SOURCES, MixedError, _Laplace, _parts, fit, marginal_difference, spreads
from analysis.simulation.simulated_study import simulate_export
from analysis.tasks.design import TaskDesign
from analysis.tasks.psychometrics import Psychometrics
from languages.read import messages
from tests.analysis.oracles.r import FOLDER, oracle, recorded

GROUPS = ("participant", "participant:method", "image", "image:method")


@pytest.fixture
def answers():
    """600 right and wrong answers of 24 participants to 18 images by three methods."""
    return pd.read_csv(FOLDER / "binary.csv")


def arrays(answers):
    method = pd.factorize(answers["method"], sort=True)[0]
    return answers["correct"].to_numpy(float), method, answers["participant"].to_numpy(), answers["image"].to_numpy()


def agrees(model, expected, of_effects=GROUPS):
    names = ("methoda", "methodb", "methodc")
    assert model.effects == pytest.approx([expected[n] for n in names], abs=1e-3)
    assert np.sqrt(np.diag(model.covariance)) == pytest.approx([expected[f"se_{n}"] for n in names], abs=1e-3)
    assert model.sds == pytest.approx([expected[f"sd_{n}"] for n in of_effects], abs=1e-3)
    assert model.deviance == pytest.approx(expected["deviance"], abs=1e-3)


def test_effects_errors_and_spreads_are_those_of_lme4_where_methods_act_differently():
    """732 answers of 20 participants to 16 images, drawn with all four spreads."""
    agrees(fit(*arrays(pd.read_csv(FOLDER / "by_method.csv"))), recorded("maximal_logit.R"))


def test_effects_that_methods_share_are_those_of_lme4():
    """The same answers, with an effect of each participant on methods a and b together."""
    model = fit(*arrays(pd.read_csv(FOLDER / "by_method.csv")), groups=(0, 0, 1))
    agrees(model, recorded("grouped_logit.R"), (*GROUPS[:2], "participant:group", *GROUPS[2:]))


@pytest.mark.r
def test_the_fit_is_that_of_lme4_also_where_a_spread_is_estimated_as_none(answers):
    agrees(fit(*arrays(answers)), oracle("maximal_logit.R", "binary.csv"))


@pytest.mark.parametrize("turned", [False, True])
def test_the_gradient_is_that_of_the_deviance(answers, turned):
    """Oracle: central differences. Either side may be the one that is eliminated."""
    y, method, *sides = arrays(answers)
    parts = _parts(3), _parts(3, (0, 1, 0))
    laplace = _Laplace(y, method, sides[::-1] if turned else sides, np.zeros((len(y), 0)), parts)
    at = np.array([0.1, 0.2, 0.3, 0.6, 0.4, 0.5, 0.2, 0.3])
    numeric = [(laplace(at + h)[0] - laplace(at - h)[0]) / 2e-5 for h in 1e-5 * np.eye(8)]
    assert laplace(at)[1] == pytest.approx(numeric, rel=1e-5)


def test_effects_that_methods_share_are_people_s_also_where_images_are_more():
    """12 people and 16 images. Oracle: the deviance with people first is least there, its gradient 0."""
    answers = pd.read_csv(FOLDER / "by_method.csv").query("participant < 12")
    y, method, participant, image = arrays(answers)
    x, groups = np.column_stack([image % 2, participant % 3]).astype(float), (0, 0, 1)
    model = fit(y, method, participant, image, x, groups)
    laplace = _Laplace(y, method, (participant, image), x, (_parts(3, groups), _parts(3)))
    deviance, gradient = laplace(np.concatenate([model.effects, model.sds]))
    assert (len(model.effects), len(model.sds)) == (5, 5)
    assert model.deviance == pytest.approx(deviance, abs=1e-6)
    assert np.abs(gradient).max() < 0.01


def test_it_answers_the_question_of_the_primary_analysis():
    """A difference of 20 points between methods lies in the interval, though the model sees logits."""
    design = (TaskDesign("seeing", "class-discrimination", ("cam", "grad-cam"), images=40, ratings=10),)
    truth = Psychometrics({"class-discrimination": {"cam": 0.5, "grad-cam": 0.7}}, image_method_sd=0.0)
    trials = simulate_export(np.random.default_rng(4), truth, design, participants=40).trials
    estimate = marginal_difference(trials, ("cam", "grad-cam"), "grad-cam", "cam", 0.95)
    assert estimate.low < 0.2 < estimate.high
    assert estimate.rule == "random effects"


def test_where_methods_act_differently_on_people_the_interval_knows_it():
    """Intercepts alone gave a standard error of 2.5 points here: it was the reason why they are not enough."""
    design = (TaskDesign("seeing", "class-discrimination", ("cam", "grad-cam"), images=40, ratings=10),)
    truth = Psychometrics(
        {"class-discrimination": {"cam": 0.6, "grad-cam": 0.6}},
        participant_sd=0.3, image_sd=0.3, image_method_sd=0, participant_method_sd=1.5,
    )  # fmt: skip
    trials = simulate_export(np.random.default_rng(4), truth, design, participants=40).trials
    estimate = marginal_difference(trials, ("cam", "grad-cam"), "grad-cam", "cam", 0.95)
    assert estimate.se > 0.05


def test_without_spread_the_standard_deviations_are_nought_and_the_fit_is_the_plain_logit():
    n = 400
    y = np.tile([1.0, 0.0, 1.0, 0.0], n // 4)
    model = fit(y, np.zeros(n, int), np.repeat(np.arange(20), 20), np.tile(np.repeat(np.arange(5), 4), n // 20))
    assert model.sds == pytest.approx([0, 0, 0, 0], abs=0.05)
    assert model.effects == pytest.approx([0.0], abs=1e-6)


def test_the_spreads_are_printed_with_the_shares_of_the_answers_variance_that_they_explain():
    """Oracle: lme4's standard deviations; the variance of a logistic answer is π²/3."""
    trials = pd.read_csv(FOLDER / "by_method.csv").rename(
        columns={"participant": "participant_id", "image": "image_id"}
    )
    table = spreads(trials, ("a", "b", "c"))
    sds = np.array([recorded("maximal_logit.R")[f"sd_{group}"] for group in GROUPS])
    assert table["source"].tolist() == list(SOURCES)
    assert set(SOURCES) <= {message.id for message in messages("report")}, "they are translated"
    assert table["sd"].to_numpy() == pytest.approx(sds, abs=1e-3)
    assert table["variance"].to_numpy() == pytest.approx(sds**2, abs=2e-3)
    assert table["share"].to_numpy() == pytest.approx(sds**2 / (np.sum(sds**2) + np.pi**2 / 3), abs=1e-3)
    one = spreads(trials[trials["image_id"] == 0], ("a", "b", "c"))
    assert one["sd"].isna().all()
    assert {str(note) for note in one["note"]} == {"Random effects need two participants and two images."}


def test_data_that_cannot_carry_the_model_are_refused_with_the_reason(answers):
    y, method, p, i = arrays(answers)
    told = "^No finite estimate: people or images are almost always right, or almost always wrong.$"
    with pytest.raises(MixedError, match=told):
        fit(np.where(p % 2 == 1, 1.0, 0.0), method, p, i)
    with pytest.raises(MixedError, match="all answers are right"):
        fit(np.where(method == 1, 1.0, y), method, p, i)
    with pytest.raises(MixedError, match="all wrong"):
        fit(np.where(method == 1, 0.0, y), method, p, i)
    with pytest.raises(MixedError, match=r"7797 effects of participants and images by method; .* fitted to 2000"):
        fit(y, method, np.arange(600) * 4, np.minimum(np.arange(600), 201))


@pytest.mark.parametrize("column", ["participant_id", "image_id"])
def test_one_participant_or_one_image_has_no_random_effects(small, column):
    trials = small.trials[small.trials["task"] == "seeing"].assign(**{column: "only"})
    methods = ("guided-backprop", "guided-grad-cam")
    assert "need two participants and two images" in str(marginal_difference(trials, methods, *methods, 0.95).note)


def with_covariate(data):
    """The fit of a file of the oracles, whose confidence is a covariate."""
    answers = pd.read_csv(FOLDER / data)
    y, method, participant, image = arrays(answers)
    return fit(y, method, participant, pd.factorize(image)[0], answers[["confidence"]].to_numpy())


def agrees_with_covariate(model, expected):
    names = ("methoda", "methodb", "confidence")
    assert model.effects == pytest.approx([expected[n] for n in names], abs=1e-3)
    assert np.sqrt(np.diag(model.covariance)) == pytest.approx([expected[f"se_{n}"] for n in names], abs=1e-3)
    assert model.sds[2:] == pytest.approx([expected[f"sd_{n}"] for n in GROUPS[2:]], abs=1e-3)
    assert model.deviance == pytest.approx(expected["deviance"], abs=1e-3)


def test_a_covariate_has_the_slope_that_lme4_finds():
    """600 answers of 30 participants to 24 images by two methods; the confidence of each is a step from 1 to 4."""
    expected = recorded("covariate_logit.R")
    agrees_with_covariate(model := with_covariate("covariate.csv"), expected)
    assert model.sds[:2] == pytest.approx([expected[f"sd_{n}"] for n in GROUPS[:2]], abs=1e-3)


def test_a_slope_is_an_estimate_up_to_twelve_logits_for_a_unit(answers):
    """Closed form: in another unit of the covariate the slope is so many times as large, and the fit is the same."""
    y, method, participant, image = arrays(answers)
    x = np.where(y == 1, 1.0, -1.0) + 2 * np.sin(np.arange(len(y)))
    slope = fit(y, method, participant, image, x[:, None]).effects[3]
    near = fit(y, method, participant, image, (x * slope / 11.9)[:, None])
    assert near.effects[3] == pytest.approx(11.9, rel=1e-3)
    with pytest.raises(MixedError, match=r"^No finite estimate"):
        fit(y, method, participant, image, (x * slope / 12.3)[:, None])


@pytest.mark.r
def test_people_who_each_meet_one_method_have_one_spread_as_in_lme4():
    """640 answers of 40 participants, 20 for each method."""
    expected = oracle("covariate_logit.R", "between.csv")
    agrees_with_covariate(model := with_covariate("between.csv"), expected)
    assert np.hypot(*model.sds[:2]) == pytest.approx(expected["sd_participant"], abs=1e-3)


def test_the_gradient_in_a_covariate_is_that_of_the_deviance(answers):
    """Oracle: central differences."""
    y, method, participant, image = arrays(answers)
    x = np.linspace(-1, 2, len(y))[:, None]
    laplace = _Laplace(y, method, (participant, image), x, (_parts(3), _parts(3)))
    at = np.array([0.1, 0.2, 0.3, -0.4, 0.6, 0.4, 0.5, 0.2])
    numeric = [(laplace(at + h)[0] - laplace(at - h)[0]) / 2e-5 for h in 1e-5 * np.eye(8)]
    assert laplace(at)[1] == pytest.approx(numeric, rel=1e-5)
