"""The export: a Psych-DS folder with exactly the columns of docs/reference/contracts.md §5."""

import csv
import io
import json
import re
import zipfile
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select

from contracts.export import TABLES, Column
from study.database.db import Database
from study.database.find import find_study
from study.database.schema import Event, Participant, Stimulus
from study.errors import ExportError, UnknownError
from study.export.files import export_study, zip_pieces
from study.export.proof import hashes, record_export
from tests.study.samples import NOW, answer, document, enrol, open_sample, seeing, trials_of, trusting

CONTRACTS = Path(__file__).parents[3] / "docs" / "reference" / "contracts.md"


@pytest.fixture
def studied(any_database: Database, tmp_path: Path) -> Database:
    """One who finished, one who stopped after three trials, one simulated who has not begun, one excluded."""
    with any_database.writing() as session:
        open_sample(session, tmp_path / "stimuli", document(seeing(), trusting(), slug="my-study"))
    finished, stopped, _, excluded = (
        enrol(any_database, seed, observer_kind=kind, slug="my-study")
        for seed, kind in enumerate(["human", "human", "simulated", "human"])
    )
    for trial in trials_of(any_database, finished):
        answer(any_database, finished, trial, choice=trial.position % 2)
    for trial in trials_of(any_database, stopped)[:3]:
        answer(any_database, stopped, trial)
    with any_database.writing() as session:
        session.add(Event(trial_id=trials_of(any_database, stopped)[0].id, event="blur", time=12.5))
        row = session.get_one(Participant, excluded.id)
        row.excluded, row.exclusion_reason = True, "asked, to be left out"
        session.commit()
    return any_database


def exported(database: Database, tmp_path: Path) -> Path:
    with database.snapshot() as session:
        return export_study(session, "my-study", tmp_path / "export")


def table(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / "data" / f"study-mystudy_description-{name}_data.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", ["participants", "trials", "answers", "events"])
def test_columns_are_those_of_the_contract(name: str) -> None:
    after = CONTRACTS.read_text(encoding="utf-8").split(f"description-{name}_data.csv`")[1]
    assert list(TABLES[name]) == re.search(r"`(\w+(?:, \w+)+)`", after)[1].split(", ")


def test_the_folder_is_whole_and_every_table_has_its_sidecar(studied: Database, tmp_path: Path) -> None:
    folder = exported(studied, tmp_path)
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    stems = {f"data/study-mystudy_description-{name}_data" for name in TABLES}
    assert files == {
        "dataset_description.json",
        "materials/definition.json",
        "materials/history.json",
        "materials/provenance.json",
        "materials/words.json",
    } | {stem + ending for stem in stems for ending in (".csv", ".json")}
    definition = json.loads((folder / "materials/definition.json").read_text())
    with studied.reading() as session:
        study = find_study(session, "my-study")
    assert definition == {
        "document": study.document,
        "sha256": study.definition_sha256,
        "amendments": [],
        "withdrawn": {},
        "turned_away": [],
    }


def test_every_column_is_a_described_variable_and_every_variable_a_column(studied: Database, tmp_path: Path) -> None:
    folder = exported(studied, tmp_path)
    description = json.loads((folder / "dataset_description.json").read_text())
    assert description["@type"] == "Dataset"
    assert all(description[key] for key in ("name", "description", "variableMeasured"))
    columns = set()
    for path in (folder / "data").glob("*.csv"):
        assert re.fullmatch(r"([a-z]+-[a-zA-Z0-9]+_)+data\.csv", path.name)
        with path.open(encoding="utf-8", newline="") as file:
            header = next(csv.reader(file))
        sidecar = json.loads(path.with_suffix(".json").read_text())
        assert [variable["name"] for variable in sidecar["variableMeasured"]] == header
        assert all(variable["description"] for variable in sidecar["variableMeasured"])
        columns |= set(header)
    assert sorted(variable["name"] for variable in description["variableMeasured"]) == sorted(columns)


def test_participants_say_who_they_were_and_how_far_they_came(studied: Database, tmp_path: Path) -> None:
    rows = table(exported(studied, tmp_path), "participants")
    assert [(r["observer_kind"], r["trials_answered"], r["completed"], r["excluded"]) for r in rows] == [
        ("human", "7", "1", "0"),
        ("human", "3", "0", "0"),
        ("simulated", "0", "0", "0"),
        ("human", "0", "0", "1"),
    ]
    assert {r["trials_planned"] for r in rows} == {"7"}
    assert rows[0]["joined_at"] == rows[0]["finished_at"] == "2026-01-02T03:04:05.678Z"
    assert rows[1]["finished_at"] == rows[1]["exclusion_reason"] == ""
    assert rows[3]["exclusion_reason"] == "asked, to be left out"
    assert all(re.fullmatch("p[0-9a-f]{16}", r["participant_id"]) for r in rows)


def test_the_browsers_words_of_itself_are_one_json_cell(studied: Database, tmp_path: Path) -> None:
    """Decimals and nesting survive CSV; a browser that said nothing leaves an empty cell."""
    said = {"reports": [{"width": 390, "pixel_ratio": 2.625, "touch": True, "pointer": "coarse", "problems": []}]}
    with studied.writing() as session:
        session.scalars(select(Participant).order_by(Participant.id)).first().device = said
        session.commit()
    first, *others = (row["device"] for row in table(exported(studied, tmp_path), "participants"))
    assert json.loads(first) == said
    assert first[0] == "{", "no spreadsheet runs it"
    assert set(others) == {""}


def test_trials_are_scored_against_truth_and_first_network(studied: Database, tmp_path: Path) -> None:
    """The oracle reads only what was shown and chosen, and looks the truth up in the stimuli table."""
    folder = exported(studied, tmp_path)
    rows, stimuli = table(folder, "trials"), {r["stimulus_id"]: r for r in table(folder, "stimuli")}
    assert len(rows) == 4 * 7
    assert Counter(r["state"] for r in rows) == {"answered": 10, "open": 18}
    for row in (r for r in rows if r["trial_type"] == "class-discrimination"):
        shown = stimuli[row["stimulus_id"]]
        assert (row["category"], row["foil"], row["network"]) == (shown["category"], shown["foil"], shown["network"])
        assert sorted(row["option_order"].split(";")) == ["dog", "tvmonitor"]
        expected = "" if not row["response"] else str(int(row["response"] == shown["category"]))
        assert row["correct"] == expected
        assert not any(row[c] for c in row if c.startswith(("left_", "right_")) or c == "score")
    for row in (r for r in rows if r["trial_type"] == "trust"):
        left, right = stimuli[row["left_stimulus_id"]], stimuli[row["right_stimulus_id"]]
        assert (row["left_network"], row["right_network"]) == (left["network"], right["network"])
        assert row["option_order"] == "2;1;0;-1;-2"
        favours_left = int(row["response"]) if row["response"] else None
        towards_strong = favours_left if left["network"] == "strong" else -(favours_left or 0)
        assert row["score"] == ("" if favours_left is None else str(towards_strong))
        assert not any(row[c] for c in ("foil", "network", "stimulus_id", "correct"))
    answered = [r for r in rows if r["state"] == "answered"]
    assert all((float(r["rt"]), float(r["time_elapsed"])) == (900, 5000) for r in answered)
    assert not any(r[c] for r in rows if r["state"] == "open" for c in ("response", "rt", "answered_at", "correct"))


def test_stimuli_and_events_are_as_they_came(studied: Database, tmp_path: Path) -> None:
    folder = exported(studied, tmp_path)
    stimuli = table(folder, "stimuli")
    with studied.reading() as session:
        assert len(stimuli) == session.query(Stimulus).count()
    assert {(r["tasks"], r["logit"], r["is_correct"]) for r in stimuli} == {
        ("seeing", "3.25", "1"),
        ("trusting", "3.25", "1"),
    }
    (event,) = table(folder, "events")
    assert (event["event"], event["time"]) == ("blur", "12.5")
    assert event["trial_id"] in {r["trial_id"] for r in table(folder, "trials")}


def test_no_token_secret_or_recruitment_id_is_exported(studied: Database, tmp_path: Path) -> None:
    with studied.reading() as session:
        people = session.query(Participant).all()
    texts = "".join(path.read_text() for path in exported(studied, tmp_path).rglob("*") if path.is_file())
    secrets = [p.token for p in people] + [p.recruitment_hash for p in people]
    secrets += [p.completion_code for p in people if p.completion_code]
    assert not [secret for secret in secrets if secret in texts]


def test_an_export_never_overwrites_what_is_there(studied: Database, tmp_path: Path) -> None:
    folder = exported(studied, tmp_path)
    with studied.snapshot() as session:
        with pytest.raises(
            ExportError, match="holds an earlier export; --replace puts this one in its place, or name a new"
        ):
            export_study(session, "my-study", folder)
        (tmp_path / "letters").mkdir()
        with pytest.raises(ExportError, match="holds something else; name a new folder"):
            export_study(session, "my-study", tmp_path / "letters", replace=True)
    assert (folder / "dataset_description.json").is_file()


@pytest.mark.parametrize("name", ["my-analysis.R", "dataset_description.json"])
def test_only_an_unchanged_export_of_this_database_is_replaced(studied: Database, tmp_path: Path, name: str) -> None:
    """Not the data of another program in the same format (BIDS has such a description too), and not what was added."""
    folder = exported(studied, tmp_path)
    with studied.writing() as session:
        record_export(session, "manage.py", "my-study", hashes(folder), NOW)
        session.commit()
    (folder / ".DS_Store").touch()
    with studied.snapshot() as session:
        export_study(session, "my-study", folder, replace=True)
        (folder / name).write_text("years of work")
        with pytest.raises(ExportError, match=rf"is not replaced.* {re.escape(name)}.*; name a new folder"):
            export_study(session, "my-study", folder, replace=True)
    assert (folder / name).read_text() == "years of work"
    assert [path for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_failed_export_leaves_nothing_behind(studied: Database, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(TABLES, "events", {"event_id": Column("text", "only this one")})
    with studied.snapshot() as session, pytest.raises(ValueError, match="argument"):
        export_study(session, "my-study", tmp_path / "out" / "export")
    assert list((tmp_path / "out").iterdir()) == []


def test_an_unknown_study_is_named(database: Database, tmp_path: Path) -> None:
    with database.snapshot() as session, pytest.raises(UnknownError, match="no study 'none'"):
        export_study(session, "none", tmp_path / "x")


def test_the_zip_holds_the_same_folder(studied: Database, tmp_path: Path) -> None:
    folder, file = exported(studied, tmp_path), io.BytesIO()
    with studied.snapshot() as session:
        file.writelines(zip_pieces(session, "my-study", lambda _: None))
    with zipfile.ZipFile(file) as archive:
        for path in (p for p in folder.rglob("*") if p.is_file()):
            assert archive.read(f"discern-my-study/{path.relative_to(folder)}") == path.read_bytes()
