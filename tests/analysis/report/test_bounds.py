"""No interval says what cannot be: with few people it is cut and says so, at the paper's size nothing is touched."""

import json

import numpy as np
import pytest

from analysis.estimation.cells import cells_by
from analysis.estimation.estimates import CUT_NOTE, combination, difference
from analysis.notes import NO_NOTE, OPEN_NOTE
from analysis.report.write import analyze
from analysis.results import compute
from analysis.simulation.simulated_study import PAPER_SIZE, simulate_export
from analysis.tasks.class_discrimination.estimates import accuracy_difference
from analysis.tasks.design import TaskDesign
from analysis.tasks.trust.estimates import score_difference
from tests.analysis.conftest import CONFIG, pages_of
from tests.analysis.exports import write_export

pytestmark = pytest.mark.slow

METHODS = ("guided-backprop", "guided-grad-cam")
FEW = (
    TaskDesign("seeing", "class-discrimination", METHODS, images=6, ratings=1),
    TaskDesign("trusting", "trust", METHODS, images=6, ratings=1),
)


def of_few(seed, people):
    export = simulate_export(np.random.default_rng(seed), designs=FEW, participants=6, config=CONFIG)
    kept = set(export.participants["participant_id"][:people])
    steps = np.random.default_rng(seed).integers(1, 5, len(export.trials)).astype(float)
    trials = export.trials.assign(confidence=np.where(export.trials["task"] == "seeing", steps, np.nan))
    parts = {"trials": trials, "participants": export.participants}
    parts = {name: frame[frame["participant_id"].isin(kept)].reset_index(drop=True) for name, frame in parts.items()}
    return type(export)(**{**vars(export), **parts})


def ranges(observer):
    """(rows of results.json, what their intervals must lie in)."""
    seeing, trusting = observer["tasks"]["seeing"], observer["tasks"]["trusting"]
    yield seeing["accuracy"], (0, 1)
    yield seeing["overconfidence"], (-0.5, 1)
    yield seeing["biases"], (-1, 1)
    yield trusting["scores"], (-2, 2)
    yield trusting["biases"], (-4, 4)
    for kind, bound in (("class-discrimination", 1), ("trust", 4)):
        for name in ("contrasts", "multiverse"):
            yield [row for row in observer[name] if row["kind"] == kind], (-bound, bound)
        rows = [row for row in observer["equivalence"] if row["kind"] == kind]
        yield [row for row in rows if " − " not in row["figure"]], (-bound, bound)
        yield [row for row in rows if " − " in row["figure"]], (-2 * bound, 2 * bound)


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(("seed", "people"), [(1, 2), (2, 2), (3, 3)])
def test_no_number_of_a_study_of_few_people_is_impossible(tmp_path, seed, people):
    path = analyze(write_export(of_few(seed, people), tmp_path / "in"), tmp_path / "out")
    observer = json.loads((tmp_path / "out" / "results.json").read_text())["observers"]["simulated"]
    notes = set()
    for rows, (low, high) in ranges(observer):
        assert rows
        for row in rows:
            assert row["low"] is None or low <= row["low"] <= row["high"] <= high, row
            notes.add(row["note"])
    cut, reaching = str(CUT_NOTE), str(OPEN_NOTE)
    assert notes & {cut, reaching}
    assert (cut in notes) == (cut in pages_of(path.parent))
    assert (reaching in notes) == (reaching in pages_of(path.parent))


def test_at_the_paper_s_size_every_interval_is_the_uncut_one():
    export = simulate_export(np.random.default_rng(1), config=CONFIG)
    for design, value, shown in (
        (PAPER_SIZE[0], "correct", accuracy_difference),
        (PAPER_SIZE[1], "score", score_difference),
    ):
        rows = export.trials[export.trials["task"] == design.name]
        cells = cells_by(rows, rows[value].to_numpy(float), {"method": design.methods})
        for a, b in zip(design.methods, design.methods[1:], strict=False):
            assert shown(rows, design.methods, a, b, 0.95) == difference(cells, a, b, 0.95)
    scores = compute(export)[0].tasks[1].tables["scores"]
    for i, row in enumerate(scores.itertuples()):
        uncut = combination(cells, np.eye(2)[i], 0.95)
        assert (row.low, row.high) == pytest.approx((uncut.low, uncut.high), abs=0.02), "but for its logit scale"
        assert row.note == NO_NOTE
    (observer,) = compute(export)
    for table in (observer.contrasts, observer.tables["equivalence"], observer.tables["multiverse"]):
        assert not table["note"].isin((CUT_NOTE, OPEN_NOTE)).any()
