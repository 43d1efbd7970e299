"""Distinction: both shares by hand and by pandas, controls at exactly 25 %, and calibrated intervals."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.data.export import ExportError
from analysis.display.wording import Translation
from analysis.results import compute
from analysis.simulation.simulated_study import simulate_export
from analysis.tasks.design import TaskDesign
from analysis.tasks.distinction import simulate
from analysis.tasks.distinction.estimates import FACTS, check, difference, tables
from analysis.tasks.distinction.present import figures, finding
from analysis.tasks.kind import Seen, TaskRows
from analysis.tasks.psychometrics import Psychometrics, draw_participant
from analysis.tasks.verdicts import RIGHT, WRONG, balanced, judged_cells
from contracts.methods import CONTROLS
from contracts.tasks import CLASS, SURE
from tests.analysis.tasks.coverage import as_told
from tests.drawing import drawn_only

DESIGN = TaskDesign("choosing", FACTS.name, ("grad-cam", "blank"), images=20, ratings=10)
SORTS = {"2|2|a|b|c|d": RIGHT, "2|4|a|b|c|d": WRONG}


@pytest.fixture(scope="module")
def export():
    return simulate_export(np.random.default_rng(3), designs=[DESIGN], participants=40)


def test_both_questions_are_marked_by_their_own_tile():
    """Six people who choose alike: right predictions found once of two, wrong ones never, their class always."""
    right, wrong = SORTS
    rows = [("2", "2", right), ("1", "2", right), ("4", "4", wrong), ("3", "4", wrong)]
    trials = pd.DataFrame(
        [
            {"participant_id": f"p{p}", "image_id": f"i{i}", "method": "grad-cam", "trial_index": i, "foil": foil}
            | {"trial_id": f"t{p}{i}", "category": "b", "response": chosen, "option_order": "3;1;2;4"}
            | {"correct": chosen == "2", "class": classed, "sure": "5"}
            for p in range(6)
            for i, (chosen, classed, foil) in enumerate(rows)
        ]
    )
    answers = pd.concat([trials[["trial_id"]].assign(question=q, response=trials[q]) for q in (CLASS, SURE)])
    task = type("Task", (), {"methods": ("grad-cam",)})()
    found = tables(TaskRows(trials, trials.iloc[:0], answers, task, 0.95))
    assert found["predictions"]["value"].tolist() == [0.5, 0]
    assert found["predicted"]["value"].item() == 0.25
    assert found["classes"]["value"].tolist() == [1, 1]
    assert found["confidence"].set_index("answer")["value"]["5"] == 0.25
    assert found["biases"].set_index("effect")["value"]["first explanation chosen"] == 0.25, "3 is the first tile shown"


def test_the_numbers_of_a_report_are_those_of_pandas(export):
    (results,) = compute(export)
    task, trials = results.tasks[0].tables, export.trials
    parts = trials["foil"].str.split("|")
    classed = trials["trial_id"].map(
        export.answers[export.answers["question"] == CLASS].set_index("trial_id")["response"]
    )
    frame = trials.assign(
        sort=np.where(parts.str[0] == parts.str[1], "right", "wrong"), classed=classed == parts.str[1]
    )
    chosen = frame.groupby(["method", "sort"])["correct"].mean()
    for name, column in (("predictions", "correct"), ("classes", "classed")):
        by = frame.groupby(["method", "sort"])[column].mean()
        table = task[name].set_index(["method", "prediction"])
        assert table["value"].to_dict() == pytest.approx(by.to_dict())
        assert ((table["low"] < table["value"]) & (table["value"] < table["high"])).all()
    both = task["predicted"].set_index("method")
    assert both["value"].to_dict() == pytest.approx(chosen.groupby("method").mean().to_dict())
    gap = difference(trials, DESIGN.methods, *DESIGN.methods, 0.95)
    assert gap.value == pytest.approx(both["value"]["grad-cam"] - both["value"]["blank"])


@pytest.mark.parametrize("control", sorted(CONTROLS))
def test_people_find_a_control_s_classes_exactly_by_chance(control):
    """Of right and of wrong predictions, and of anybody who answers."""
    world = Psychometrics()
    at = simulate.logit(world, control)
    assert simulate.mean_share(world, control) == 0.25
    for spread in (-8, 0, 8):
        assert simulate.found(np.array(at + spread)) == pytest.approx(0.25, abs=1e-12)


@pytest.mark.slow
def test_simulated_people_have_the_shares_of_the_model_on_pages_and_in_memory():
    world, rng = Psychometrics(), np.random.default_rng(4)
    big = TaskDesign("choosing", FACTS.name, ("grad-cam", "blank"), images=400, ratings=60)
    trials = simulate_export(rng, world, designs=[big], participants=240).trials
    share = trials.groupby("method")["correct"].mean()
    assert share["grad-cam"] == pytest.approx(simulate.SHARES["grad-cam"], abs=0.02)
    assert share["blank"] == pytest.approx(0.25, abs=0.01)
    wrong = trials[(trials["correct"] == 0) & (trials["method"] == "grad-cam")]
    steps = (wrong["response"].astype(int) - wrong["foil"].str[0].astype(int)) % 4
    assert steps.value_counts(normalize=True).to_numpy() == pytest.approx([1 / 3] * 3, abs=0.02)
    found, classed = [], []
    for number in range(4000):
        seen = Seen(f"i{number % 200}", "grad-cam", "b", list(SORTS)[number % 2])
        person = draw_participant(rng, world)
        found.append(simulate.answer(person, seen, rng)[0] == "2")
        classed.append(simulate.further(person, seen, CLASS, (), rng)[0] == seen.foil[2])
    assert np.mean(found) == pytest.approx(simulate.SHARES["grad-cam"], abs=0.03)
    assert np.mean(classed[::2]) > np.mean(found[::2]) > np.mean(found[1::2]) > 0.25


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("response", "5", "response is no tile"),
        ("foil", "dog", "foil does not say"),
        ("category", "zebra", "category is not the class"),
        ("correct", 1 - 0.5, "correct is not whether"),
    ],
)
def test_rows_that_contradict_themselves_are_refused(column, value, message, export):
    trials = export.trials
    check(trials, ())
    with pytest.raises(ExportError, match=message):
        check(trials.assign(**{column: value}), ())


@pytest.mark.parametrize(("language", "said"), [("en", "guessing gives 25%"), ("ko", "25%"), ("de", "Raten ergibt")])
def test_the_report_says_it_in_each_language_and_draws_both_shares(language, said, export):
    (results,) = compute(export)
    translate = Translation(language)
    assert said in finding(results.tasks[0], translate)
    with drawn_only("as_svg"):
        drawn = figures(results.tasks[0], "simulated", translate, Translation("en"))
    assert [figure.name for figure in drawn] == ["choosing-predictions", "choosing-classes"]
    assert all("25" in figure.caption for figure in drawn)


def test_answers_without_confidence_or_class_leave_their_tables_empty(export):
    (results,) = compute(replace(export, answers=export.answers.iloc[:0]))
    task = results.tasks[0].tables
    assert task["predictions"]["value"].notna().all()
    assert task["classes"]["value"].isna().all()
    assert not task["confidence"]["responses"].sum()


DRAWS = 800


@pytest.mark.calibration
def test_the_headline_interval_holds_its_truth():
    """50 people with 5 right and 5 wrong predictions each of 100 images, as published; people and images differ."""
    rng, people, images, sd = np.random.default_rng(11), 50, 100, 0.5
    world = Psychometrics(participant_sd=sd, image_sd=sd, image_method_sd=0)
    at, half = simulate.logit(world, "grad-cam"), images // 2
    frame = pd.DataFrame({"participant_id": np.repeat(np.arange(people), 10), "method": "grad-cam", "condition": ""})
    dealt = (np.arange(5) + 5 * np.arange(people)[:, None]) % half
    right, wrong = SORTS
    held = 0
    for _ in range(DRAWS):
        image = np.concatenate([rng.permutation(half)[dealt] + half * sort for sort in (0, 1)], axis=1).ravel()
        logits = at + np.where(image < half, 1, -1) * simulate.LEAN
        logits = logits + rng.normal(0, sd, people)[frame["participant_id"]] + rng.normal(0, sd, images)[image]
        correct = (rng.random(len(logits)) < simulate.found(logits)).astype(float)
        trials = frame.assign(image_id=image, foil=np.where(image < half, right, wrong))
        found = balanced(judged_cells(trials, correct, ("grad-cam",), SORTS), "grad-cam", 0.95, FACTS.null)
        held += found.low <= simulate.SHARES["grad-cam"] <= found.high
    as_told("distinction", {"predicted class found": held / DRAWS})
