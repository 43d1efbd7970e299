"""Reliance: shares by hand, by pandas and by statsmodels, controls at advice alone, and intervals that hold."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from analysis.data.export import ExportError, Task
from analysis.estimation.estimates import cell_means, difference, proportion
from analysis.results import compute
from analysis.simulation.simulated_study import simulate_export
from analysis.tasks.design import TaskDesign
from analysis.tasks.kind import Seen, TaskRows
from analysis.tasks.psychometrics import Psychometrics, draw_participant, location_for, marginal_share
from analysis.tasks.reliance import simulate
from analysis.tasks.reliance.crossed import by_random_effects
from analysis.tasks.reliance.estimates import FACTS, check, tables
from analysis.tasks.reliance.stratified import (
    STEPS,
    TOO_FEW,
    at_equal_confidence,
    step_difference,
    step_weights,
    with_confidence,
)
from contracts.methods import CONTROLS, PHOTOGRAPH
from contracts.tasks import CONFIDENCE, OWN, REQUEST
from tests.analysis.oracles.r import FOLDER, recorded
from tests.analysis.tasks.coverage import as_told

METHODS = (PHOTOGRAPH, "grad-cam")
DESIGN = TaskDesign("advised", FACTS.name, METHODS, images=30, ratings=20)


@pytest.fixture(scope="module")
def export():
    return simulate_export(np.random.default_rng(3), designs=[DESIGN], participants=40)


def rows_of(cases: str, method: str = "grad-cam", people: int = 6) -> TaskRows:
    """Of six people alike: words of three letters, whether own answer, advice and final answer are right (r) or not."""
    trials, answers = [], []
    for person in range(people):
        for place, (own, advice, final) in enumerate(cases.split()):
            trial = f"p{person}-{place}"
            category, option = ("dog", {"r": "dog", "w": "cat"}) if advice == "r" else ("cat", {"r": "dog", "w": "cat"})
            trials.append(
                {"trial_id": trial, "participant_id": f"p{person}", "image_id": f"i{place}", "trial_index": place}
                | {"method": method, "category": category, "foil": "cat|dog"}
                | {"response": option[final], "correct": final == "r"}
            )
            if own != "-":
                answers.append({"trial_id": trial, "question": OWN, "response": option[own]})
    frame = pd.DataFrame(trials)
    given = pd.DataFrame(answers, columns=["trial_id", "question", "response"])
    return TaskRows(frame, frame.iloc[:0], given, Task("t", FACTS.name, (method,), ("weak",)), 0.95)


def measures(rows: TaskRows) -> dict[str, float]:
    return tables(rows)["reliance"].set_index("measure")["value"].to_dict()


def test_shares_of_cases_by_hand():
    """Wrong and right advice: corrected 1 of 3, kept 2 of 4; both agree in two cases, which count in neither."""
    rows = rows_of("wrr wrw wrw rwr rwr rww rww rrr www")
    found = measures(rows)
    assert found["rair"] == pytest.approx(1 / 3)
    assert found["rsr"] == pytest.approx(2 / 4)
    assert found["switched"] == pytest.approx(3 / 7)
    assert found["over-reliance"] == pytest.approx(3 / 5), "two gave up a right answer, one had the wrong one before"
    assert found["under-reliance"] == pytest.approx(2 / 4)
    all_tables = tables(rows)
    assert all_tables["gain"]["value"].item() == pytest.approx((4 - 5) / 9)
    assert all_tables["accuracy"]["value"].item() == pytest.approx(4 / 9)
    assert all_tables["requests"].empty
    assert all_tables["reliance"]["without"].eq(0).all()


def test_people_without_a_case_are_counted_and_never_zero():
    found = tables(rows_of("rrr rwr"))["reliance"].set_index("measure")
    assert np.isnan(found["value"]["rair"])
    assert found["without"]["rair"] == 6
    assert found["value"]["rsr"] == 1


def test_without_an_own_answer_there_is_only_over_and_under_reliance():
    found = tables(rows_of("-rr -ww -wr -rw"))
    reliance = found["reliance"].set_index("measure")
    assert np.isnan(reliance["value"][["rair", "rsr", "switched"]]).all()
    assert reliance["note"].astype(str)["rair"] == "Nobody was asked for an own answer."
    assert reliance["value"]["over-reliance"] == 0.5
    assert reliance["value"]["under-reliance"] == 0.5
    assert np.isnan(found["gain"]["value"].item())


def test_requests_are_counted():
    rows = rows_of("-rr -ww -wr -rw")
    asked = [
        {"trial_id": t, "question": REQUEST, "response": "yes" if t.endswith("0") else "no"}
        for t in rows.trials["trial_id"]
    ]
    found = tables(TaskRows(rows.trials, rows.controls, pd.DataFrame(asked), rows.task, 0.95))
    assert found["requests"]["value"].item() == 0.25


def test_a_row_that_contradicts_itself_is_refused():
    trials = rows_of("wrr rww").trials.assign(trial_id="t1")
    check(trials, ())
    for column, value in (("correct", True), ("response", "cow"), ("foil", "cat"), ("category", "cow")):
        with pytest.raises(ExportError, match="t1"):
            check(trials.assign(**{column: value}), ())


def graded(steps: np.ndarray, method: np.ndarray, final: np.ndarray, person: np.ndarray, image: np.ndarray):
    """Wrong own answers and right advice, with a confidence."""
    trials = pd.DataFrame(
        {"trial_id": np.arange(len(steps)), "participant_id": person, "image_id": image, "method": method}
    )
    answers = pd.DataFrame({"trial_id": trials["trial_id"], "question": CONFIDENCE, "response": steps.astype(str)})
    return {"rair": (with_confidence(trials, answers), final.astype(float))}


def test_methods_are_compared_at_equal_confidence():
    """Oracle: a saturated regression of statsmodels, whose effects are averaged with the shares of the steps."""
    rng, n = np.random.default_rng(4), 600
    method = np.where(np.arange(n) % 2, "grad-cam", PHOTOGRAPH)
    steps = rng.choice([1, 2, 3, 4], n, p=[0.3, 0.3, 0.3, 0.1]) + 0
    steps[(method == PHOTOGRAPH) & (steps == 4)] = 1  # a step that one method lacks
    final = rng.random(n) < 0.2 + 0.1 * steps + 0.1 * (method == "grad-cam")
    parts = graded(steps, method, final, rng.integers(0, 40, n), rng.integers(0, 50, n))
    row = at_equal_confidence(parts, METHODS, [("grad-cam", PHOTOGRAPH)], 0.95).iloc[0]
    frame = pd.DataFrame({"final": final.astype(int), "m": (method == "grad-cam").astype(int), "s": steps})[steps < 4]
    fitted = smf.ols("final ~ C(s) + m:C(s)", frame).fit().params
    shares = frame["s"].value_counts(normalize=True)
    assert row["value"] == pytest.approx(sum(shares[s] * fitted[f"m:C(s)[{s}]"] for s in (1, 2, 3)))
    assert row["covered"] == pytest.approx((steps < 4).mean())


def test_without_a_confidence_or_enough_cases_nothing_is_compared():
    six = np.arange(6)
    parts = graded(six % 2 + 1, np.where(six < 3, "grad-cam", PHOTOGRAPH), six > 2, six, six)
    row = at_equal_confidence(parts, METHODS, [("grad-cam", PHOTOGRAPH)], 0.95).iloc[0]
    assert np.isnan(row["value"])
    assert row["note"] == TOO_FEW
    assert tables(rows_of("wrr rww"))["equal-confidence"].empty


def told(export) -> pd.DataFrame:
    own = export.answers.set_index("trial_id")["response"]
    frame = export.trials.assign(own=export.trials["trial_id"].map(own))
    right = frame["foil"].str.split("|").str[1]
    frame["advised"], frame["first"] = frame["category"] == right, frame["own"] == right
    return frame.assign(final=frame["correct"].astype(int), explained=(frame["method"] == "grad-cam").astype(int))


def test_the_numbers_of_a_report_are_those_of_pandas_and_statsmodels(export):
    (results,) = compute(export)
    frame, task = told(export), results.tasks[0].tables
    disagree = frame[frame["first"] != frame["advised"]]
    by = disagree.groupby(["advised", "method"])["final"].mean()
    reliance = task["reliance"].set_index(["measure", "method"])
    for method in METHODS:
        assert reliance["value"]["rair", method] == pytest.approx(by[True, method])
        assert reliance["value"]["rsr", method] == pytest.approx(by[False, method])
        assert reliance["low"]["rair", method] < by[True, method] < reliance["high"]["rair", method]
        gain = frame[frame["method"] == method]
        row = task["gain"].set_index("method").loc[method]
        assert row["value"] == pytest.approx(gain["final"].mean() - gain["first"].mean())
    against = task["against"].set_index(["measure", "method", "against"])
    for measure, is_right in (("rair", True), ("rsr", False)):
        fitted = smf.ols("final ~ explained", disagree[disagree["advised"] == is_right]).fit()
        row = against.loc[(measure, "grad-cam", PHOTOGRAPH)]
        assert row["value"] == pytest.approx(fitted.params["explained"])


def test_simulated_studies_have_the_rair_and_rsr_of_the_model():
    world = Psychometrics()
    big = TaskDesign("advised", FACTS.name, METHODS, images=300, ratings=60)
    frame = told(simulate_export(np.random.default_rng(1), world, designs=[big], participants=240))
    disagree = frame[frame["first"] != frame["advised"]]
    by = disagree.groupby(["advised", "method"])["final"].mean()
    for method in METHODS:
        assert by[True, method] == pytest.approx(simulate.true_rair(world, method), abs=0.03)
        assert by[False, method] == pytest.approx(simulate.true_rsr(world, method), abs=0.03)


def test_people_page_by_page_have_the_rair_and_rsr_of_the_model():
    world, rng = Psychometrics(), np.random.default_rng(2)
    followed = {"cat|dog": [], "dog|cat": []}
    for _ in range(4000):
        person = draw_participant(rng, world)
        for foil, advice_is_right in (("cat|dog", True), ("dog|cat", False)):
            own = "cat"  # contradicted: the advice is “dog”, right in the first case
            seen = Seen("i1", PHOTOGRAPH, "dog", foil, ("cat", "dog"), own)
            final, _ = simulate.answer(person, seen, rng)
            followed[foil].append(final == ("dog" if advice_is_right else "cat"))
    assert np.mean(followed["cat|dog"]) == pytest.approx(simulate.true_rair(world, PHOTOGRAPH), abs=0.03)
    assert np.mean(followed["dog|cat"]) == pytest.approx(simulate.true_rsr(world, PHOTOGRAPH), abs=0.03)
    unadvised = Seen("i1", PHOTOGRAPH, "dog", "cat|dog", ("cat", "dog"), "cat", is_advised=False)
    assert simulate.answer(draw_participant(rng, world), unadvised, rng)[0] == "cat"


@pytest.mark.parametrize("control", sorted(CONTROLS))
def test_controls_are_exactly_at_advice_alone(control):
    world = Psychometrics()
    assert simulate.mean_share(world, control) == simulate.mean_share(world, PHOTOGRAPH) == simulate.ALONE
    assert simulate.true_rair(world, control) == simulate.true_rair(world, PHOTOGRAPH)
    assert simulate.true_rsr(world, control) == simulate.true_rsr(world, PHOTOGRAPH)


DRAWS = 800


@pytest.mark.calibration
def test_the_headline_intervals_hold_their_truth():
    """60 people in two conditions with 16 of 60 images; own answers, and what contradicts them, differ by both."""
    rng, people, images, each, sd = np.random.default_rng(5), 60, 60, 16, 0.5
    total = float(np.hypot(sd, sd))
    true = {"alone": (0.35, 0.70), "explained": (0.45, 0.65)}
    places = {
        name: [location_for(marginal_share, s, total, (0, 1), "share") for s in two] for name, two in true.items()
    }
    at = np.array([places["alone"], places["explained"]])  # (condition, advice right or wrong)
    person, condition = np.repeat(np.arange(people), each), np.repeat(np.arange(people) % 2, each)
    advised = np.arange(images) % 2 == 0
    held = dict.fromkeys(("RAIR", "RSR", "difference of RAIR"), 0)
    labels = list(true)
    for _ in range(DRAWS):
        image = np.concatenate([rng.permutation(images)[:each] for _ in range(people)])
        own = rng.random(len(image)) < 1 / (1 + np.exp(-rng.normal(0, sd, people)[person]))
        lean = rng.normal(0, sd, people)[person] + rng.normal(0, sd, images)[image]
        wrong = ~advised[image]
        final = rng.random(len(image)) < 1 / (1 + np.exp(-(at[condition, wrong.astype(int)] + lean)))
        for name, place, which in (("RAIR", 0, ~own & ~wrong), ("RSR", 1, own & wrong)):
            cells = cell_means(
                final[which].astype(float), condition[which], person[which], image[which], labels, condition[which]
            )
            found = proportion(cells, "explained", 0.95)
            held[name] += found.low <= true["explained"][place] <= found.high
            if name == "RAIR":
                gap = difference(cells, "explained", "alone", 0.95)
                held["difference of RAIR"] += gap.low <= true["explained"][0] - true["alone"][0] <= gap.high
    coverage = {name: count / DRAWS for name, count in held.items()}
    as_told("reliance", coverage | {AT_EQUAL: held_at_equal_confidence()})


AT_EQUAL = "difference at equal own confidence"


def held_at_equal_confidence():
    """How often its interval holds the truth. 60 people in two conditions with 6 cases each: explanations make people surer, who follow advice less often."""
    rng, people, images, each, sd = np.random.default_rng(6), 60, 60, 6, 0.5
    person, condition = np.repeat(np.arange(people), each), np.repeat(np.arange(people) % 2, each)
    labels = list(product(METHODS, STEPS))
    total, effects = float(np.hypot(sd, sd)), np.array([0.2, 0.1, 0.1, 0.0])
    alone = np.array([0.6, 0.5, 0.4, 0.3])
    at = np.array(
        [[location_for(marginal_share, s, total, (0, 1), "share") for s in a] for a in (alone, alone + effects)]
    )
    odds = np.array([[0.3, 0.3, 0.2, 0.2], [0.2, 0.2, 0.3, 0.3]])
    held = 0
    for _ in range(DRAWS):
        image = np.concatenate([rng.permutation(images)[:each] for _ in range(people)])
        steps = (rng.random(len(image))[:, None] > odds.cumsum(axis=1)[condition]).sum(axis=1)
        lean = rng.normal(0, sd, people)[person] + rng.normal(0, sd, images)[image]
        final = rng.random(len(image)) < 1 / (1 + np.exp(-(at[condition, steps] + lean)))
        cells = cell_means(final.astype(float), 4 * condition + steps, person, image, labels, condition)
        shares = step_weights(cells, "grad-cam", PHOTOGRAPH)
        found = step_difference(cells, "grad-cam", PHOTOGRAPH, shares, 0.95)
        held += found.low <= shares @ effects <= found.high
    return held / DRAWS


def crossed(**columns) -> pd.DataFrame:
    """The table of the random effects for the oracle's answers, taken as final ones after right advice."""
    cases = pd.read_csv(FOLDER / "covariate.csv").rename(columns={"participant": "participant_id", "image": "image_id"})
    cases = cases.assign(step=cases["confidence"].astype(str), advised=True).assign(**columns)
    parts = {"rair": (cases, cases["correct"].to_numpy(float))}
    return by_random_effects(parts, ("a", "b"), [("b", "a")], 0.95)


def test_random_effects_give_the_difference_and_the_slope_that_lme4_finds():
    """Oracle: lme4's effects and spreads, averaged over new people, images and the given confidences by quadrature."""
    found, told = crossed().iloc[0], recorded("covariate_logit.R")
    sd = np.sqrt(sum(told[f"sd_{g}"] ** 2 for g in ("participant", "participant:method", "image", "image:method")))
    given = pd.read_csv(FOLDER / "covariate.csv")["confidence"].value_counts(normalize=True)

    def share(method: str) -> float:
        at = {c: told[f"method{method}"] + told["confidence"] * c for c in given.index}
        return sum(given[c] * marginal_share(at[c], sd) for c in given.index)

    assert found["value"] == pytest.approx(share("b") - share("a"), abs=1e-3)
    assert found["slope"] == pytest.approx(told["confidence"], abs=1e-3)
    assert (found["slope_high"] - found["slope"]) / 2.0687 == pytest.approx(told["se_confidence"], abs=1e-3)
    assert (found["responses"], found["participants"], found["images"]) == (600, 30, 24)


def test_random_effects_without_a_confidence_have_no_slope():
    found = crossed(step=None).iloc[0]
    assert found["low"] < found["value"] < found["high"]
    assert np.isnan(found[["slope", "slope_low", "slope_high"]].astype(float)).all()


def test_the_random_effects_of_a_report_are_near_its_other_estimates(export):
    """The simulated people follow a logit model with normal effects."""
    (results,) = compute(export)
    tables_of = results.tasks[0].tables
    against = tables_of["against"].set_index(["measure", "method", "against"])
    found = tables_of["random-effects"].set_index(["measure", "method", "against"])
    assert found.index.get_level_values("measure").tolist() == ["rair", "rsr", "final"]
    for measure in ("rair", "rsr"):
        row = (measure, "grad-cam", PHOTOGRAPH)
        assert found["value"][row] == pytest.approx(against["value"][row], abs=0.03)
        assert found["responses"][row] == against["responses"][row]
    shares = tables_of["accuracy"].set_index("method")["value"]
    gap = shares["grad-cam"] - shares[PHOTOGRAPH]
    assert found["value"]["final", "grad-cam", PHOTOGRAPH] == pytest.approx(gap, abs=0.02)
