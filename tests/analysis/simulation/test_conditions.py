"""Comparisons between people hold their level: participants × images crossed, groups of very different size."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from analysis.config import AnalysisConfig, ContrastConfig
from analysis.estimation.estimates import cell_means, difference
from analysis.simulation.calibration import CONFIDENCE, SCENARIOS
from analysis.simulation.conditions import (
    METHODS,
    SIZES,
    assign_parts,
    calibrate_between,
    differences,
    divided,
    shown_in,
)
from analysis.simulation.planning import Plan, assumed
from analysis.simulation.power import power
from analysis.tasks.design import TaskDesign
from analysis.tasks.psychometrics import Psychometrics
from contracts.conditions import ConditionConfig

DESIGN = TaskDesign("seeing", "class-discrimination", ("cam", "occlusion", "grad-cam"), 12, 2)


@pytest.mark.calibration
@pytest.mark.parametrize(
    ("size", "scenario"),
    [
        ("24 and 24 people, 24 images", "people differ"),
        ("20 and 60 people, 40 images", "all of these"),
        ("20 and 60 people, 40 images", "people differ"),
        ("6 and 42 people, 40 images", "all of these"),
    ],
)
def test_intervals_between_people_have_their_nominal_coverage(size, scenario):
    """With 2,000 studies, 95 % has a Monte-Carlo error of 0.5 points."""
    found = calibrate_between(SIZES[size], SCENARIOS[scenario], draws=2000, seed=5)
    is_small = size.startswith("6 and")
    assert (0.92 if is_small else 0.935) <= found["coverage"] <= 0.965
    assert 0.035 <= found["error"] <= 0.065
    if is_small:
        assert found["pooled"] < 0.92, "what does not know of conditions is too sure"


def test_what_is_calibrated_is_what_the_report_computes():
    design = replace(DESIGN, methods=METHODS, ratings=1)
    parts = [replace(design, methods=(m,), ratings=k) for m, k in zip(METHODS, (1, 3), strict=True)]
    places, condition = assign_parts(design, parts, [5, 11])
    values = (np.random.default_rng(3).random((5, len(condition))) < 0.6).astype(float)
    value, reach = differences(values, condition, places, condition)
    for row in range(len(values)):
        cells = cell_means(values[row], condition, places.participant, places.image, METHODS, condition)
        found = difference(cells, *METHODS, CONFIDENCE)
        assert (value[row], value[row] + reach[row]) == pytest.approx((found.value, found.high))
        assert cells.by_condition[0].grouping.counts.sum() == (condition == 0).sum()


def test_conditions_see_their_own_methods_with_exact_ratings_and_people_in_proportion():
    conditions = [
        ConditionConfig(name="one", methods={"seeing": ("grad-cam",)}),
        ConditionConfig(name="two", methods={"seeing": ("cam", "occlusion")}),
        ConditionConfig(name="elsewhere", tasks=("trusting",)),
    ]
    parts = shown_in(DESIGN, conditions)
    assert [part.methods for part in parts] == [("grad-cam",), ("cam", "occlusion")]
    people = divided(parts, 30)
    assert people == [10, 20]
    places, condition = assign_parts(DESIGN, parts, people)
    assert set(Counter(zip(places.image.tolist(), places.cell.tolist(), strict=True)).values()) == {2}
    method = DESIGN.method_of_cell[places.cell]
    assert set(zip(condition.tolist(), method.tolist(), strict=True)) == {(0, 2), (1, 0), (1, 1)}
    assert set(places.participant[condition == 0]) == set(range(10))
    assert set(places.participant[condition == 1]) == set(range(10, 30))
    seen = Counter(zip(places.participant.tolist(), places.image.tolist(), strict=True))
    assert set(seen.values()) == {1}, "nobody sees an image twice"


def test_without_conditions_a_task_is_one_part():
    assert shown_in(DESIGN, ()) == (DESIGN,)
    assert divided([DESIGN, replace(DESIGN, ratings=4)], 9) == [3, 6]
    places, condition = assign_parts(DESIGN, [DESIGN], [24])
    assert np.array_equal(condition, np.zeros(len(places.cell)))


def test_a_comparison_between_people_needs_more_of_them_than_one_within():
    """People differ much, so each of them is the best comparison with themselves."""
    design = TaskDesign("seeing", "class-discrimination", METHODS, 24, 3)
    rules = AnalysisConfig(contrasts=(ContrastConfig(task="seeing", a=METHODS[0], b=METHODS[1]),), smallest_effect=0.12)
    world = Psychometrics(participant_sd=1.0, image_sd=0.2, image_method_sd=0.0, participant_method_sd=0.0)
    apart = tuple(ConditionConfig(name=f"only-{m}", methods={"seeing": (m,)}) for m in METHODS)
    within, between = (
        power(Plan(design, rules, world, conditions=conditions), [24], [3], [24], draws=150, seed=3).iloc[0]
        for conditions in ((), apart)
    )
    assert within["responses"] == between["responses"] == 24 * 4 * 3
    assert between["power"] < within["power"] - 0.1
    assert between["detectable"] > within["detectable"]


def test_conditions_themselves_are_planned_and_what_is_assumed_is_said():
    conditions = (ConditionConfig(name="one"), ConditionConfig(name="two", wording={"seeing": "plain"}))
    asked = ContrastConfig(task="seeing", a="one", b="two", of="conditions")
    plan = Plan(DESIGN, AnalysisConfig(contrasts=(asked,), smallest_effect=0.2), conditions=conditions)
    row = power(plan, [12], [2], [60], draws=60, seed=3).iloc[0]
    assert (row["responses"], row["effect"]) == (12 * 6 * 2 * 2, pytest.approx(0.2))
    assert 0.3 < row["power"] <= 1
    assert "one (144 responses), two (144 responses)" in "\n".join(assumed(plan))
