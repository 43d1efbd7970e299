"""A study with conditions: what is between people is computed and called so, in numbers and words."""

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest

from analysis.config import AnalysisConfig, ContrastConfig
from analysis.data.completeness import planned_responses
from analysis.data.conditions import BETWEEN, PARTLY, WITHIN, whose
from analysis.display.wording import Translation
from analysis.report.conditions import between_people, conditions_told
from analysis.report.pages import Material, pages
from analysis.results import compute
from analysis.simulation.simulated_study import simulate_export
from analysis.tasks.design import TaskDesign

PIXELS, REGIONS = ("guided-backprop", "guided-grad-cam"), ("grad-cam", "occlusion")
SEEING = TaskDesign("seeing", "class-discrimination", (*PIXELS, *REGIONS), 12, 2)
TRUSTING = TaskDesign("trusting", "trust", ("guided-grad-cam",), 8, 4)
CONDITIONS = {
    "pixels": (replace(SEEING, methods=PIXELS), TRUSTING),
    "regions": (replace(SEEING, methods=REGIONS), TRUSTING),
}
ENGLISH = Translation()


def contrast(a, b, task="seeing", **more):
    return ContrastConfig(task=task, a=a, b=b, **more)


COMPARED = (
    contrast(*PIXELS),
    contrast("guided-backprop", "grad-cam"),
    contrast("pixels", "regions", task="trusting", of="conditions"),
)


@pytest.fixture(scope="module")
def export():
    config = AnalysisConfig(contrasts=COMPARED, smallest_effect=0.1)
    return simulate_export(
        np.random.default_rng(4), designs=(SEEING, TRUSTING), participants=24, config=config, conditions=CONDITIONS
    )


@pytest.fixture(scope="module")
def results(export):
    return compute(export)[0]


def test_the_design_decides_whether_a_comparison_is_between_people(export):
    assert [whose(export, each) for each in COMPARED] == [WITHIN, BETWEEN, BETWEEN]
    both = tuple(c.model_copy(update={"methods": {"seeing": (*PIXELS, "grad-cam")}}) for c in export.conditions[:1])
    assert whose(replace(export, conditions=both + export.conditions[1:]), COMPARED[1]) == PARTLY
    assert whose(replace(export, conditions=()), COMPARED[1]) == WITHIN


def test_a_difference_between_people_is_that_of_their_means_with_the_degrees_of_freedom_of_both(export, results):
    rows = results.contrasts.set_index(["a", "b"])
    trials = export.trials[export.trials["task"] == "seeing"]
    means = trials.groupby("method")["correct"].mean()
    found = rows.loc[("guided-backprop", "grad-cam")]
    assert found["value"] == pytest.approx(means["guided-backprop"] - means["grad-cam"])
    assert found["people"] == BETWEEN
    assert found["participants"] == 24
    of_conditions = rows.loc[("pixels", "regions")]
    scores = export.trials[export.trials["task"] == "trusting"].groupby("condition")["score"].mean()
    assert of_conditions["value"] == pytest.approx(scores["pixels"] - scores["regions"])
    table = results.tasks[1].tables["by-condition"].set_index("condition")["value"]
    assert table.to_dict() == pytest.approx(scores.to_dict())
    counted = results.tables["conditions"].set_index("condition")
    assert counted["joined"].to_dict() == {"pixels": 12, "regions": 12}
    assert counted["responses"].sum() == len(export.trials)
    assert not results.tables["multiverse"]["value"].isna().any()


def test_each_condition_wants_its_ratings(export, results):
    assert planned_responses(export, "seeing") == 12 * 2 * 2 * 2 * 2
    assert planned_responses(export, "trusting") == 8 * 4 * 2
    assert [reached.is_complete for reached in results.reached] == [True, True]


def test_the_methods_section_says_who_saw_what(export):
    told = " ".join(conditions_told(export, ENGLISH))
    assert "one of 2 conditions: “pixels”, “regions”" in told
    assert "In “seeing”, “regions” saw Grad-CAM, Occlusion." in told
    said = " ".join(between_people(export, ENGLISH))
    assert "Guided Backpropagation − Grad-CAM (“seeing”); pixels − regions (“trusting”)" in said
    assert conditions_told(replace(export, conditions=()), ENGLISH) == []
    assert between_people(replace(export, conditions=()), ENGLISH) == []


def test_the_pages_call_each_comparison_by_its_design(export, results):
    figures = {results.observer_kind: defaultdict(tuple)}
    page = pages(Material(export, (results,), figures, None, ENGLISH))["report.html"]
    assert page.count("between people: different people saw each") == 2 * 2, "on the first page and in the results"
    assert page.count("within people: the same people saw both") == 2
    assert "People and responses by condition" in page
    assert "Means by condition" in page
