"""Other defensible analyses: each against its definition, and the table complete."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.config import AnalysisConfig, ContrastConfig, ExclusionsConfig
from analysis.estimation.bootstrap import pigeonhole
from analysis.results import compute
from analysis.robustness.multiverse import analyses, multiverse
from analysis.simulation.simulated_study import simulate_export
from analysis.tasks.design import TaskDesign
from analysis.tasks.kinds import ANALYSIS_KINDS
from analysis.tasks.psychometrics import Psychometrics
from analysis.tasks.trust.estimates import score_difference
from tests.analysis.conftest import CONFIG, SMALL


def test_the_table_holds_each_comparison_under_each_analysis_and_the_primary_one_is_that_of_the_report(small):
    table = multiverse(small)
    assert len(table) == sum(len(analyses(task.kind)) for task in small.tasks)
    primary = table[table["primary"]].set_index("task")
    headline = compute(small)[0].contrasts.set_index("task")
    for column in ("value", "low", "high", "p"):
        assert primary[column].to_dict() == pytest.approx(headline[column].to_dict())


def lopsided(kind):
    """A study of the kind with a third of the responses to one foil missing, so its sorts are of unequal number."""
    methods = ("guided-backprop", "grad-cam")
    design = TaskDesign("seeing", kind, methods, images=12, ratings=6)
    config = AnalysisConfig(contrasts=(ContrastConfig(task="seeing", a="grad-cam", b="guided-backprop"),))
    export = simulate_export(np.random.default_rng(7), None, [design], participants=24, config=config)
    foil, third = export.trials["foil"], np.arange(len(export.trials)) % 3 == 0
    return replace(export, trials=export.trials[(foil != foil.iloc[0]) | ~third])


@pytest.mark.parametrize("kind", list(ANALYSIS_KINDS))
def test_the_primary_row_of_every_kind_is_the_comparison_of_the_report(kind):
    export = lopsided(kind)
    table = multiverse(export)
    (row,) = table[table["primary"]].to_dict("records")
    (headline,) = compute(export)[0].contrasts.to_dict("records")
    for column in ("value", "low", "high", "se", "df", "p"):
        assert row[column] == pytest.approx(headline[column]), column
    values = table.loc[table["assumes"].fillna("") != "", "value"]
    assert values.iloc[:5].tolist() == pytest.approx([headline["value"]] * 5), "each way estimates the same"


def test_both_sorts_count_alike_in_independent_responses_too():
    """Oracle: the standard error of half the sum of two means, by scipy, for each method."""
    export = lopsided("agreement")
    trials = export.trials[export.trials["task"] == "seeing"]
    groups = trials.groupby(["method", "foil"])["correct"]
    assert groups.size().nunique() > 1
    value = groups.mean().groupby("method").mean().diff().abs().iloc[-1]
    se = np.sqrt(sum((stats.sem(group.astype(float)) / 2) ** 2 for _, group in groups))
    row = multiverse(export).query("analysis == 'independent responses'").iloc[0]
    assert (abs(row["value"]), row["se"], row["df"]) == pytest.approx((value, se, len(trials) - 4))


def test_exclusions_and_overflow_are_taken_in_and_out_and_choices_without_consequence_listed_once(small):
    late = small.trials["trial_index"] == 3
    people = small.participants.assign(excluded=small.participants["participant_id"] == "p00001")
    changed = replace(small, trials=small.trials.assign(is_overflow=late), participants=people)
    table = multiverse(changed)
    kept = table.groupby(["exclusions", "overflow"], sort=False)["responses"].max()
    assert kept.index.tolist() == [
        ("as defined", "left out"), ("as defined", "kept"), ("nobody", "left out"), ("nobody", "kept"),
    ]  # fmt: skip
    assert kept.is_unique or kept.iloc[0] < kept.iloc[3]
    rules = AnalysisConfig(contrasts=CONFIG.contrasts, exclusions=ExclusionsConfig(incomplete=True))
    assert set(multiverse(replace(small, config=rules))["exclusions"]) == {"as defined"}


def test_independent_responses_are_welch_s_two_samples(small):
    row = multiverse(small).query("analysis == 'independent responses' and task == 'trusting'").iloc[0]
    groups = [g["score"] for _, g in small.trials[small.trials["task"] == "trusting"].groupby("method")]
    welch = stats.ttest_ind(groups[1], groups[0], equal_var=False)
    assert (row["value"], row["value"] / row["se"]) == pytest.approx(
        (groups[1].mean() - groups[0].mean(), welch.statistic)
    )


def test_one_way_intervals_have_one_degree_of_freedom_less_than_clusters(small):
    """Cameron & Miller (2015), section VI.B: t with G − 1."""
    table = multiverse(small).set_index(["task", "analysis"])
    for task in table.index.unique("task"):
        for analysis, column in (("clusters: participants", "participants"), ("clusters: images", "images")):
            row = table.loc[task, analysis]
            quantile = stats.t.ppf(0.975, row[column] - 1)
            assert row["df"] == row[column] - 1
            assert (row["high"] - row["value"]) / row["se"] == pytest.approx(quantile, rel=1e-9)


def test_the_bootstrap_draws_people_and_images_apart_and_is_conservative():
    """Its variance lies between the two-way one and three times it (Owen 2007), and a repetition gives the same."""
    design = (TaskDesign("trusting", "trust", ("cam", "grad-cam"), images=30, ratings=15),)
    export = simulate_export(np.random.default_rng(8), Psychometrics(), design, participants=30)
    trials = export.trials
    codes = [pd.factorize(trials[c])[0] for c in ("method", "participant_id", "image_id")]
    score = trials["score"].to_numpy()
    found = pigeonhole(score, *codes, 0.95)
    assert found == pigeonhole(score, *codes, 0.95)
    first, second = pd.unique(trials["method"])
    two_way = score_difference(trials, ("cam", "grad-cam"), first, second, 0.95)
    assert found.value == pytest.approx(two_way.value)
    assert 0.9 * two_way.se < found.se < 1.8 * two_way.se


def test_the_bootstrap_s_spread_is_the_one_enumerated_by_hand():
    """Cell 0: participant 0 says 1 and participant 1 says 0, at both images; cell 1: always 0. Of the four draws of two
    people from two, the difference is 1, ½, ½ or 0: standard deviation √(1/8)."""
    y = np.array([1, 1, 0, 0, 0, 0, 0, 0], float)
    cell, p = np.repeat([0, 1], 4), np.tile([0, 0, 1, 1], 2)
    found = pigeonhole(y, cell, p, np.tile([0, 1], 4), 0.95)
    assert found.value == 0.5
    assert found.se == pytest.approx(np.sqrt(1 / 8), abs=0.02)


def test_too_little_to_draw_from_gives_an_estimate_without_interval():
    y, zero = np.array([1.0, 0.0, 1.0]), np.zeros(3, int)
    assert "too few" in str(pigeonhole(y, np.array([0, 1, 1]), zero, np.arange(3), 0.95).note)
    assert str(pigeonhole(y, zero, zero, zero, 0.95).note) == "No responses in one of the two."


def test_beyond_a_hundred_thousand_responses_the_slow_analyses_say_that_they_were_left_out(small, monkeypatch):
    monkeypatch.setattr("analysis.estimation.limits.MOST_RESPONSES", 50)
    table = multiverse(small)
    left_out = table[table["note"].map(str).str.startswith("Not computed")]
    assert set(left_out["analysis"]) == {"pigeonhole bootstrap", "random effects"}
    assert set(SMALL[0].methods) == {left_out["a"].iloc[0], left_out["b"].iloc[0]}


def test_each_analysis_that_does_not_hold_its_level_by_itself_says_what_it_assumes(small):
    """Measured in docs/explanation/statistics.md: the primary one holds it, the others need what they say."""
    table = multiverse(small)
    assert (table["assumes"] == "").tolist() == (table["analysis"] == "two-way clusters").tolist()
    needed = table.set_index("analysis")["assumes"]
    assert "images do not differ" in needed["clusters: participants"].iloc[0]
    assert "normal effects" in needed["random effects"]


def test_a_perfect_difference_is_exact_in_every_analysis_or_has_no_interval(small):
    right = small.trials["method"] == "guided-grad-cam"
    perfect = replace(small, trials=small.trials.assign(correct=right, score=np.where(right, 2.0, -2.0)))
    table = multiverse(perfect)
    assert table["value"].isin((1, 4)).sum() >= 12
    for row in table[table["value"].isin((1, 4))].itertuples():
        assert row.rule == "exact" or np.isnan(row.low), row
