"""Rating: means, medians and shares by hand and by pandas, own scales, controls in the middle, and intervals that hold."""

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

from analysis.data.export import ExportError, Task
from analysis.estimation.detection import sensitivity
from analysis.estimation.estimates import cell_means, difference, proportion
from analysis.results import compute
from analysis.simulation.simulated_study import simulate_export
from analysis.tasks.design import TaskDesign
from analysis.tasks.kind import Seen, TaskRows
from analysis.tasks.psychometrics import Psychometrics, draw_participant
from analysis.tasks.rating import simulate
from analysis.tasks.rating.estimates import FACTS, NO_RATINGS, check, medians, score_of, tables
from contracts.methods import CONTROLS
from contracts.tasks import MOTIVE
from tests.analysis.tasks.coverage import as_told

NETWORKS = ("normal", "reset")
DESIGN = TaskDesign("rating", FACTS.name, ("grad-cam", "blank"), images=20, ratings=10, named_networks=NETWORKS)


@pytest.fixture(scope="module")
def export():
    return simulate_export(np.random.default_rng(3), designs=[DESIGN], participants=40)


def rows_of(answers: dict[str, str], points: int = 5, motives: dict[str, str] | None = None) -> TaskRows:
    """Six people, each with the same answers; `answers` has those to each network's images."""
    options = ";".join(map(str, range(1, points + 1)))
    trials = pd.DataFrame(
        [
            {"participant_id": f"p{p}", "image_id": f"{network}{i}", "method": "grad-cam", "network": network}
            | {"trial_id": f"p{p}{network}{i}", "trial_index": i, "response": answer, "option_order": options}
            for p in range(6)
            for network, given in answers.items()
            for i, answer in enumerate(given)
        ]
    )
    trials["score"] = 1 + 4 * (trials["response"].astype(int) - 1) / (points - 1)
    told = [
        {"trial_id": row.trial_id, "question": MOTIVE, "response": motives[row.network]}
        for row in trials.itertuples()
        if motives
    ]
    answered = pd.DataFrame(told, columns=["trial_id", "question", "response"])
    return TaskRows(trials, trials.iloc[:0], answered, Task("t", FACTS.name, ("grad-cam",), tuple(answers)), 0.95)


def test_means_medians_shares_and_the_difference_of_networks_by_hand():
    found = tables(rows_of({"normal": "4552", "reset": "1123"}))
    assert found["states"]["value"].tolist() == [4.0, 1.75]
    assert found["medians"]["value"].tolist() == [4.5, 1.5]
    assert found["ratings"]["value"].item() == pytest.approx(2.875)
    shares = found["shares"].set_index(["network", "point"])["value"]
    assert shares["normal"].tolist() == [0, 0.25, 0, 0.25, 0.5]
    assert found["against"][["network", "value"]].values.tolist() == [["reset", -2.25]]
    assert found["detection"]["value"].item() > 1, "above the middle: 3 of 4 against none"
    assert found["motives"].empty


def test_another_number_of_points_is_placed_on_the_scale_from_1_to_5():
    found = tables(rows_of({"normal": "1477"}, points=7))
    assert found["states"]["value"].item() == pytest.approx((1 + 3 + 5 + 5) / 4)
    assert found["shares"]["point"].tolist() == [1, 2, 3, 4, 5, 6, 7]
    row = rows_of({"normal": "4"}, points=7).trials.iloc[0]
    assert score_of(row, ()) == 3


def test_reasons_are_shares_of_each_network_s_ratings():
    told = {"normal": "explanation-expected", "reset": "prediction-wrong"}
    shares = tables(rows_of({"normal": "45", "reset": "12"}, motives=told))["motives"].set_index(["network", "motive"])
    assert shares["value"]["normal", "explanation-expected"] == 1
    assert shares["value"]["reset", "explanation-expected"] == 0
    assert shares.groupby("network")["value"].sum().tolist() == [1, 1]


def test_a_row_that_contradicts_itself_is_refused():
    trials = rows_of({"normal": "4343"}).trials.assign(trial_id="t1")
    check(trials, ())
    for column, value in (("score", 2.0), ("response", "6"), ("response", "no")):
        with pytest.raises(ExportError, match="t1"):
            check(trials.assign(**{column: value}), ())


def test_the_numbers_of_a_report_are_those_of_pandas(export):
    (results,) = compute(export)
    task, cells = results.tasks[0].tables, export.trials.groupby(["network", "method"])["score"]
    for row in task["states"].itertuples():
        assert row.value == pytest.approx(cells.mean()[row.network, row.method])
        assert row.low < row.value < row.high
    for row in task["medians"].itertuples():
        assert row.value == cells.median()[row.network, row.method]
        assert row.low <= row.value <= row.high
    shares = task["shares"].groupby(["network", "method"])["value"].sum()
    assert shares.to_numpy() == pytest.approx(np.ones(4))


def test_a_network_that_nobody_saw_has_no_numbers_and_no_comparison():
    rows = rows_of({"normal": "45"})
    task = Task("t", FACTS.name, ("grad-cam",), NETWORKS)
    found = tables(TaskRows(rows.trials, rows.controls, rows.answers, task, 0.95))
    assert found["against"].empty
    assert np.isnan(found["medians"]["value"].iloc[1])
    assert "no ratings" in str(found["medians"]["note"].iloc[1])


def test_controls_are_rated_in_the_middle_and_people_answer_on_any_scale():
    world, rng = Psychometrics(), np.random.default_rng(1)
    for control in CONTROLS:
        assert simulate.mean_rating(world, control) == FACTS.null
        assert simulate.logit(world, control) == pytest.approx(0, abs=1e-9)
    at = simulate.logit(world, "grad-cam")
    assert simulate.marginal_rating(at, world.total_sd) == pytest.approx(3.4)
    person = draw_participant(rng, world)
    for points in (2, 7, 11):
        options = tuple(map(str, range(1, points + 1)))
        seen = Seen("i", "grad-cam", "cat", "", options)
        assert {simulate.answer(person, seen, rng)[0] for _ in range(40)} <= set(options)


DRAWS = 800


@pytest.mark.calibration
def test_the_headline_intervals_hold_their_truth():
    """54 people with 21 ratings each of 42 images and two networks; people and images differ."""
    rng, people, images, sd = np.random.default_rng(5), 54, 42, 0.5
    effects, total = np.array([0.4, -0.6]), float(np.hypot(sd, sd))
    true = [simulate.marginal_rating(at, total) for at in effects]
    person = np.repeat(np.arange(people), 21)
    held = {"mean rating": 0, "difference of two networks": 0, "d′": 0, "median": 0}
    chances = rng.normal(0, total, 400_000)
    many = [simulate.draw(at + chances, rng) for at in effects]
    middles = [float(np.median(scores)) for scores in many]
    hits, alarms = special.ndtri([np.mean(scores > FACTS.null) for scores in many])
    names = {"network": NETWORKS, "method": ("grad-cam",)}
    for draw in range(DRAWS):
        image = np.concatenate([rng.permutation(images)[:21] for _ in range(people)])
        network = rng.integers(2, size=len(image))
        logits = effects[network] + rng.normal(0, sd, people)[person] + rng.normal(0, sd, images)[image]
        score = simulate.draw(logits, rng).astype(float)
        cells = cell_means(score, network, person, image, list(NETWORKS))
        above = cell_means((score > FACTS.null).astype(float), network, person, image, list(NETWORKS))
        found = {
            "d′": (sensitivity(above, *NETWORKS, "d-prime", 0.95, NO_RATINGS), hits - alarms),
            "mean rating": (proportion(cells, "normal", 0.95, FACTS.null, FACTS.bounds), true[0]),
            "difference of two networks": (difference(cells, "reset", "normal", 0.95), true[1] - true[0]),
        }
        for name, (estimate, truth) in found.items():
            held[name] += estimate.low <= truth <= estimate.high
        if draw % 8 == 0:  # its interval ends at points of the scale, so it holds more often than 95 %
            labels = np.array(NETWORKS)[network]
            frame = pd.DataFrame({"participant_id": person, "image_id": image, "network": labels, "score": score})
            middle = medians(frame.assign(method="grad-cam"), names, 0.95).iloc[0]
            held["median"] += 8 * (middle["low"] <= middles[0] <= middle["high"])
    coverage = {name: count / DRAWS for name, count in held.items()}
    as_told("rating", coverage, median=(0.935, 1))
    assert stats.binom.sf(int(0.965 * DRAWS), DRAWS, 0.95) < 0.05, "this number of draws tells 95 from 96.5 %"
