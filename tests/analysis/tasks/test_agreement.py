"""Agreement: shares, d′ and belief by hand and by pandas, controls at chance, and intervals that hold their truth."""

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

from analysis.data.export import ExportError
from analysis.estimation.estimates import cell_means, proportion
from analysis.results import compute
from analysis.simulation.simulated_study import simulate_export
from analysis.tasks.agreement import simulate
from analysis.tasks.agreement.estimates import FACTS, check, tables
from analysis.tasks.belief import BELIEF, share_of_both
from analysis.tasks.design import TaskDesign
from analysis.tasks.kind import TaskRows
from analysis.tasks.psychometrics import Psychometrics, marginal_share
from analysis.tasks.verdicts import PREDICTIONS, RIGHT, WRONG, balanced, detection
from contracts.methods import CONTROLS
from tests.analysis.tasks.coverage import as_told

DESIGN = TaskDesign("agreeing", FACTS.name, ("grad-cam", "blank"), images=20, ratings=10)


@pytest.fixture(scope="module")
def export():
    return simulate_export(np.random.default_rng(3), designs=[DESIGN], participants=40)


def rows_of(answers: str, foils: str) -> TaskRows:
    """Six people, each with four images; `answers` and `foils` of one person's images, alike for all."""
    trials = pd.DataFrame(
        [
            {"participant_id": f"p{p}", "image_id": f"i{i}", "method": "grad-cam", "trial_index": i}
            | {"response": answer, "foil": {"r": "incorrect", "w": "correct"}[foil]}
            for p in range(6)
            for i, (answer, foil) in enumerate(zip(answers, foils, strict=True))
        ]
    )
    believed, right = trials["response"].isin(["4", "3"]), trials["foil"] == "incorrect"
    trials["correct"] = believed == right
    task = type("Task", (), {"methods": ("grad-cam",)})()
    return TaskRows(trials, trials.iloc[:0], trials.iloc[:0], task, 0.95)


def test_right_and_wrong_predictions_count_alike_however_many_there_are():
    """Three right ones, two of them believed; one wrong one, believed: ⅔ and 0."""
    found = tables(rows_of("4313", "rrrw"))
    assert found["predictions"]["value"].tolist() == pytest.approx([2 / 3, 0])
    assert found["judged"]["value"].item() == pytest.approx(1 / 3)
    assert found["belief"]["value"].item() == 1
    assert found["ratings"]["value"].tolist() == pytest.approx([(4 + 3 + 1) / 3, 3])
    calibration = found["calibration"].set_index("response")["value"]
    assert calibration["4"] == 1
    assert calibration["3"] == 0.5
    assert np.isnan(calibration["2"])


def test_people_who_believe_everything_are_at_chance_and_lean_to_believing():
    found = tables(rows_of("4343", "rrww"))
    detected = found["detection"].set_index("measure")["value"]
    assert found["judged"]["value"].item() == 0.5
    assert detected["d-prime"] == pytest.approx(0)
    corrected = special.ndtri((12 + 0.5) / (12 + 1))
    assert detected["criterion"] == pytest.approx(-corrected)


def test_answers_to_one_sort_of_prediction_give_no_mean_of_both():
    found = tables(rows_of("4342", "rrrr"))
    assert np.isnan(found["judged"]["value"].item())
    assert "right predictions or to wrong ones alone" in str(found["judged"]["note"].item())


def test_a_row_that_contradicts_itself_is_refused():
    trials = rows_of("4343", "rrww").trials.assign(trial_id="t1")
    check(trials, ())
    for column, value in (("correct", ~trials["correct"]), ("foil", "dog"), ("response", "7")):
        with pytest.raises(ExportError, match="t1"):
            check(trials.assign(**{column: value}), ())


def test_the_numbers_of_a_report_are_those_of_pandas(export):
    (results,) = compute(export)
    task = results.tasks[0].tables
    trials = export.trials
    prediction = np.where(trials["foil"] == "incorrect", RIGHT, WRONG)
    means = trials["correct"].astype(float).groupby([trials["method"], prediction]).mean()
    for row in task["predictions"].itertuples():
        assert row.value == pytest.approx(means[row.method, row.prediction])
    for row in task["judged"].itertuples():
        assert row.value == pytest.approx(means[row.method].mean())


def test_people_lean_to_believe_and_controls_are_at_chance():
    world = Psychometrics()
    sd = world.total_sd
    for control in CONTROLS:
        assert simulate.mean_share(world, control) == FACTS.null
        assert simulate.logit(world, control) == pytest.approx(0, abs=1e-9)
        believed = marginal_share(BELIEF, sd), 1 - marginal_share(-BELIEF, sd)
        assert believed[0] == pytest.approx(believed[1]), "whatever is predicted"
    at = simulate.logit(world, "grad-cam")
    assert share_of_both(at, sd) == pytest.approx(0.578)
    assert marginal_share(at - BELIEF, sd) < 0.5 < marginal_share(at + BELIEF, sd)


DRAWS = 800


@pytest.mark.calibration
def test_the_headline_intervals_hold_their_truth():
    """50 people with 5 right and 5 wrong predictions each of 100 images, as in HIVE; people and images differ."""
    rng, people, images, sd_people, sd_images = np.random.default_rng(11), 50, 100, 0.5, 0.5
    at, sd = 0.35, float(np.hypot(sd_people, sd_images))
    true = {sort: marginal_share(at + sign * BELIEF, sd) for sort, sign in ((RIGHT, 1), (WRONG, -1))}
    d_prime = special.ndtri(true[RIGHT]) - special.ndtri(1 - true[WRONG])
    labels = [("grad-cam", sort) for sort in PREDICTIONS]
    held = {name: 0 for name in ("judged rightly", "belief in wrong predictions", "d′")}
    person, half = np.repeat(np.arange(people), 10), images // 2
    dealt = (np.arange(5) + 5 * np.arange(people)[:, None]) % half
    for _ in range(DRAWS):
        image = np.concatenate([rng.permutation(half)[dealt] + half * sort for sort in (0, 1)], axis=1).ravel()
        wrong = image >= half
        logits = at + np.where(wrong, -1, 1) * BELIEF
        logits = logits + rng.normal(0, sd_people, people)[person] + rng.normal(0, sd_images, images)[image]
        correct = (rng.random(len(logits)) < special.expit(logits)).astype(float)
        cells = cell_means(correct, wrong.astype(int), person, image, labels)
        believing = cell_means(np.where(wrong, 1 - correct, correct), wrong.astype(int), person, image, labels)
        found = {
            "judged rightly": (balanced(cells, "grad-cam", 0.95), (true[RIGHT] + true[WRONG]) / 2),
            "belief in wrong predictions": (proportion(believing, labels[1], 0.95), 1 - true[WRONG]),
            "d′": (detection(believing, "grad-cam", "d-prime", 0.95), d_prime),
        }
        for name, (estimate, truth) in found.items():
            held[name] += estimate.low <= truth <= estimate.high
    coverage = {name: count / DRAWS for name, count in held.items()}
    as_told("agreement", coverage)
    assert stats.binom.sf(int(0.965 * DRAWS), DRAWS, 0.95) < 0.05, "this number of draws tells 95 from 96.5 %"
