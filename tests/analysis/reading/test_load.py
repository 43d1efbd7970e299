"""An export is read whole and typed, or refused with the name of what is wrong."""

import json
import shutil
import subprocess
import sys

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from analysis.data.export import ExportError
from analysis.reading.load import load
from contracts.export import NEW_TABLES, TABLES


def data_file(folder, table):
    return folder / "data" / f"study-simulated_description-{table}_data.csv"


def edit(folder, table, change):
    """Rewrite one table as text; `change` takes and returns a frame of strings."""
    path = data_file(folder, table)
    change(pd.read_csv(path, dtype=str, keep_default_na=False)).to_csv(path, index=False)


def put(folder, table, column, value, row=0):
    def change(frame):
        frame.loc[row, column] = value
        return frame

    edit(folder, table, change)


def test_what_was_written_is_what_is_read(small, export_folder):
    read = load(export_folder)
    for table in TABLES:
        assert_frame_equal(getattr(read, table), getattr(small, table), check_dtype=True)
    assert read.tasks == small.tasks
    assert read.config == small.config
    assert read.definition_sha256 == small.definition_sha256
    assert read.observer_kinds == ("simulated",)


@pytest.mark.parametrize("nested", [False, True])
def test_a_zip_is_read_like_the_folder_it_was_made_from(export_folder, tmp_path, nested):
    base = export_folder.parent if nested else export_folder
    archive = shutil.make_archive(
        tmp_path.parent / f"zipped-{nested}", "zip", base, export_folder.name if nested else "."
    )
    assert_frame_equal(load(archive).trials, load(export_folder).trials)


def test_texts_that_look_like_missing_values_stay_texts(export_folder):
    put(export_folder, "participants", "exclusion_reason", "NA")
    assert load(export_folder).participants.loc[0, "exclusion_reason"] == "NA"


@pytest.mark.parametrize(
    "name",
    ["dataset_description.json", "materials/definition.json", "materials/provenance.json", "data"],
)
def test_a_missing_part_is_named(export_folder, name):
    target = export_folder / name
    shutil.rmtree(target) if target.is_dir() else target.unlink()
    with pytest.raises(ExportError, match=name):
        load(export_folder)


@pytest.mark.parametrize("table", TABLES)
def test_a_missing_table_and_a_missing_or_unknown_column_are_named(export_folder, table):
    column = list(TABLES[table])[2]
    edit(export_folder, table, lambda f: f.drop(columns=column).assign(surprise=""))
    with pytest.raises(ExportError, match=rf"description-{table}_data.csv lacks {column} and has unknown surprise"):
        load(export_folder)
    data_file(export_folder, table).unlink()
    if table in NEW_TABLES:
        assert getattr(load(export_folder), table).empty
        return
    with pytest.raises(ExportError, match=f"lacks …_description-{table}_data.csv"):
        load(export_folder)


def test_an_export_from_before_the_device_was_exported_is_read_as_if_nothing_was_said(small, export_folder):
    edit(export_folder, "participants", lambda frame: frame.drop(columns="device"))
    assert_frame_equal(load(export_folder).participants, small.participants)


def test_an_unknown_file_among_the_data_is_named(export_folder):
    (export_folder / "data" / "notes.csv").write_text("a\n1\n")
    with pytest.raises(ExportError, match=r"notes\.csv is no table"):
        load(export_folder)


def test_two_studies_in_one_folder_are_refused(export_folder):
    shutil.copy(data_file(export_folder, "trials"), export_folder / "data" / "study-other_description-trials_data.csv")
    with pytest.raises(ExportError, match="two files hold trials"):
        load(export_folder)


BAD_VALUES = {
    "rt is a word": ("trials", "rt", "soon", r"column rt: expected a number or nothing .*soon"),
    "flag of 2": ("trials", "is_overflow", "2", r"column is_overflow: expected 0 or 1 .*2 in row 2"),
    "flag missing": ("participants", "completed", "", r"column completed: expected 0 or 1 .*row 2"),
    "count of 1.5": ("trials", "trial_index", "1.5", r"column trial_index: expected a whole number .*1\.5 in row 2"),
    "count missing": ("trials", "trial_index", "", r"column trial_index: expected a whole number"),
    "time is a word": ("trials", "answered_at", "noon", r"column answered_at: expected a UTC time"),
    "id twice": ("trials", "trial_id", "t0000001", "trial_id t0000001 occurs twice"),
    "id missing": ("trials", "trial_id", "", "trial_id is empty in row 2"),
    "stranger": ("trials", "participant_id", "p99999", "participant_id 'p99999' is not known"),
    "unknown kind": ("participants", "observer_kind", "ghost", "observer_kind 'ghost'"),
    "kind of another": ("trials", "observer_kind", "human", "observer_kind is not its participant's"),
    "other definition": ("trials", "definition_sha256", "0" * 64, "definition_sha256"),
    "unknown task": ("trials", "task", "smelling", "task 'smelling'"),
    "unknown method": ("trials", "method", "tea-leaves", "method 'tea-leaves'"),
    "unknown state": ("trials", "state", "lost", "state 'lost'"),
    "answer without answering": ("trials", "state", "open", "answered rows must have a response"),
    "answered without answer": ("trials", "response", "", "answered rows must have a response"),
    "answer that was no option": ("trials", "response", "zebra", "neither category nor foil"),
    "negative time": ("trials", "rt", "-5", "rt is negative"),
    "unknown stimulus": ("trials", "stimulus_id", "nowhere", "stimulus_id 'nowhere'"),
}


@pytest.mark.parametrize(("table", "column", "value", "words"), BAD_VALUES.values(), ids=BAD_VALUES)
def test_an_impossible_value_is_refused_by_name(export_folder, table, column, value, words):
    put(export_folder, table, column, value)
    with pytest.raises(ExportError, match=words):
        load(export_folder)


def test_correct_and_score_must_agree_with_the_response(export_folder, small):
    right = small.trials["correct"].iloc[0]
    put(export_folder, "trials", "correct", str(1 - right))
    with pytest.raises(ExportError, match="correct is not whether"):
        load(export_folder)
    put(export_folder, "trials", "correct", str(right))
    row = int((small.trials["score"].abs() > 0).argmax())
    put(export_folder, "trials", "score", str(-small.trials["score"].iloc[row]), row)
    with pytest.raises(ExportError, match="score is not the response turned towards strong"):
        load(export_folder)


def test_a_definition_changed_after_opening_is_refused(export_folder):
    path = export_folder / "materials" / "definition.json"
    materials = json.loads(path.read_text())
    materials["document"]["analysis"]["confidence"] = 0.9
    path.write_text(json.dumps(materials))
    with pytest.raises(ExportError, match="changed after the study was opened"):
        load(export_folder)


def test_a_contrast_of_a_method_that_the_task_lacks_is_refused(small, tmp_path):
    from dataclasses import replace

    from contracts.hashing import canonical_sha256
    from tests.analysis.exports import write_export

    document = json.loads(json.dumps(small.definition))
    document["analysis"]["contrasts"][0]["a"] = "cam"
    altered = replace(small, definition=document, definition_sha256=canonical_sha256(document))
    with pytest.raises(ExportError, match="cam, no method of seeing"):
        load(write_export(altered, tmp_path / "altered"))


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe\x00", b'trial_id\n"open'], ids=["empty", "not UTF-8", "open quote"]
)
def test_a_file_that_is_no_csv_is_refused(export_folder, content):
    data_file(export_folder, "trials").write_bytes(content)
    with pytest.raises(ExportError, match=r"description-trials_data\.csv"):
        load(export_folder)


def test_a_row_with_too_many_cells_is_refused(export_folder):
    path = data_file(export_folder, "events")
    path.write_text(path.read_text() + "e1,p00000,t0000000,focus,1,2\n")
    with pytest.raises(ExportError, match="description-events"):
        load(export_folder)


def test_a_path_that_is_no_export_is_refused(tmp_path):
    with pytest.raises(ExportError, match="no export at"):
        load(tmp_path / "nothing")
    (tmp_path / "note.txt").write_text("hello")
    with pytest.raises(ExportError, match="neither a folder nor a zip"):
        load(tmp_path / "note.txt")


def test_the_room_needs_no_other_room_and_none_of_their_libraries():
    code = (
        "import sys, analysis.reading.load, analysis.simulation.simulated_study;"
        "print({m.split('.')[0] for m in sys.modules} & {'torch','flask','sqlalchemy','study','stimuli','models'})"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "set()"
