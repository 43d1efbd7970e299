"""AI check: shares, thresholds and deferral by hand and by pandas, controls at chance, and calibrated intervals."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.data.export import ExportError, Task
from analysis.display.wording import Translation
from analysis.estimation.estimates import proportion
from analysis.results import compute
from analysis.simulation.simulated_study import simulate_export
from analysis.tasks.ai_check import simulate
from analysis.tasks.ai_check.alone import (
    ADVANTAGE,
    THRESHOLDS,
    best_threshold,
    network_table,
    study_tables,
    team_from,
)
from analysis.tasks.ai_check.deferred import ALIKE, FOUND, deferred_tables
from analysis.tasks.ai_check.estimates import FACTS, FOILS, accepts, check, mixed, tables
from analysis.tasks.ai_check.kind import KIND
from analysis.tasks.ai_check.present import finding
from analysis.tasks.belief import BELIEF, share_of_both
from analysis.tasks.design import TaskDesign
from analysis.tasks.kind import TaskRows
from analysis.tasks.psychometrics import Psychometrics, marginal_share
from analysis.tasks.verdicts import RIGHT, WRONG, balanced, judged_cells, judged_layout
from contracts.methods import CONTROLS, PHOTOGRAPH
from tests.analysis.tasks.coverage import as_told

DESIGN = TaskDesign("checking", FACTS.name, (PHOTOGRAPH, "grad-cam", "blank"), images=20, ratings=10)


@pytest.fixture(scope="module")
def export():
    return simulate_export(np.random.default_rng(3), designs=[DESIGN], participants=60)


def rows_of(answers: str, labels: str, sure: tuple[float, ...]) -> TaskRows:
    """Six people, alike, who answer y or n for each image, whose label is r or w and of this confidence."""
    trials = pd.DataFrame(
        [
            {"participant_id": f"p{p}", "image_id": f"i{i}", "method": "grad-cam", "trial_index": i, "trial_id": "t1"}
            | {"response": {"y": "yes", "n": "no"}[answer], "foil": {"r": "no", "w": "yes"}[label]}
            | {"network_confidence": confidence}
            for p in range(6)
            for i, (answer, label, confidence) in enumerate(zip(answers, labels, sure, strict=True))
        ]
    )
    trials["correct"] = trials["response"] != trials["foil"]
    task = Task("checking", FACTS.name, ("grad-cam",), ("weak",))
    return TaskRows(trials, trials.iloc[:0], trials.iloc[:0], task, 0.95)


SURE = (0.9, 0.6, 0.8, 0.4)


def test_right_and_wrong_labels_count_alike_and_as_the_published_study_mixed_them():
    """Three right labels, two of them accepted; one wrong one, refused: ⅔ and 1."""
    found = tables(rows_of("yynn", "rrrw", SURE))
    assert found["labels"]["value"].tolist() == pytest.approx([2 / 3, 1])
    assert found["judged"]["value"].item() == pytest.approx(5 / 6)
    assert found["mixed"]["value"].item() == pytest.approx((2 / 3 + 2 * 1) / 3)
    assert found["accepted"]["value"].item() == 0


@pytest.mark.parametrize(("answers", "judged", "mixed"), [("yyyy", 0.5, 1 / 3), ("nnnn", 0.5, 2 / 3)])
def test_people_who_answer_always_alike_are_at_chance_in_the_headline_alone(answers, judged, mixed):
    found = tables(rows_of(answers, "rrww", SURE))
    assert found["judged"]["value"].item() == judged
    assert found["mixed"]["value"].item() == pytest.approx(mixed), "33.3 and 66.7 % as published studies mix them"
    assert found["detection"].set_index("measure")["value"]["d-prime"] == pytest.approx(0)


def test_the_network_alone_accepts_from_its_best_threshold_on():
    """Right labels at 0.9 and 0.6, wrong ones at 0.8 and 0.4: from 0.6 on 3 of 4 are judged rightly."""
    rows = rows_of("ynyn", "rrww", SURE)
    trials = rows.trials.assign(prediction=rows.trials["foil"].map(FOILS))
    assert best_threshold(trials) == 0.6
    of = tables(rows)["network"].set_index("who")
    assert of["value"].tolist() == [0.5, 0.75, -0.25]
    assert of["threshold"].tolist() == [0.6] * 3
    assert best_threshold(trials.assign(network_confidence=1 - trials["network_confidence"])) == pytest.approx(0.1)
    never = trials[trials["prediction"] == WRONG]
    assert best_threshold(never) > 1, "to refuse all is best where all are wrong"


def test_a_given_threshold_is_taken_as_it_is():
    """From 0.85 on only the right label at 0.9 is accepted: 3 of 4 judged rightly, one of them right."""
    rows = rows_of("ynyn", "rrww", SURE)
    given = replace(rows, task=replace(rows.task, network_threshold=0.85))
    of = tables(given)["network"]
    assert of["value"].tolist() == [0.5, 0.75, -0.25]
    assert (of["threshold"] == 0.85).all()
    assert of["given"].all()
    assert not tables(rows)["network"]["given"].any()


def test_labels_from_a_threshold_on_are_accepted_and_people_answer_for_the_others():
    """From 0.7 on the right label at 0.9 and the wrong one at 0.8 are accepted: ½ of each sort without asking."""
    deferral = tables(rows_of("nynn", "rrww", SURE))["deferral"].set_index("threshold")
    assert deferral.loc[0.7, ["value", "deferred"]].tolist() == [(1 + 0.5) / 2, 0.5]
    assert deferral.loc[0.95, ["value", "deferred"]].tolist() == [(0.5 + 1) / 2, 0], "people alone"
    assert deferral.loc[0.5, ["value", "deferred"]].tolist() == [(1 + 0.5) / 2, 0.75]


COUNTED = {"right_accepted": 60, "right_asked": 20, "wrong_accepted": 4, "wrong_asked": 16}


def test_a_team_that_was_not_asked_about_sure_labels_is_counted_with_them():
    """Of 80 right labels 60 were accepted without asking, of 20 wrong ones 4; people accept ½ and refuse ¾ of theirs."""
    rows = rows_of("ynynnn", "rrwwww", (0.6, 0.4, 0.5, 0.3, 0.2, 0.1))
    task = replace(rows.task, deferral=0.7, deferred=COUNTED)
    found = tables(replace(rows, task=task))
    of = found["deferred"].set_index("mix")
    right, wrong = (60 + 20 / 2) / 80, 16 * 3 / 4 / 20
    assert of["value"].tolist() == pytest.approx([(right + wrong) / 2, (70 + 12) / 100])
    assert of["network"].tolist() == pytest.approx([(60 / 80 + 16 / 20) / 2, (60 + 16) / 100])
    assert of["right_accepted"].tolist() == [0.75, 0.75]
    assert set(found["deferral"]["threshold"]) == {0.5, 0.6}, "nobody saw what is above"
    assert "deferred" not in tables(rows)
    assert "deferred" not in tables(replace(rows, task=replace(task, deferred={}))), "the stimulus set does not tell"


def test_the_interval_of_a_team_with_deferral_is_as_wide_as_people_s_part(export):
    """If nothing was accepted it is that of `judged`; if three quarters were, a quarter as wide."""
    answered = export.trials
    (task,) = export.tasks
    rows = TaskRows(answered, answered.iloc[:0], answered.iloc[:0], task, 0.95)
    widths, judged = {}, tables(rows)["judged"]
    for accepted in (0, 75):
        counts = {n: accepted if n.endswith("accepted") else 100 - accepted for n in COUNTED}
        one = tables(replace(rows, task=replace(task, deferral=0.999, deferred=counts)))["deferred"]
        one = one[one["mix"] == ALIKE]
        widths[accepted] = (one["high"] - one["low"]).to_numpy()
    assert widths[0] == pytest.approx((judged["high"] - judged["low"]).to_numpy())
    assert widths[75] == pytest.approx(widths[0] / 4)


def test_the_report_says_which_labels_nobody_was_asked_about(export):
    (task,) = export.tasks
    run = replace(export, tasks=(replace(task, deferral=0.995, deferred=COUNTED),))
    (results,) = compute(run)
    said = finding(results.tasks[0], Translation("en"))
    assert "These are labels below 99.5% confidence; with those above it accepted without asking: " in said
    (first, *_) = KIND.further_sentences(run, Translation("en"))
    assert "at least 99.5% sure were accepted without asking" in first


def test_a_row_that_contradicts_itself_is_refused():
    trials = rows_of("yynn", "rrww", SURE).trials
    check(trials, ())
    wrong = {"correct": ~trials["correct"], "foil": "dog", "response": "4", "network_confidence": np.nan}
    for column, value in wrong.items():
        with pytest.raises(ExportError, match="t1"):
            check(trials.assign(**{column: value}), ())


def test_the_numbers_of_a_report_are_those_of_pandas(export):
    (results,) = compute(export)
    task, trials = results.tasks[0].tables, export.trials
    label = np.where(trials["foil"] == "no", RIGHT, WRONG)
    means = trials["correct"].astype(float).groupby([trials["method"], label]).mean()
    for row in task["labels"].itertuples():
        assert row.value == pytest.approx(means[row.method, row.prediction])
    for row in task["judged"].itertuples():
        assert row.value == pytest.approx(means[row.method].mean())
    accepted = np.where(trials["network_confidence"] >= 0.8, label == RIGHT, trials["correct"].astype(bool))
    by_hand = pd.Series(accepted, trials.index).astype(float).groupby([trials["method"], label]).mean()
    for row in task["deferral"][task["deferral"]["threshold"] == 0.8].itertuples():
        assert row.value == pytest.approx(by_hand[row.method].mean())
    said = finding(results.tasks[0], Translation("en"))
    assert "the network alone" in said
    assert "wrong labels accepted" in said


def test_people_alone_are_a_task_of_their_own_that_the_others_are_compared_with(export):
    """Its answers are those of the blank map here, under another name."""
    alone = export.trials[export.trials["method"] == "blank"].assign(task="unaided", method=PHOTOGRAPH)
    trials = pd.concat([export.trials, alone])
    (team,) = export.tasks
    both = replace(export, tasks=(team, replace(team, name="unaided", methods=(PHOTOGRAPH,), wording="alone")))
    found = study_tables(trials, both, FACTS.name, FOILS)
    less = found["alone"].set_index(["task", "method"])["value"]
    judged = trials.groupby(["task", "method", "foil"])["correct"].mean().groupby(["task", "method"]).mean()
    assert found["people-alone"]["value"].item() == pytest.approx(judged["unaided", PHOTOGRAPH])
    for method in team.methods:
        assert less[team.name, method] == pytest.approx(
            judged[team.name, method] - judged["unaided", PHOTOGRAPH], abs=1e-12
        )
    assert less[team.name, "blank"] == pytest.approx(0)
    for frame in study_tables(export.trials, export, FACTS.name, FOILS).values():
        assert frame.empty, "nobody was alone"


def test_people_lean_to_accept_and_controls_are_at_chance():
    world = Psychometrics()
    for control in CONTROLS:
        assert simulate.mean_share(world, control) == FACTS.null
        assert simulate.logit(world, control) == pytest.approx(0, abs=1e-9)
    at = simulate.logit(world, "grad-cam")
    assert share_of_both(at, world.total_sd) == pytest.approx(0.61)


def test_simulated_networks_are_surer_of_right_labels_and_their_people_accept_most(export):
    by_label = export.trials.groupby("foil")
    sure = by_label["network_confidence"].mean()
    assert sure["no"] > sure["yes"]
    assert export.trials["network_confidence"].between(0, 1).all()
    assert accepts(export.trials).mean() > 0.5


DRAWS = 800


AT_FIXED, AT_BEST = "people − network, threshold given", "people − network, best threshold"


@pytest.mark.calibration
def test_the_intervals_hold_their_truth():
    # Choosing the threshold on the same images favours the network, as the report says.
    as_told("ai-check", headline_coverage() | deferral_coverage(), **{AT_BEST: (0.88, 0.935)})
    assert stats.binom.sf(int(0.965 * DRAWS), DRAWS, 0.95) < 0.05, "this number of draws tells 95 from 96.5 %"


def headline_coverage() -> dict[str, float]:
    """32 people with 10 right and 10 wrong labels each of 100 images, about as published; people and images differ."""
    rng, people, images, sd = np.random.default_rng(12), 32, 100, 0.5
    at, spread = 0.4, float(np.hypot(sd, sd))
    true = {sort: marginal_share(at + sign * BELIEF, spread) for sort, sign in ((RIGHT, 1), (WRONG, -1))}
    person, half = np.repeat(np.arange(people), 20), images // 2
    dealt = (np.arange(10) + 10 * np.arange(people)[:, None]) % half
    frame = pd.DataFrame({"participant_id": person, "method": "grad-cam", "condition": ""})
    held = dict.fromkeys(("judged rightly", "wrong labels accepted", "1 right to 2 wrong", AT_FIXED, AT_BEST), 0)
    # Confidence √u of right and u² of wrong labels, u uniform: from t on 1 − t² and 1 − √t are accepted.
    threshold = 4 ** (-2 / 3)  # the best one, where −2t + 1/(2√t) = 0
    network = (1 - threshold**2 + np.sqrt(threshold)) / 2
    for _ in range(DRAWS):
        image = np.concatenate([rng.permutation(half)[dealt] + half * sort for sort in (0, 1)], axis=1).ravel()
        wrong = image >= half
        logits = at + np.where(wrong, -1, 1) * BELIEF
        logits = logits + rng.normal(0, sd, people)[person] + rng.normal(0, sd, images)[image]
        correct = (rng.random(len(logits)) < 1 / (1 + np.exp(-logits))).astype(float)
        trials = frame.assign(image_id=image, foil=np.where(wrong, "yes", "no"))
        cells = judged_cells(trials, correct, ("grad-cam",), FOILS)
        drawn = rng.random(images)
        sure = np.where(np.arange(images) < half, np.sqrt(drawn), drawn**2)[image]
        told = trials.assign(network_confidence=sure, correct=correct, prediction=trials["foil"].map(FOILS))
        accepting = judged_cells(trials, np.where(wrong, 1 - correct, correct), ("grad-cam",), FOILS)
        found = {
            "judged rightly": (balanced(cells, "grad-cam", 0.95), (true[RIGHT] + true[WRONG]) / 2),
            "wrong labels accepted": (proportion(accepting, ("grad-cam", WRONG), 0.95), 1 - true[WRONG]),
            "1 right to 2 wrong": (mixed(cells, "grad-cam", 0.95), (true[RIGHT] + 2 * true[WRONG]) / 3),
        }
        for name, given in ((AT_FIXED, threshold), (AT_BEST, None)):
            of = network_table(told, ("grad-cam",), FOILS, 0.95, given).set_index("who").loc[ADVANTAGE]
            held[name] += of["low"] <= (true[RIGHT] + true[WRONG]) / 2 - network <= of["high"]
        for name, (estimate, truth) in found.items():
            held[name] += estimate.low <= truth <= estimate.high
    return {name: count / DRAWS for name, count in held.items()}


def deferral_coverage() -> dict[str, float]:
    """The people and images above: from each threshold of the report on, and as a study with deferral is run."""
    rng, people, images, sd = np.random.default_rng(13), 32, 100, 0.5
    at, half, spread = 0.4, images // 2, float(np.hypot(sd, sd))
    of_right, of_wrong = (marginal_share(at + sign * BELIEF, spread) for sign in (1, -1))
    person = np.repeat(np.arange(people), 20)
    dealt = (np.arange(10) + 10 * np.arange(people)[:, None]) % half
    image = np.concatenate([dealt, dealt + half], axis=1).ravel()
    is_right, of_image_right = image < half, np.arange(images) < half
    trials = pd.DataFrame({"participant_id": person, "image_id": image, "method": "grad-cam", "condition": ""})
    trials = trials.assign(foil=np.where(is_right, "no", "yes"), prediction=np.where(is_right, RIGHT, WRONG))
    of_sorts, (task,) = judged_layout(trials, ("grad-cam",), FOILS), [rows_of("y", "r", (0.5,)).task]
    run = replace(task, deferral=0.9, deferred=COUNTED)
    right, wrong = (60 + 20 * of_right) / 80, 16 * of_wrong / 20
    # Confidence is √u of right and u² of wrong labels: below t are t² of right and √t of wrong ones.
    truth = {t: (1 - t**2 + t**2 * of_right + np.sqrt(t) * of_wrong) / 2 for t in THRESHOLDS}
    run_truth = {ALIKE: (right + wrong) / 2, FOUND: 0.8 * right + 0.2 * wrong}
    held = dict.fromkeys((*truth, *run_truth), 0)
    for _ in range(3 * DRAWS):
        logits = at + np.where(is_right, 1, -1) * BELIEF
        logits = logits + rng.normal(0, sd, people)[person] + rng.normal(0, sd, images)[image]
        correct, drawn = rng.random(len(logits)) < 1 / (1 + np.exp(-logits)), rng.random(images)
        sure = np.where(of_image_right, np.sqrt(drawn), drawn**2)[image]
        answered = trials.assign(correct=correct, network_confidence=sure)
        for t in THRESHOLDS:
            found = balanced(team_from(t, answered, of_sorts), "grad-cam", 0.95)
            held[t] += found.low <= truth[t] <= found.high
        for row in deferred_tables(of_sorts.of(correct.astype(float)), run, 0.95)["deferred"].itertuples():
            held[row.mix] += row.low <= run_truth[row.mix] <= row.high
    names = {t: f"sure from {100 * t:.0f} % on" for t in THRESHOLDS}
    names |= {ALIKE: "run with deferral, both sorts alike", FOUND: "run with deferral, labels as found"}
    return {names[key]: count / (3 * DRAWS) for key, count in held.items()}
