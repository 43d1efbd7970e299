"""Sentence fit: shares by hand and by pandas, controls exactly at chance, and an interval that holds."""

import numpy as np
import pandas as pd
import pytest

from analysis.data.export import ExportError, Task
from analysis.display.wording import Translation
from analysis.estimation.estimates import cell_means, proportion
from analysis.results import compute
from analysis.simulation.simulated_study import assign, draw_logits, simulate_export
from analysis.tasks.design import TaskDesign
from analysis.tasks.kind import Seen, TaskRows
from analysis.tasks.psychometrics import Psychometrics, draw_participant, marginal_share, right_or_wrong
from analysis.tasks.sentence_fit import simulate
from analysis.tasks.sentence_fit.estimates import FACTS, check, tables, truth_first
from analysis.tasks.sentence_fit.present import finding
from contracts.methods import CONTROLS
from tests.analysis.tasks.coverage import as_told

DESIGN = TaskDesign("fitting", FACTS.name, ("grad-cam", "blank"), images=20, ratings=6)
RIGHT, WRONG = "dog, grass / sea", "sea / dog, grass"


@pytest.fixture(scope="module")
def export():
    return simulate_export(np.random.default_rng(3), designs=[DESIGN], participants=40)


def rows_of(answers: str) -> TaskRows:
    """Six people, alike; an answer is right or wrong (r, w), and in capitals where the right sentence is second."""
    trials = pd.DataFrame(
        [
            {"participant_id": f"p{p}", "image_id": f"i{i}", "method": "grad-cam", "trial_index": i, "trial_id": "t1"}
            | {"category": "dog", "foil": f"{WRONG}|{RIGHT}", "correct": answer in "rR"}
            | {"response": RIGHT if answer in "rR" else WRONG}
            | {"option_order": ";".join((RIGHT, WRONG) if answer.islower() else (WRONG, RIGHT))}
            for p in range(6)
            for i, answer in enumerate(answers)
        ]
    )
    return TaskRows(trials, trials.iloc[:0], trials.iloc[:0], Task("t", FACTS.name, ("grad-cam",), ("n",)), 0.95)


def test_shares_and_the_pull_of_the_first_sentence_by_hand():
    found = tables(rows_of("rwRRW"))
    assert found["fits"]["value"].item() == pytest.approx(3 / 5)
    biases = found["biases"].set_index("effect")["value"]
    assert biases["first sentence chosen"] == pytest.approx(2 / 5), "r and W chose the first"
    assert biases["fitting sentence: listed first − second"] == pytest.approx(1 / 2 - 2 / 3)
    assert truth_first(rows_of("rW").trials).tolist() == [True, False] * 6


def test_a_row_that_contradicts_itself_is_refused():
    trials = rows_of("rW").trials
    check(trials, ())
    for column, value in (("correct", True), ("response", "sky / sea"), ("foil", RIGHT), ("foil", "a|b")):
        with pytest.raises(ExportError, match="t1"):
            check(trials.assign(**{column: value}), ())


def test_the_numbers_of_a_report_are_those_of_pandas_and_its_sentence_has_them(export):
    (results,) = compute(export)
    table = results.tasks[0].tables["fits"].set_index("method")
    by = export.trials.assign(fits=export.trials["response"] == export.trials["foil"].str.split("|").str[1])
    by = by.groupby("method")["fits"].mean()
    assert table["value"].to_dict() == pytest.approx(by.to_dict())
    assert (table["low"] < table["value"]).all()
    said = finding(results.tasks[0], Translation("en"))
    assert f"Grad-CAM {100 * by['grad-cam']:.1f}%" in said
    assert said.endswith("guessing gives 50%.")


@pytest.mark.parametrize("control", sorted(CONTROLS))
def test_controls_are_exactly_at_chance(control):
    world = Psychometrics()
    assert simulate.true_share(world, control) == FACTS.null == 0.5
    assert marginal_share(simulate.logit(world, control), world.total_sd) == pytest.approx(0.5, abs=1e-12)


def test_people_page_by_page_answer_as_the_model_says():
    world, rng = Psychometrics(), np.random.default_rng(2)
    seen = [Seen(f"i{n}", "grad-cam", "dog", f"{WRONG}|{RIGHT}") for n in range(4000)]
    answers = [simulate.answer(draw_participant(rng, world), each, rng)[0] for each in seen]
    assert set(answers) == {RIGHT, WRONG}
    assert np.mean([answer == RIGHT for answer in answers]) == pytest.approx(0.62, abs=0.03)


DRAWS = 800


@pytest.mark.calibration
def test_the_headline_interval_holds_its_truth():
    rng, world, held = np.random.default_rng(8), Psychometrics(), 0
    design = TaskDesign("t", FACTS.name, ("grad-cam",), images=40, ratings=12)
    seats, truth = assign(design, 40), simulate.true_share(world, "grad-cam")
    for _ in range(DRAWS):
        right = right_or_wrong(draw_logits(design, seats, 40, world, rng), rng)
        cells = cell_means(right.astype(float), 0 * seats.image, seats.participant, seats.image, ["m"])
        found = proportion(cells, "m", 0.95)
        held += found.low <= truth <= found.high
    as_told("sentence-fit", {"fitting sentences": held / DRAWS})
