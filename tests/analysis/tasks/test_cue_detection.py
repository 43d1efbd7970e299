"""Cue detection: hits and false alarms by hand and by pandas, controls at chance, and intervals that hold."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

from analysis.data.export import ExportError, Task
from analysis.display.wording import Translation
from analysis.estimation.cells import cells_by
from analysis.results import compute
from analysis.simulation.simulated_study import simulate_export
from analysis.tasks.belief import BELIEF
from analysis.tasks.cue_detection import simulate
from analysis.tasks.cue_detection.estimates import ANSWERS, FACTS, FOILS, SORTS, check, study_tables, tables
from analysis.tasks.cue_detection.present import finding
from analysis.tasks.design import TaskDesign
from analysis.tasks.kind import Seen, TaskRows
from analysis.tasks.psychometrics import Psychometrics, draw_participant, marginal_share, right_or_wrong
from analysis.tasks.verdicts import balanced, detection
from contracts.methods import CONTROLS
from tests.analysis.tasks.coverage import as_told

CUED, CLEAN = "object|background", "background|object"
DESIGN = TaskDesign("cues", FACTS.name, ("grad-cam", "blank"), images=30, ratings=4, named_networks=("clean", "cued"))


@pytest.fixture(scope="module")
def export():
    return simulate_export(np.random.default_rng(3), designs=[DESIGN], participants=40)


def rows_of(cued: str, clean: str) -> TaskRows:
    """Six people, alike, who answer o, c, b or u to each picture of a network that relies on the background or not."""
    letters = {answer[0]: answer for answer in ANSWERS}
    asked = [("cued", CUED, answer) for answer in cued] + [("clean", CLEAN, answer) for answer in clean]
    trials = pd.DataFrame(
        [
            {"participant_id": f"p{p}", "image_id": f"i{i}", "method": "grad-cam", "trial_index": i, "trial_id": "t1"}
            | {"network": network, "foil": foil, "response": letters[answer]}
            | {"correct": (answer == "b") == (network == "cued")}
            for p in range(6)
            for i, (network, foil, answer) in enumerate(asked)
        ]
    )
    return TaskRows(
        trials, trials.iloc[:0], trials.iloc[:0], Task("t", FACTS.name, ("grad-cam",), ("clean", "cued")), 0.95
    )


def test_hits_and_false_alarms_by_hand():
    """Three hits of four; one false alarm of five, for the other cue and doubt are none."""
    found = tables(rows_of("bbbo", "boouc"))
    named = found["named"].set_index("relies")["value"]
    assert named.to_dict() == pytest.approx({"cue": 3 / 4, "object": 1 / 5})
    assert found["detected"]["value"].item() == pytest.approx((3 / 4 + 4 / 5) / 2)
    hits, alarms = (18 + 0.5) / (24 + 1), (6 + 0.5) / (30 + 1)
    detection = found["detection"].set_index("measure")["value"]
    assert detection["d-prime"] == pytest.approx(stats.norm.ppf(hits) - stats.norm.ppf(alarms))
    assert detection["criterion"] == pytest.approx(-(stats.norm.ppf(hits) + stats.norm.ppf(alarms)) / 2)
    answers = found["answers"].set_index(["relies", "answer"])["value"]
    assert answers["object"].to_dict() == pytest.approx(
        {"object": 2 / 5, "companion": 1 / 5, "background": 1 / 5, "unsure": 1 / 5}
    )
    assert found["networks"].set_index("network")["value"].to_dict() == pytest.approx({"clean": 1 / 5, "cued": 3 / 4})


def test_people_who_were_told_and_who_were_not_have_rates_of_their_own():
    rows = rows_of("bbbo", "boouc")
    assert tables(rows)["conditions"].empty
    told = rows.trials["participant_id"].isin(["p0", "p1", "p2"])
    trials = rows.trials.assign(condition=np.where(told, "told", "blinded"))
    trials.loc[told & (trials["network"] == "cued"), "response"] = "background"
    found = tables(replace(rows, trials=trials))["conditions"].set_index(["condition", "measure"])["value"]
    assert found.xs("hits", level="measure").to_dict() == pytest.approx({"told": 1, "blinded": 3 / 4})
    assert found.xs("alarms", level="measure").to_dict() == pytest.approx({"told": 1 / 5, "blinded": 1 / 5})
    hits, alarms = ((k + 0.5) / (n + 1) for k, n in ((12, 12), (3, 15)))
    assert found["told", "d-prime"] == pytest.approx(stats.norm.ppf(hits) - stats.norm.ppf(alarms))


@pytest.mark.parametrize("answer", [answer[0] for answer in ANSWERS])
def test_people_who_answer_always_alike_are_at_chance(answer):
    assert tables(rows_of(4 * answer, 6 * answer))["detected"]["value"].item() == 0.5 == FACTS.null


def test_networks_of_one_sort_alone_give_no_mean_and_say_so():
    found = tables(rows_of("bbo", ""))["detected"]
    assert np.isnan(found["value"].item())
    assert str(found["note"].item()) == "There are answers to networks of one sort alone."


def test_a_row_that_contradicts_itself_is_refused():
    trials = rows_of("bo", "bo").trials
    check(trials, ())
    for column, value in (("correct", True), ("response", "sky"), ("foil", "background")):
        with pytest.raises(ExportError, match="t1"):
            check(trials.assign(**{column: value}), ())


def test_the_numbers_of_a_report_are_those_of_pandas(export):
    (results,) = compute(export)
    frame, task = export.trials, results.tasks[0].tables
    cued = frame["foil"].str.startswith("object|")
    named = frame["response"] == frame["foil"].str.replace("object", "").str.strip("|")
    assert (frame["correct"] == (named == cued)).all()
    by = named.groupby([frame["method"], cued]).mean()
    table = task["named"].set_index(["method", "relies"])["value"]
    for method in DESIGN.methods:
        assert table[method, "cue"] == pytest.approx(by[method, True])
        assert table[method, "object"] == pytest.approx(by[method, False])
        told = task["detected"].set_index("method").loc[method]
        assert told["value"] == pytest.approx((by[method, True] + 1 - by[method, False]) / 2)
        assert told["low"] < told["value"] < told["high"]


def test_what_swapping_showed_stands_beside_what_people_answered(export):
    cues = "network,cue,changed,scenes\nclean,background,2,40\ncued,background,30,40\nother,background,20,40\n"
    told = {"tasks": [{**export.definition["tasks"][0], "cues": cues}]}
    frame = study_tables(export.trials, type("Export", (), {"definition": told})())["swaps"]
    assert frame["network"].tolist() == ["clean", "cued"], "only networks of the task"
    assert frame["value"].tolist() == [0.05, 0.75]
    assert study_tables(export.trials, export)["swaps"].empty


def test_the_sentence_has_hits_false_alarms_and_d_prime(export):
    (results,) = compute(export)
    said = finding(results.tasks[0], Translation("en"))
    assert "Grad-CAM" in said
    assert re.search(r"\(hits \d+\.\d%, false alarms \d+\.\d%, d′ \d\.\d\d", said)
    assert said.endswith("guessing, or one answer to all, gives 50%.")


@pytest.mark.parametrize("control", sorted(CONTROLS))
def test_simulated_people_lean_to_the_object_and_are_exactly_at_chance_with_controls(control):
    world = Psychometrics()
    at = simulate.logit(world, control)
    hits, rejections = (marginal_share(at + sign * BELIEF, world.total_sd) for sign in (-1, 1))
    assert hits < rejections
    assert (hits + rejections) / 2 == pytest.approx(0.5, abs=1e-12)
    assert hits == pytest.approx(1 - rejections), "the answer does not depend on the network"


def test_people_page_by_page_answer_as_the_model_says():
    world, rng = Psychometrics(), np.random.default_rng(2)
    right = []
    for number in range(4000):
        foil = (CUED, CLEAN)[number % 2]
        answer, rt = simulate.answer(draw_participant(rng, world), Seen(f"i{number}", "grad-cam", "dog", foil), rng)
        assert answer in ANSWERS
        assert rt > 0
        right.append((answer == "background") == (foil == CUED))
    assert np.mean(right) == pytest.approx(simulate.mean_share(world, "grad-cam"), abs=0.03)


DRAWS = 800


@pytest.mark.calibration
def test_the_headline_interval_holds_its_truth():
    """48 people with 12 of 36 pictures, each of one of four networks, two of which rely on the cue."""
    rng, people, images, each = np.random.default_rng(6), 48, 36, 12
    world = Psychometrics(image_sd=0.5, image_method_sd=0.0)
    at, truth = simulate.logit(world, "grad-cam"), simulate.mean_share(world, "grad-cam")
    person = np.repeat(np.arange(people), each)
    place = np.tile(np.arange(each), people)
    image, network = (person + place * 3) % images, (place + person) % 4
    frame = pd.DataFrame({"participant_id": person, "image_id": image, "method": "m"})
    frame["sort"] = np.where(network % 2, *SORTS.names)
    sd = float(np.hypot(world.participant_sd, world.image_sd))
    hits, alarms = special.ndtri([marginal_share(at - BELIEF, sd), 1 - marginal_share(at + BELIEF, sd)])
    held = {"networks told apart": 0, "d′": 0}
    for _ in range(DRAWS):
        own = rng.normal(0, world.participant_sd, people)[person] + rng.normal(0, world.image_sd, images)[image]
        judged = right_or_wrong(at + own + BELIEF * np.where(network % 2, -1, 1), rng)
        cells = cells_by(frame, judged.astype(float), {"method": ("m",), "sort": SORTS.names})
        named = np.where(network % 2, judged, 1 - judged).astype(float)
        naming = cells_by(frame, named, {"method": ("m",), "sort": SORTS.names})
        found = {
            "networks told apart": (balanced(cells, "m", 0.95, sorts=SORTS), truth),
            "d′": (detection(naming, "m", "d-prime", 0.95, SORTS), hits - alarms),
        }
        for name, (estimate, value) in found.items():
            held[name] += estimate.low <= value <= estimate.high
    as_told("cue-detection", {name: count / DRAWS for name, count in held.items()})


def test_every_sort_of_network_has_a_foil():
    assert set(FOILS.values()) == set(SORTS.names)
    assert set(FOILS) == {CUED, CLEAN, "object|companion", "companion|object"}
