"""Simulatability: shares, ratios and changes by pandas, controls at exactly 1, and an interval that holds its truth."""

from collections import defaultdict
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

from analysis.config import AnalysisConfig
from analysis.data.export import ExportError
from analysis.display.wording import Translation
from analysis.estimation.estimates import cell_means
from analysis.report.methods_text import methods_text
from analysis.report.pages import Material, pages
from analysis.results import compute
from analysis.simulation.simulated_study import simulate_export
from analysis.tasks.design import TaskDesign
from analysis.tasks.psychometrics import Psychometrics, marginal_share
from analysis.tasks.simulatability import simulate
from analysis.tasks.simulatability.estimates import FACTS, NO_RATIO, check, utility
from analysis.tasks.simulatability.present import finding
from contracts.methods import CONTROLS, PHOTOGRAPH
from tests.analysis.tasks.coverage import as_told

METHODS = (PHOTOGRAPH, "shuffled-grad-cam", "grad-cam")
SESSIONS = ("first", "second")


def design(name: str, method: str) -> TaskDesign:
    return TaskDesign(name, FACTS.name, (method,), images=20, ratings=5)


@pytest.fixture(scope="module")
def export():
    """Two sessions of three groups, the second of which repeats the first; then as two sessions without repetition."""
    whole = [TaskDesign(name, FACTS.name, METHODS, images=20, ratings=5) for name in SESSIONS]
    groups = {method: [design(name, method) for name in SESSIONS] for method in METHODS}
    return simulate_export(np.random.default_rng(3), designs=whole, participants=30, conditions=groups)


def repeating(export):
    first, second = export.definition["tasks"]
    tasks = [first | {"learning": 4}, second | {"learning": 4, "repeats": "first"}]
    return replace(export, definition=export.definition | {"tasks": tasks})


def shares(export) -> pd.Series:
    trials = export.trials
    return trials["correct"].astype(float).groupby([trials["task"], trials["method"]]).mean()


def test_the_numbers_of_a_report_are_those_of_pandas(export):
    (results,) = compute(export)
    mean = shares(export)
    for task in results.tasks:
        of_task = mean[task.task.name]
        accuracy = task.tables["accuracy"].set_index("method")["value"]
        assert accuracy.to_dict() == pytest.approx(of_task.to_dict())
        ratios = task.tables["utility"].set_index(["method", "against"])
        assert [*ratios.index] == [
            ("shuffled-grad-cam", PHOTOGRAPH), ("grad-cam", PHOTOGRAPH), ("grad-cam", "shuffled-grad-cam"),
        ]  # fmt: skip
        for (method, against), row in ratios.iterrows():
            assert row["value"] == pytest.approx(of_task[method] / of_task[against])
            assert np.sqrt(row["low"] * row["high"]) == pytest.approx(row["value"]), "equal on the logarithm"
    both = results.tables["utilities"].set_index(["method", "against"])["value"]["grad-cam", PHOTOGRAPH]
    each = [mean[name]["grad-cam"] / mean[name][PHOTOGRAPH] for name in SESSIONS]
    assert both == pytest.approx(np.mean(each))
    assert results.tables["changes"].empty


def test_a_task_that_repeats_has_changes_and_no_utility_of_sessions(export):
    (results,) = compute(repeating(export))
    mean = shares(export)
    change = {method: mean["second"][method] - mean["first"][method] for method in METHODS}
    found = results.tables["changes"].set_index("method")["value"]
    assert found.to_dict() == pytest.approx(change)
    gains = results.tables["gains"].set_index(["method", "against"])["value"]
    assert gains["grad-cam", PHOTOGRAPH] == pytest.approx(change["grad-cam"] - change[PHOTOGRAPH])
    assert results.tables["utilities"].empty


def test_of_many_methods_the_sentence_names_the_lowest_and_the_highest(export):
    accuracy = pd.DataFrame(
        {"method": ["photograph", "gradient", "grad-cam", "occlusion"], "value": [0.5, 0.6, 0.8, 0.7]}
    ).assign(low=0.4, high=0.9, responses=9, note="")
    results = SimpleNamespace(task=export.tasks[0], tables={"accuracy": accuracy, "utility": pd.DataFrame()})
    said = finding(results, Translation("en"))
    assert "least often with No explanation 50.0%" in said
    assert "most often with Grad-CAM 80.0%" in said
    assert "of 4 methods" in said
    assert "Gradient" not in said


def test_a_share_of_none_has_no_ratio():
    """Nobody was right without explanations."""
    cells = cell_means(np.array([0, 0, 1, 1.0]), np.array([0, 0, 1, 1]), np.arange(4), np.arange(4) % 2, ["a", "b"])
    assert utility(cells, [("b", "a")], 0.95).note == NO_RATIO
    assert utility(cells, [("b", "b")], 0.95).value == 1


def test_a_row_that_contradicts_itself_is_refused(export):
    trials = export.trials.head(20)
    check(trials, ())
    for column, value in (("correct", 1 - trials["correct"]), ("response", "zebra")):
        with pytest.raises(ExportError, match="t0000000"):
            check(trials.assign(**{column: value}), ())


def test_controls_teach_exactly_as_much_as_no_explanation():
    world = Psychometrics()
    assert {simulate.logit(world, control) for control in CONTROLS} == {simulate.logit(world, PHOTOGRAPH)}
    at = simulate.logit(world, "grad-cam")
    assert marginal_share(at, world.total_sd) == pytest.approx(0.825)


def test_the_methods_section_tells_how_many_examples_were_seen(export):
    told = " ".join(methods_text(repeating(export), Translation("en")))
    assert "Before “first” people had seen 4 examples with the network's answer in all (K = 4)." in told
    assert "Before “second” they saw the examples of “first” again." in told


def test_questions_without_examples_are_told_as_such(export):
    first, second = export.definition["tasks"]
    tasks = [first | {"learning": 0}, second | {"learning": 0, "repeats": "first"}]
    told = " ".join(methods_text(replace(export, definition=export.definition | {"tasks": tasks}), Translation("en")))
    assert "examples with the network's answer" not in told
    assert "they saw the examples" not in told


@pytest.mark.parametrize("compares", [True, False])
def test_the_change_from_before_to_after_is_in_the_report_whatever_the_study_compares(export, compares):
    study = repeating(export)
    if compares:
        contrasts = [{"task": "second", "a": "grad-cam", "b": PHOTOGRAPH}]
        study = replace(study, config=AnalysisConfig.model_validate({"contrasts": contrasts}))
    (results,) = compute(study)
    assert results.contrasts.empty != compares
    page = pages(Material(study, (results,), {"simulated": defaultdict(tuple)}, None, Translation("en")))["report.html"]
    assert page.count("Change of the share predicted rightly, after − before") == 1
    assert ("Comparisons of tasks" in page) != compares


DRAWS = 800


@pytest.mark.calibration
def test_the_interval_of_utility_holds_its_truth():
    as_told(
        "simulatability", {f"Utility over {n}": utility_held(k) for k, n in ((1, "one session"), (3, "three sessions"))}
    )
    assert stats.binom.sf(int(0.965 * DRAWS), DRAWS, 0.95) < 0.05, "this number of draws tells 95 from 96.5 %"


def utility_held(sessions):
    """How often the interval holds the truth. Two groups of 30 people, 8 of 22 photographs each and session; people and images differ, images by method too."""
    rng, people, images, asked, at, spread = np.random.default_rng(5), 60, 22, 8, (0.45, 1.1), 0.5
    sd = float(np.sqrt(2) * spread)
    true = marginal_share(at[1], sd) / marginal_share(at[0], sd)
    labels = [(session, group) for session in range(sessions) for group in (0, 1)]
    person = np.tile(np.repeat(np.arange(people), asked), sessions)
    session = np.repeat(np.arange(sessions), people * asked)
    group = (person >= people // 2).astype(int)
    dealt = ((np.arange(asked) + asked * np.arange(people)[:, None]) % images).ravel()
    image = np.tile(dealt, sessions) + images * session
    pairs = [((s, 1), (s, 0)) for s in range(sessions)]
    held = 0
    for _ in range(DRAWS):
        of_images = rng.normal(0, 0.4, images * sessions)[:, None] + rng.normal(0, 0.3, (images * sessions, 2))
        logits = np.array(at)[group] + rng.normal(0, spread, people)[person] + of_images[image, group]
        correct = (rng.random(len(logits)) < special.expit(logits)).astype(float)
        cells = cell_means(correct, 2 * session + group, person, image, labels, group)
        found = utility(cells, pairs, 0.95)
        held += found.low <= true <= found.high
    return held / DRAWS
