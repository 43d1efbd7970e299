"""What study/ exports is what analysis/ reads: same columns, and real answers arrive in the report as they were given."""

import json
from pathlib import Path

import pytest

from analysis.reading.load import load
from analysis.report.write import analyze
from contracts.export import TABLES
from contracts.metrics import MetricColumn, MetricsWarning, metrics_files
from contracts.stimulus_set import COLUMNS, TABLE, table_of
from study.database.db import connect, upgrade
from study.export.files import export_study, zip_pieces
from tests.study.samples import answer, document, enrol, open_sample, stimuli, trials_of

pytestmark = pytest.mark.slow


def test_the_stimuli_are_exported_with_the_columns_of_the_stimulus_set():
    assert tuple(TABLES["stimuli"]) == COLUMNS


@pytest.fixture
def database(tmp_path):
    """The sample study with three people and one simulation; one person stopped after two answers."""
    url = f"sqlite:///{tmp_path / 'discern.db'}"
    upgrade(url)
    database = connect(url)
    with database.writing() as session:
        open_sample(session, tmp_path / "stimuli")
    for seed, (kind, answers) in enumerate([("human", 7), ("human", 7), ("human", 2), ("simulated", 7)]):
        participant = enrol(database, seed, observer_kind=kind)
        for trial in trials_of(database, participant)[:answers]:
            answer(database, participant, trial, choice=seed % 2)
    yield database
    database.engine.dispose()


@pytest.fixture
def measured(tmp_path):
    """Metric columns of the sample's set; the first one goes along with a hash, the second is the same everywhere."""
    folder = tmp_path / "stimuli"
    rows = stimuli(folder, document()["tasks"])
    (folder / TABLE).write_bytes(table_of(rows))
    columns = (MetricColumn("energy_in_box", "Energy in the box", "share"), MetricColumn("own", "My own", "px", ""))
    values = {row.stimulus_id: {"energy_in_box": int(row.sha256[:4], 16) / 65536, "own": 1.0} for row in rows}
    for name, content in metrics_files(table_of(rows), columns, values, {}).items():
        (folder / name).write_bytes(content)
    return folder


@pytest.mark.usefixtures("measured")
def test_damaged_metrics_keep_nobody_from_the_answers(database, tmp_path: Path):
    (tmp_path / "stimuli" / "metrics.json").write_text("{")
    with database.snapshot() as session, pytest.warns(MetricsWarning, match="evaluate"):
        folder = export_study(session, "demo", tmp_path / "export")
    assert load(folder).metrics.empty


@pytest.mark.usefixtures("undrawn", "measured")
def test_an_export_is_read_whole_and_its_answers_are_reported(database, tmp_path: Path):
    with database.snapshot() as session:
        folder = export_study(session, "demo", tmp_path / "export")
        with (tmp_path / "export.zip").open("wb") as file:
            file.writelines(zip_pieces(session, "demo", lambda _: None))
    export = load(folder)
    assert export.observer_kinds == ("human", "simulated")
    assert (len(export.participants), len(export.trials)) == (4, 28)
    assert (export.trials["state"] == "answered").sum() == 23
    assert load(tmp_path / "export.zip").trials.equals(export.trials)

    analyze(folder, tmp_path / "report")
    results = json.loads((tmp_path / "report" / "results.json").read_text())
    human = results["observers"]["human"]
    assert results["headline"] == "human"
    assert human["participants"] == 3
    assert human["flow"][-1]["trials_left"] == 16
    given = export.trials[(export.trials["observer_kind"] == "human") & export.trials["correct"].notna()]
    right = {row["method"]: row["correct"] for row in human["tasks"]["seeing"]["accuracy"]}
    assert sum(right.values()) == given["correct"].sum()
    assert human["tasks"]["seeing"]["responses"] == len(given)

    assert set(export.metrics["stimulus_id"]) == set(export.stimuli["stimulus_id"])
    rows = {(row["task"], row["metric"]): row for row in human["metrics"]}
    assert set(rows) == {(task, metric) for task in ("seeing", "trusting") for metric in ("energy_in_box", "own")}
    energy = rows["seeing", "energy_in_box"]
    assert -1 <= energy["correlation_low"] <= energy["correlation"] <= energy["correlation_high"] <= 1
    assert rows["seeing", "own"]["note"] == "The metric is the same for all pictures of a method."
    assert "Energy in the box" in (tmp_path / "report" / "supplement.html").read_text(encoding="utf-8")
