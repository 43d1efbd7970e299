"""Planning a ranking: its power agrees with what is known of it, and the words say what the table says."""

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from scipy import optimize, special, stats

import manage
from analysis.config import AnalysisConfig
from analysis.simulation.planning import Plan
from analysis.simulation.ranking import (
    COLUMNS,
    assumed_order,
    is_ranked,
    ranking_in_words,
    ranking_power,
    write_ranking,
)
from analysis.tasks.design import TaskDesign
from analysis.tasks.psychometrics import Psychometrics, SimulationError
from analysis.tasks.trust.simulate import THRESHOLDS, logits_between
from contracts.own_files import NotOwnFileError

DESIGN = TaskDesign("trusting", "trust", ("grad-cam",), 1, 1, ("good", "fair", "bad"))
INDEPENDENT = Psychometrics(participant_sd=0, image_sd=0, image_method_sd=0)
PAIRS = ((0, 1), (0, 2), (1, 2))


def preferences(step: float) -> np.ndarray:
    """(3, 3): of each pair, the chance that its first is preferred, neither, its second; by proportional odds."""
    at = THRESHOLDS[1:3].mean() + step * np.array([1, 2, 1])
    lower, upper = (special.expit(threshold - at) for threshold in THRESHOLDS[1:3])
    return np.stack([1 - upper, upper - lower, lower], axis=1)


def standard_error(shares: np.ndarray, answers: int) -> tuple[float, float]:
    """(log odds of the first pair, its standard error) of Davidson's model fitted by a general optimizer: the inverse
    of the information, which is the numerical second derivative of the expected log-likelihood."""

    def expected(parameters: np.ndarray) -> float:
        strengths, ties = np.array([0.0, *parameters[:2]]), parameters[2]
        total = 0.0
        for (i, j), observed in zip(PAIRS, shares, strict=True):
            logits = np.array([strengths[i], ties + (strengths[i] + strengths[j]) / 2, strengths[j]])
            total -= answers * observed @ special.log_softmax(logits)
        return total

    best = optimize.minimize(expected, np.zeros(3), method="BFGS").x
    small = 1e-3 * np.eye(3)
    second = np.array(
        [[(expected(best + a + b) - expected(best + a - b) - expected(best - a + b) + expected(best - a - b)) / 4e-6
          for a in small] for b in small]
    )  # fmt: skip
    return -best[0], float(np.sqrt(np.linalg.inv(second)[0, 0]))


@pytest.mark.slow
def test_without_clusters_power_is_that_of_the_model_s_information():
    plan = Plan(DESIGN, AnalysisConfig(), INDEPENDENT, effect=0.04)
    table = ranking_power(plan, [40], [5], [45], draws=200, seed=1)
    value, error = standard_error(preferences(logits_between(INDEPENDENT, 0.16)), 200)
    expected = stats.norm.sf(stats.norm.ppf(0.975) - value / error)
    assert 0.3 < expected < 0.8
    found = table.set_index(["a", "b"])["found"]
    assert found["good", "fair"] == pytest.approx(expected, abs=3 * np.sqrt(expected * (1 - expected) / 200) + 0.02)
    assert found["good", "bad"] > found["good", "fair"] + 0.1
    assert table["responses"].tolist() == [600] * 3


@pytest.mark.slow
def test_without_a_difference_each_order_is_as_likely_and_an_interval_misses_0_on_a_side_as_told():
    table = ranking_power(Plan(DESIGN, AnalysisConfig(), effect=1e-9), [16], [3], [18], draws=300, seed=2)
    assert table["in_order"].iloc[0] == pytest.approx(1 / 6, abs=0.065)
    assert table["found"].mean() == pytest.approx(0.025, abs=0.02)


@pytest.mark.slow
def test_people_who_leave_cost_power_and_the_same_seed_gives_the_same_table():
    steps = []
    stay, leave = (
        ranking_power(Plan(DESIGN, AnalysisConfig(), effect=0.1, dropout=share), [12], [3], [18], 60, 3,
                      lambda done, total: steps.append((done, total)))
        for share in (0.0, 0.8)
    )  # fmt: skip
    assert leave["found"].mean() + 0.05 < stay["found"].mean()
    assert stay.equals(ranking_power(Plan(DESIGN, AnalysisConfig(), effect=0.1), [12], [3], [18], 60, 3))
    assert steps == [(1, 1)] * 2


def test_what_is_assumed_and_found_is_told_in_words(tmp_path):
    rules = AnalysisConfig(smallest_effect={"trusting": 0.3})
    assert "good > fair > bad, neighbours apart by +0.30 on the score (the smallest effect" in assumed_order(
        Plan(DESIGN, rules)
    )
    with pytest.raises(SimulationError, match=r"no difference is assumed between neighbours .* give --effect, or sm"):
        ranking_power(Plan(DESIGN, AnalysisConfig()), [4], [1], [4], 1, 1)
    rows = [(i, 3, 18, 9 * i, "trusting", "good", b, p, 0.01, 0.97, "") for i, p in ((6, 0.6), (9, 0.85)) for b in "xy"]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    lines = ranking_in_words(table)
    assert lines[0].endswith("ranked in this order 0.97; interval above 0: good > x 0.60, good > y 0.60")
    assert lines[-1].endswith(
        "80% of studies: the smallest of the grid is 9 images × 3 ratings, 18 people, 81 responses."
    )
    few = ranking_power(Plan(DESIGN, rules), [4], [9], [4], 1, 1)
    assert "27 ratings by different people; 4 are too few" in ranking_in_words(few)[0]
    assert "none of the grid is; try more images first" in ranking_in_words(few)[-1]
    (tmp_path / "ranking.csv").write_text("mine")
    with pytest.raises(NotOwnFileError, match=r"ranking.csv exists, and Discern did not write it"):
        write_ranking(table, tmp_path)


def test_the_command_plans_the_ranking_of_a_definition(tmp_path):
    sizes = ["--images", "4", "--ratings", "2", "--participants", "24", "--draws", "2", "--out", str(tmp_path)]
    study = ["--study", "examples/own-study/study.toml", "--task", "trusting"]
    done = CliRunner().invoke(manage.cli, ["power", *study, *sizes])
    assert done.exit_code == 0, done.output
    assert "sharp > middling > blurred" in done.output
    assert [file.name for file in tmp_path.iterdir()] == ["ranking.csv"]  # the task compares no methods
    assert len(pd.read_csv(tmp_path / "ranking.csv")) == 3


def test_two_networks_are_not_ranked():
    assert is_ranked("trust", DESIGN.networks)
    assert not is_ranked("trust", DESIGN.networks[:2])
    assert not is_ranked("class-discrimination", DESIGN.networks)
