"""Group-sequential boundaries against published tables, and what they promise over simulated looks."""

from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError
from scipy import stats

from analysis.config import AnalysisConfig, ExclusionsConfig, SequentialConfig
from analysis.display.wording import ENGLISH
from analysis.estimation.sequential import boundaries, error_of_repeated_tests, present_look, rejections, spent
from analysis.report.summary import summarize
from analysis.results import compute
from analysis.simulation.simulated_study import simulate_export
from tests.analysis.conftest import CONFIG, SMALL

# Lan–DeMets O'Brien–Fleming bounds, two-sided 0.05, equally spaced looks: Reboussin, DeMets, Kim & Lan (2000),
# Controlled Clinical Trials 21(3), and R's ldbounds.
PUBLISHED = {
    2: [2.963, 1.969],
    3: [3.710, 2.511, 1.993],
    4: [4.333, 2.963, 2.359, 2.014],
    5: [4.877, 3.357, 2.680, 2.290, 2.031],
}


@pytest.mark.parametrize("looks", PUBLISHED)
def test_boundaries_are_the_published_ones(looks):
    assert boundaries([(k + 1) / looks for k in range(looks)], 0.05) == pytest.approx(PUBLISHED[looks], abs=6e-4)


def test_one_look_is_the_ordinary_test_and_all_of_the_level_is_spent_at_the_end():
    assert boundaries([1.0], 0.05) == pytest.approx([stats.norm.ppf(0.975)], abs=1e-6)
    assert spent(1.0, 0.05) == pytest.approx(0.05)


def test_looking_four_times_keeps_the_level():
    """100,000 random walks: 5 % leave the boundaries at any look; Monte-Carlo error 0.07 points."""
    rng, looks = np.random.default_rng(1), np.array([0.3, 0.5, 0.8, 1.0])
    steps = rng.normal(size=(100_000, 4)) * np.sqrt(np.diff(looks, prepend=0))
    z = np.abs(np.cumsum(steps, axis=1) / np.sqrt(looks))
    assert (z > boundaries(looks, 0.05)).any(axis=1).mean() == pytest.approx(0.05, abs=0.0025)


def test_a_look_counts_only_where_it_was_planned():
    looks = (0.5, 0.75, 1.0)
    assert [present_look(f, looks) for f in (0.2, 0.49, 0.515, 0.6, 0.74, 1.0, 1.3)] == [None, 0, 0, None, 1, 2, 2]


def test_comparisons_go_down_holm_s_steps_and_stop_at_the_first_that_is_not_rejected():
    looks = (0.5, 1.0)
    rejected, held = rejections([0.03, 0.001, None], [1, 1, 1], looks, 0.05)
    assert rejected == [False, True, False]
    assert held[1] == pytest.approx(2 * stats.norm.sf(boundaries(looks, 0.05 / 3)[1]))
    assert held[0] == pytest.approx(2 * stats.norm.sf(boundaries(looks, 0.05 / 2)[1]))
    assert held[2] is None
    assert rejections([0.0001, 0.03], [None, 1], looks, 0.05)[0] == [False, False]
    assert rejections([], [], looks, 0.05) == ([], [])


def test_half_of_a_study_is_held_against_its_first_boundary():
    rule = SequentialConfig(rule="group-sequential", looks=(0.5, 1.0))
    config = AnalysisConfig(contrasts=CONFIG.contrasts, sequential=rule)
    export = simulate_export(np.random.default_rng(5), designs=SMALL, participants=12, config=config)
    whole = compute(export)[0].contrasts
    assert whole["look"].tolist() == [2, 2]
    half = export.trials[export.trials["trial_index"] % 2 == 0]
    table = compute(replace(export, trials=half))[0].contrasts
    at_look = table[table["look"] == 1]
    assert (at_look["level"] < 0.004).all()
    assert not table[table["look"].isna()]["rejected"].any()


@pytest.mark.parametrize("looks", [(1.0,), (0.5, 0.9), (0.5, 0.5, 1.0), (1.0, 0.5)])
def test_impossible_plans_are_refused(looks):
    with pytest.raises(ValidationError, match="increasing shares"):
        SequentialConfig(rule="group-sequential", looks=looks)


def test_people_left_out_by_a_rule_have_filled_their_places_and_the_last_look_is_reached():
    rule = SequentialConfig(rule="group-sequential", looks=(0.5, 1.0))
    exclusions = ExclusionsConfig(failed_attention_checks=1)
    config = AnalysisConfig(contrasts=CONFIG.contrasts, sequential=rule, exclusions=exclusions)
    export = simulate_export(np.random.default_rng(5), designs=SMALL, participants=12, config=config)
    checks = export.participants.assign(attention_checks=[2.0] * 12, attention_checks_passed=[0.0] * 3 + [2.0] * 9)
    results = compute(replace(export, participants=checks))[0]
    assert results.participants == 9
    assert results.contrasts["look"].tolist() == [2, 2]
    third = export.trials[export.trials["trial_index"] % 3 == 0]
    between = compute(replace(export, trials=third))[0]
    assert not between.contrasts["tested"].any()
    assert "no test is planned at this point" in " ".join(summarize(between, 0.95, ENGLISH).findings)


@pytest.mark.parametrize(
    ("looks", "error"),
    # Armitage, McPherson & Rowe (1969), table 2: repeated tests at 5 % after 2, 3, 4, 5 and 10 equal steps.
    [(1, 0.05), (2, 0.083), (3, 0.107), (4, 0.126), (5, 0.142), (10, 0.193)],
)
def test_repeated_tests_find_what_is_not_there_as_often_as_published(looks, error):
    found = error_of_repeated_tests([(k + 1) / looks for k in range(looks)], 0.05)
    assert found == pytest.approx(error, abs=6e-4)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_one_extension_agrees_with_the_normal_distribution_of_both_tests(share):
    """Oracle: scipy's bivariate normal, two tests with correlation √share."""
    both = stats.multivariate_normal(cov=[[1, np.sqrt(share)], [np.sqrt(share), 1]])
    z = stats.norm.ppf(0.975)
    inside = both.cdf([z, z]) - both.cdf([z, -z]) - both.cdf([-z, z]) + both.cdf([-z, -z])
    assert error_of_repeated_tests([share, 1], 0.05) == pytest.approx(1 - inside, abs=1e-6)


def test_without_a_look_nothing_is_risked():
    assert error_of_repeated_tests([], 0.05) == 0
