"""Guessing a label: shares by hand and by pandas, exactly 20 % for who knows nothing, and an interval that holds."""

import numpy as np
import pandas as pd
import pytest

from analysis.data.export import ExportError, Task
from analysis.display.wording import Translation
from analysis.estimation.estimates import cell_means, proportion
from analysis.results import compute
from analysis.simulation.simulated_study import assign, draw_logits, simulate_export
from analysis.tasks.design import TaskDesign
from analysis.tasks.guess_label import simulate
from analysis.tasks.guess_label.estimates import FACTS, check, chosen_place, tables
from analysis.tasks.guess_label.present import figures, finding
from analysis.tasks.kind import Seen, TaskRows
from analysis.tasks.psychometrics import Psychometrics, draw_participant
from contracts.methods import CONTROLS, PHOTOGRAPH
from tests.analysis.tasks.coverage import as_told
from tests.drawing import drawn_only

DESIGN = TaskDesign("guessing", FACTS.name, ("grad-cam", PHOTOGRAPH), images=20, ratings=6)
FOIL = "dog|ant|bee|cat|eel"  # what the photograph shows, and four labels; the network said "cow"


@pytest.fixture(scope="module")
def export():
    return simulate_export(np.random.default_rng(3), designs=[DESIGN], participants=40)


def rows_of(answers: dict[str, list[str]]) -> TaskRows:
    """Method → what six people, who answer alike, chose for each image; "bee" is listed first."""
    trials = pd.DataFrame(
        [
            {"participant_id": f"{m}{p}", "image_id": f"i{i}", "method": m, "trial_index": i, "trial_id": "t1"}
            | {"category": "cow", "foil": FOIL, "correct": chosen == "cow", "response": chosen}
            | {"option_order": "bee;cow;ant;eel;cat"}
            for m, given in answers.items()
            for p in range(6)
            for i, chosen in enumerate(given)
        ]
    )
    return TaskRows(trials, trials.iloc[:0], trials.iloc[:0], Task("t", FACTS.name, tuple(answers), ("n",)), 0.95)


def test_shares_their_difference_and_the_pull_of_the_first_label_by_hand():
    rows = rows_of({"grad-cam": ["cow", "bee", "eel", "bee"], PHOTOGRAPH: ["cow", "cow", "cow", "ant"]})
    found = tables(rows)
    assert found["guessed"].set_index("method")["value"].to_dict() == {"grad-cam": 0.25, PHOTOGRAPH: 0.75}
    assert found["explained"].set_index("method")["value"].to_dict() == {"grad-cam": -0.5}
    assert found["biases"].set_index("effect")["value"]["first label chosen"] == 0.25
    assert chosen_place(rows.trials)[:4].tolist() == [3, 1, 4, 1], "among ant, bee, cat, cow, eel"


def test_without_trials_that_lack_an_explanation_nothing_is_less_them():
    assert "explained" not in tables(rows_of({"grad-cam": ["cow", "bee"]}))
    assert "explained" not in tables(rows_of({PHOTOGRAPH: ["cow", "bee"]}))


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("correct", False, "correct is not whether"),
        ("response", "dog", "response is none of the five"),
        ("foil", "dog|ant|bee|cat|cow", "foil does not have"),
        ("foil", "dog|ant|bee|cat|cat", "foil does not have"),
        ("foil", "ant|ant|bee|cat|eel", "foil does not have"),
        ("foil", "dog|ant|bee|cat", "foil does not have"),
    ],
)
def test_a_row_that_contradicts_itself_is_refused(column, value, message):
    trials = rows_of({"grad-cam": ["cow"]}).trials
    check(trials, ())
    with pytest.raises(ExportError, match=message):
        check(trials.assign(**{column: value}), ())


def test_the_numbers_of_a_report_are_those_of_pandas_and_its_sentence_has_them(export):
    (results,) = compute(export)
    task = results.tasks[0].tables
    by = (export.trials["response"] == export.trials["category"]).groupby(export.trials["method"]).mean()
    guessed = task["guessed"].set_index("method")
    assert guessed["value"].to_dict() == pytest.approx(by.to_dict())
    assert ((guessed["low"] < guessed["value"]) & (guessed["value"] < guessed["high"])).all()
    assert task["explained"]["value"].item() == pytest.approx(by["grad-cam"] - by[PHOTOGRAPH])
    said = finding(results.tasks[0], Translation("en"))
    assert f"Grad-CAM {100 * by['grad-cam']:.1f}%" in said
    assert said.endswith("guessing gives 20%.")
    with drawn_only("as_svg"):
        (drawn,) = figures(results.tasks[0], "simulated", Translation("de"), Translation("en"))
    assert "20" in drawn.caption


def test_people_who_know_nothing_are_at_exactly_20_per_cent():
    world = Psychometrics(means={FACTS.name: {"grad-cam": 0.2}})
    at = simulate.logit(world, "grad-cam")
    for spread in (-8, 0, 8):
        assert simulate.found(np.array(at + spread)) == pytest.approx(0.2, abs=1e-12)


@pytest.mark.parametrize("control", sorted(CONTROLS))
def test_a_control_map_leaves_people_exactly_where_the_photograph_does(control):
    world = Psychometrics()
    assert simulate.mean_share(world, control) == simulate.mean_share(world, PHOTOGRAPH)
    assert simulate.logit(world, control) == simulate.logit(world, PHOTOGRAPH)


def test_simulated_people_have_the_shares_of_the_model_on_pages_and_in_memory():
    world, rng = Psychometrics(), np.random.default_rng(4)
    big = TaskDesign("guessing", FACTS.name, ("grad-cam", PHOTOGRAPH), images=300, ratings=40)
    trials = simulate_export(rng, world, designs=[big], participants=120).trials
    share = trials.groupby("method")["correct"].mean()
    assert share.to_dict() == pytest.approx({"grad-cam": 0.4, PHOTOGRAPH: 0.5}, abs=0.02)
    wrong = trials[trials["correct"] == 0]["response"].value_counts(normalize=True)
    assert wrong.to_numpy() == pytest.approx([1 / 4] * 4, abs=0.02)
    seen = [Seen(f"i{n % 200}", "grad-cam", "cow", FOIL) for n in range(3000)]
    answers = [simulate.answer(draw_participant(rng, world), each, rng)[0] for each in seen]
    assert set(answers) == {"ant", "bee", "cat", "cow", "eel"}
    assert np.mean([answer == "cow" for answer in answers]) == pytest.approx(0.4, abs=0.03)


DRAWS = 800


@pytest.mark.calibration
def test_the_headline_interval_holds_its_truth():
    rng, world, held = np.random.default_rng(8), Psychometrics(), 0
    design = TaskDesign("t", FACTS.name, ("grad-cam",), images=40, ratings=12)
    seats, truth = assign(design, 40), simulate.mean_share(world, "grad-cam")
    for _ in range(DRAWS):
        right = simulate.draw(draw_logits(design, seats, 40, world, rng), rng)
        cells = cell_means(right.astype(float), 0 * seats.image, seats.participant, seats.image, ["m"])
        found = proportion(cells, "m", 0.95)
        held += found.low <= truth <= found.high
    as_told("guess-label", {"labels guessed": held / DRAWS})
