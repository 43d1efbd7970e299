"""The export keeps every rule of Psych-DS 1.5 that Discern states; these tests read the folder as a stranger would."""

import csv
import json
import re
from pathlib import Path

import pytest

from study.conduct.actions import exclude
from study.database.db import Database
from study.export.files import export_study
from tests.study.samples import NOW, answer, document, enrol, open_sample, seeing, trials_of, trusting

KEYS = {"study", "site", "subject", "session", "task", "condition", "trial", "stimulus", "description"}
ROW_IDS = {
    "participants": "participant_id",
    "trials": "trial_id",
    "answers": "answer_id",
    "stimuli": "stimulus_id",
    "events": "event_id",
    "questionnaire": "item_answer_id",
    "metrics": "metric_value_id",
}


@pytest.fixture
def folder(database: Database, tmp_path: Path) -> Path:
    """The export of a study whose name has hyphens, with a reason that a spreadsheet would run as a formula."""
    with database.writing() as session:
        open_sample(session, tmp_path / "stimuli", document(seeing(), trusting(), slug="a-study-2"))
    for seed in range(2):
        person = enrol(database, seed, slug="a-study-2")
        for trial in trials_of(database, person):
            answer(database, person, trial, choice=-1)
    with database.writing() as session:
        exclude(session, "a-study-2", person.public_id, "=HYPERLINK(1)", "ada", NOW)
        session.commit()
    with database.snapshot() as session:
        return export_study(session, "a-study-2", tmp_path / "export")


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def tables(folder: Path) -> dict[str, Path]:
    return {path.name.split("description-")[1].removesuffix("_data.csv"): path for path in folder.glob("data/*.csv")}


def description(folder: Path) -> dict:
    return json.loads((folder / "dataset_description.json").read_text(encoding="utf-8"))


def test_the_description_stands_at_the_root_as_schema_org_json_ld(folder: Path) -> None:
    said = description(folder)
    assert re.fullmatch("https?://schema.org/?", said["@context"])
    assert said["@type"] == "Dataset"
    assert all(isinstance(said[key], str) and said[key] for key in ("name", "description"))
    assert isinstance(said["variableMeasured"], list)


def test_data_files_lie_under_data_and_are_named_by_keywords(folder: Path) -> None:
    assert sorted(folder.rglob("*.csv")) == sorted(folder.glob("data/*.csv"))
    for path in folder.glob("data/*.csv"):
        *pairs, suffix = path.stem.split("_")
        assert suffix == "data"
        for pair in pairs:
            key, value = pair.split("-")
            assert key in KEYS
            assert re.fullmatch("[A-Za-z0-9]+", value)


def test_every_column_is_measured_and_every_variable_is_a_column(folder: Path) -> None:
    measured = [variable["name"] for variable in description(folder)["variableMeasured"]]
    columns = {column for path in tables(folder).values() for column in path.read_text().split("\n", 1)[0].split(",")}
    assert len(set(measured)) == len(measured)
    assert set(measured) == columns


def test_every_row_has_a_unique_id(folder: Path) -> None:
    assert set(tables(folder)) == set(ROW_IDS)
    for name, path in tables(folder).items():
        ids = [row[ROW_IDS[name]] for row in rows(path)]
        assert all(ids)
        assert len(set(ids)) == len(ids)


def test_every_table_has_a_sidecar_of_its_stem(folder: Path) -> None:
    for path in tables(folder).values():
        sidecar = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        header = path.read_text(encoding="utf-8").split("\n", 1)[0].split(",")
        assert [variable["name"] for variable in sidecar["variableMeasured"]] == header


def test_files_are_utf_8_with_rows_of_equal_length(folder: Path) -> None:
    for path in tables(folder).values():
        with path.open(encoding="utf-8", newline="") as file:
            assert len({len(row) for row in csv.reader(file)}) == 1
        assert not path.read_bytes().startswith(b"\xef\xbb\xbf")


def test_raw_data_are_not_rewritten(folder: Path) -> None:
    """A response of -2 stays the number that was sent; only free text is kept from being run by a spreadsheet."""
    trust = [row for row in rows(tables(folder)["trials"]) if row["trial_type"] == "trust"]
    assert {row["response"] for row in trust} == {"-2"}
    reasons = [row["exclusion_reason"] for row in rows(tables(folder)["participants"])]
    assert reasons == ["", "'=HYPERLINK(1)"]


@pytest.mark.parametrize("text", ["=1+1", "+1+1", "-2+3", "-2", "@SUM(A1)"])
def test_no_spreadsheet_runs_what_somebody_typed(database: Database, tmp_path: Path, text: str) -> None:
    with database.writing() as session:
        open_sample(session, tmp_path / "stimuli")
    person = enrol(database)
    with database.writing() as session:
        exclude(session, "demo", person.public_id, text, "ada", NOW)
        session.commit()
    with database.snapshot() as session:
        folder = export_study(session, "demo", tmp_path / "export")
    (row,) = rows(tables(folder)["participants"])
    assert row["exclusion_reason"] == f"'{text}"
