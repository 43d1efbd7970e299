"""Identical pairs end to end: people over real HTTP, the export, the report. They tell of the left side and of nothing else."""

import csv
import hashlib
import json
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.data.export import ExportError
from analysis.reading.load import load
from analysis.report.write import analyze
from analysis.tasks.kind import Seen
from analysis.tasks.kinds import ANALYSIS_KINDS
from analysis.tasks.psychometrics import Psychometrics, draw_participant
from study import close_app, create_app
from study.database.db import connect, upgrade
from study.export.files import export_study
from study.rehearsal.simulated import run_participant
from tests.contracts.test_recovery import served
from tests.drawing import drawn_only
from tests.study.samples import SECRET, document, open_sample, stimuli, trusting

pytestmark = pytest.mark.slow

PEOPLE, PAIRS, K = 16, 4, 4
TASKS = (trusting(images=8, k=K, trials=4, identical_pairs=PAIRS),)
ROW = "identical pairs: mean answer towards the left"


@dataclass(frozen=True)
class Taken:
    """A study that everybody has finished: its export, and results.json with the controls and without their rows."""

    export: Path
    results: dict[str, Any]
    without: dict[str, Any]


def answers(folder: Path, rng: np.random.Generator) -> Any:
    """Somebody who knows each picture by its bytes, and has no reason for either side where there is only one."""
    person = draw_participant(rng, Psychometrics(seed=1))
    shown = {stimulus.sha256: stimulus for stimulus in stimuli(folder, list(TASKS))}

    simulation = ANALYSIS_KINDS["trust"].simulation

    def choose(_trial: Any, _question: Any, images: list[bytes], rng: np.random.Generator) -> tuple[str, float]:
        left, right = (shown[hashlib.sha256(image).hexdigest()] for image in images)
        if left == right:
            return str(rng.integers(-2, 3)), 900.0
        score, rt = simulation.answer(person, Seen(left.image_id, left.method, left.category, left.foil), rng)
        return simulation.placed(score, left.network == "strong"), rt

    return choose


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> Taken:
    folder = tmp_path_factory.mktemp("pairs")
    url = f"sqlite:///{folder / 'discern.db'}"
    upgrade(url)
    database = connect(url)
    with database.writing() as session:
        open_sample(session, folder / "stimuli", document(*TASKS))
    app = create_app({"DATABASE_URL": url, "SECRET_KEY": SECRET, "TESTING": True})
    with served(app) as address:
        for stream in np.random.SeedSequence(3).spawn(PEOPLE):
            rng = np.random.default_rng(stream)
            run_participant(address, "demo", answers(folder / "stimuli", rng), rng)
    close_app(app)
    with database.snapshot() as session:
        export_study(session, "demo", folder / "export")
    database.engine.dispose()
    shutil.copytree(folder / "export", folder / "without")
    drop_controls(folder / "without")
    return Taken(folder / "export", reported(folder / "export"), reported(folder / "without"))


def trials_file(export: Path) -> Path:
    (file,) = (export / "data").glob("*trials_data.csv")
    return file


def trials(export: Path) -> list[dict[str, str]]:
    with trials_file(export).open(newline="") as file:
        return list(csv.DictReader(file))


def drop_controls(export: Path) -> None:
    kept = [row for row in trials(export) if row["purpose"] != "control"]
    with trials_file(export).open("w", newline="") as file:
        writer = csv.DictWriter(file, kept[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(kept)


def reported(export: Path) -> dict[str, Any]:
    report = export.parent / f"{export.name}-report"
    with drawn_only():
        analyze(export, report)
    return json.loads((report / "results.json").read_text())["observers"]["simulated"]


def test_every_item_has_exactly_its_ratings_beside_the_controls(taken: Taken) -> None:
    rows = trials(taken.export)
    assert Counter(row["purpose"] for row in rows) == {"main": PEOPLE * 4, "control": PEOPLE * PAIRS}
    counted = Counter(row["item_id"] for row in rows if row["purpose"] == "main" and row["is_overflow"] == "0")
    assert Counter(counted.values()) == {K: 8 * 2}


def test_a_control_says_what_was_shown_and_chosen_and_has_no_score(taken: Taken) -> None:
    for row in trials(taken.export):
        is_control = row["purpose"] == "control"
        assert (row["left_stimulus_id"] == row["right_stimulus_id"]) == is_control
        assert (row["score"] == "") == is_control
        assert row["response"] in {"-2", "-1", "0", "1", "2"}


def test_the_report_has_their_mean_which_is_about_zero(taken: Taken) -> None:
    """The oracle is the mean of what the export's rows hold; 64 answers from -2 to 2 have a standard error of 0.18,
    of which four are exceeded once in 16,000 runs."""
    given = [int(row["response"]) for row in trials(taken.export) if row["purpose"] == "control"]
    (row,) = (row for row in taken.results["tasks"]["trusting"]["biases"] if row["effect"] == ROW)
    assert row["value"] == pytest.approx(np.mean(given))
    assert abs(row["value"]) < 4 * 0.18
    assert row["low"] < row["value"] < row["high"]
    (step,) = (step for step in taken.results["flow"] if step["step"].startswith("Control:"))
    assert (step["trials_out"], step["trials_left"], step["participants_out"]) == (PEOPLE * PAIRS, PEOPLE * 4, 0)


def test_no_other_number_of_the_report_knows_of_them(taken: Taken) -> None:
    def others(results: dict[str, Any]) -> dict[str, Any]:
        task = results["tasks"]["trusting"]
        biases = [row for row in task["biases"] if row["effect"] != ROW]
        flow = results["flow"][-1] | {"step": ""}
        return results | {"flow": flow, "tasks": {"trusting": task | {"biases": biases}}}

    expected, found = others(taken.without), others(taken.results)
    assert {key: found[key] for key in found if found[key] != expected[key]} == {}


def test_a_control_that_contradicts_itself_is_refused(taken: Taken, tmp_path: Path) -> None:
    shutil.copytree(taken.export, tmp_path / "export")
    file = trials_file(tmp_path / "export")
    whole = pd.read_csv(file, dtype=str, keep_default_na=False)
    control = (whole["purpose"] == "control").idxmax()
    other = whole.loc[whole["left_stimulus_id"] != whole.loc[control, "left_stimulus_id"], "left_stimulus_id"].iloc[0]
    for column, value, words in (
        ("right_stimulus_id", other, "a control does not show one visualization on both sides"),
        ("response", "3", "response is not a whole number from -2 to 2"),
    ):
        broken = whole.copy()
        broken.loc[control, column] = value
        broken.to_csv(file, index=False)
        with pytest.raises(ExportError, match=words):
            load(tmp_path / "export")
