"""Replicated, not replicated or inconclusive: by the stated rule, whatever the numbers are."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.weightstats import ttost_ind

from analysis.config import AnalysisConfig
from analysis.data.completeness import Reached
from analysis.data.export import Task
from analysis.paper import GRAD_CAM
from analysis.results import compute
from analysis.robustness.equivalence import equivalence, withheld
from analysis.simulation.simulated_study import simulate_export
from tests.analysis.conftest import CONFIG

NO_CONTRASTS = pd.DataFrame(columns=["task", "kind", "a", "b", "paper"])


def one_mean(kind, value, se, responses=810, df=44, participants=43, without=None):
    paper = (GRAD_CAM.trust_scores if kind == "trust" else GRAD_CAM.accuracies)["guided-grad-cam"]
    table = pd.DataFrame(
        {
            "method": ["guided-grad-cam"],
            "value": [value],
            "se": [se],
            "df": [df],
            "responses": [responses],
            "participants": [participants],
            "note": [""],
            "paper": [paper],
        }
    )
    return equivalence({("t", kind): table}, NO_CONTRASTS, GRAD_CAM, AnalysisConfig(), without or {}).iloc[0]


@pytest.mark.parametrize(
    ("kind", "value", "se", "verdict"),
    [
        ("trust", 1.27, 0.02, "replicated"),
        ("trust", 1.40, 0.02, "replicated"),  # told from 0, and near enough: the margin decides
        ("trust", 1.80, 0.05, "not replicated"),
        ("trust", 1.27, 0.40, "inconclusive"),
        ("trust", 1.72, 0.20, "inconclusive"),
        ("class-discrimination", 0.6123, 0.017, "replicated"),
        ("class-discrimination", 0.4500, 0.025, "not replicated"),
        ("class-discrimination", 0.5700, 0.050, "inconclusive"),
    ],
)
def test_the_rule_gives_its_three_verdicts(kind, value, se, verdict):
    assert one_mean(kind, value, se)["verdict"] == verdict


def one_difference(value, low, high):
    """The verdict on the paper's trust difference of +0.27, which is smaller than the margin of 0.4."""
    methods = ["guided-grad-cam", "guided-backprop"]
    table = pd.DataFrame({"method": methods, "value": [1.2, 1.0], "responses": [810, 810], "participants": [43, 43]})
    table = table.assign(paper=np.nan)
    head = {"task": "t", "kind": "trust", "a": methods[0], "b": methods[1], "paper": 0.27, "note": ""}
    contrast = pd.DataFrame([head | {"value": value, "se": 0.05, "df": 44, "low": low, "high": high}])
    return equivalence({("t", "trust"): table}, contrast, GRAD_CAM, AnalysisConfig(), {}).iloc[0]["verdict"]


@pytest.mark.parametrize(
    ("value", "low", "high", "verdict"),
    [
        (0.25, 0.15, 0.35, "replicated"),
        (0.18, -0.02, 0.38, "inconclusive"),  # within the margin of the paper's, and no effect shown
        (0.0, -0.1, 0.1, "not replicated"),  # within the margin, told from the paper's
        (-0.3, -0.4, -0.2, "not replicated"),  # an effect, but the other way
    ],
)
def test_a_comparison_is_replicated_only_where_it_shows_the_paper_s_effect(value, low, high, verdict):
    assert one_difference(value, low, high) == verdict


def test_a_mean_score_s_error_is_this_study_s_taken_twice_and_the_tests_are_tost():
    """Oracle: two samples of one variance, statsmodels' two one-sided t-tests at the edge of the margin."""
    rng = np.random.default_rng(2)
    ours, theirs = (rng.normal(size=400) for _ in range(2))
    row = one_mean("trust", 1.27 + 0.2, 0.05)
    assert row["se"] == pytest.approx(0.05 * np.sqrt(2))
    assert row["margin"] == pytest.approx(0.4)
    p, *_ = ttost_ind(ours, theirs, -0.4, 0.4)
    difference, se = ours.mean() - theirs.mean(), np.sqrt((ours.var(ddof=1) + theirs.var(ddof=1)) / 400)
    found = one_mean("trust", 1.27 + difference, se / np.sqrt(2), df=798)  # 53 of these count, as the paper had 54
    assert (found["verdict"] == "replicated") == (p < 0.05)


def test_an_accuracy_of_the_paper_has_the_error_of_its_responses_under_this_study_s_design_effect():
    """Design effect 4 here (SE twice the binomial one): the paper's 496 of 810 get four times their binomial variance."""
    binomial = np.sqrt(0.6 * 0.4 / 810)
    row = one_mean("class-discrimination", 0.6, 2 * binomial)
    p = GRAD_CAM.accuracies["guided-grad-cam"]
    assert row["se"] ** 2 == pytest.approx(4 * binomial**2 + 4 * p * (1 - p) / 810)
    assert one_mean("class-discrimination", 0.6, 0.5 * binomial)["se"] ** 2 == pytest.approx(
        0.25 * binomial**2 + p * (1 - p) / 810
    )


@pytest.mark.parametrize(("kind", "times"), [("trust", 10), ("trust", 1000), ("class-discrimination", 1000)])
def test_the_paper_s_own_error_does_not_shrink_with_this_study_s_size(kind, times):
    """Its 54 and 43 workers stay 54 and 43 however many people take part here: each gives what they gave before."""
    value, here = (1.27, 0.3) if kind == "trust" else (0.6, 0.034)
    small = one_mean(kind, value, here, responses=810, participants=54)
    large = one_mean(kind, value, here / np.sqrt(times), responses=810 * times, participants=54 * times)
    paper = [row["se"] ** 2 - se**2 for row, se in ((small, here), (large, here / np.sqrt(times)))]
    assert paper[1] == pytest.approx(paper[0])
    assert large["se"] > here / np.sqrt(2) / 3


def test_people_who_gave_fewer_responses_each_do_not_make_the_paper_more_certain():
    """Design effects grow with the answers of a person: 2 each here, where the paper's workers gave 810/43 = 18.8."""
    binomial = np.sqrt(0.6 * 0.4 / 810)
    row = one_mean("class-discrimination", 0.6, np.sqrt(1.1) * binomial, participants=405)
    p = GRAD_CAM.accuracies["guided-grad-cam"]
    effect = 1 + 0.1 * (810 / 43) / 2
    assert row["se"] ** 2 == pytest.approx(1.1 * binomial**2 + effect * p * (1 - p) / 810)


def test_degrees_of_freedom_are_at_most_the_paper_s_people_less_one():
    row = one_mean("trust", 1.27, 0.1, df=10_000)
    assert row["high"] == pytest.approx(row["se"] * stats.t.ppf(0.975, 53))


TASKS = (Task("seeing", "class-discrimination", (), ()), Task("trusting", "trust", (), ()))


def test_no_verdict_is_given_for_simulated_people_nor_below_nine_tenths_of_the_ratings():
    ratings = (Reached("seeing", 89, 100), Reached("trusting", 90, 100))
    people, simulated = (withheld(kind, TASKS, ratings) for kind in ("human", "simulated"))
    assert {task: str(why) for task, why in people.items()} == {
        "seeing": "No verdict: 89.0% of the planned ratings were in, and 90% are needed."
    }
    assert simulated.keys() == {"seeing", "trusting"}
    row = one_mean("trust", 1.27, 0.02, without={"t": people["seeing"]})
    assert (row["verdict"], row["note"]) == ("no verdict", people["seeing"])
    assert row["low"] < row["difference"] < row["high"]


def test_without_an_interval_there_is_no_verdict_and_without_a_paper_no_table():
    row = one_mean("trust", 1.0, np.nan)
    assert (row["verdict"], row["difference"]) == ("no verdict", pytest.approx(-0.27))
    assert equivalence({}, NO_CONTRASTS, None, AnalysisConfig(), {}).empty


@pytest.mark.slow
def test_a_study_drawn_from_the_paper_s_figures_does_not_fail_to_repeat_them():
    """As if people had answered so: simulated ones get no verdict."""
    verdicts = []
    for seed in range(5):
        export = simulate_export(np.random.default_rng(seed), config=CONFIG, observer_kind="human")
        verdicts += compute(export)[0].tables["equivalence"]["verdict"].tolist()
    assert len(verdicts) == 5 * 8
    assert verdicts.count("not replicated") <= 4  # 5 % of 40 are 2
    assert verdicts.count("replicated") >= 20
    simulated = compute(replace(export, **as_simulated(export)))[0].tables["equivalence"]
    assert set(simulated["verdict"]) == {"no verdict"}


def as_simulated(export):
    return {name: getattr(export, name).assign(observer_kind="simulated") for name in ("participants", "trials")}
