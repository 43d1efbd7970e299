"""An export is read whole and typed, or refused with the name of what is wrong."""

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

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
    "rt is a word": ("trials", "rt", "soon", r"column rt: expected a finite number from 0, or nothing .*soon"),
    "rt without end": ("trials", "rt", "inf", r"column rt: expected a finite number .*inf in row 2"),
    "negative time": ("trials", "rt", "-5", r"column rt: .*-5\.0 in row 2"),
    "flag of 2": ("trials", "is_overflow", "2", r"column is_overflow: expected 0 or 1 .*2 in row 2"),
    "flag missing": ("participants", "completed", "", r"column completed: expected 0 or 1 .*row 2"),
    "count of 1.5": ("trials", "trial_index", "1.5", r"column trial_index: expected a whole number .*1\.5 in row 2"),
    "count missing": ("trials", "trial_index", "", r"column trial_index: expected a whole number .*empty in row 2"),
    "count below 0": ("trials", "trial_index", "-1", r"column trial_index: expected a whole number .*-1 in row 2"),
    "count without end": ("trials", "trial_index", "9" * 30, r"column trial_index: expected a whole number .*row 2"),
    "count of 20 digits": ("participants", "trials_planned", "1" + "8" * 19, r"column trials_planned: .*row 2"),
    "time is a word": ("trials", "answered_at", "noon", r"column answered_at: expected a UTC time"),
    "id twice": ("trials", "trial_id", "t0000001", "trial_id t0000001 occurs twice"),
    "id missing": ("trials", "trial_id", "", r"column trial_id: expected text in every row \(empty in row 2\)"),
    "stranger": ("trials", "participant_id", "p99999", "participant_id 'p99999' is not known"),
    "unknown kind": ("participants", "observer_kind", "ghost", "observer_kind 'ghost'"),
    "kind of another": ("trials", "observer_kind", "human", "observer_kind is not its participant's"),
    "other definition": ("trials", "definition_sha256", "0" * 64, "definition_sha256"),
    "unknown task": ("trials", "task", "smelling", "task 'smelling'"),
    "unknown method": ("trials", "method", "tea-leaves", "method 'tea-leaves'"),
    "unknown network": ("trials", "network", "gpt", "network 'gpt'"),
    "no network": ("trials", "network", "", "network is empty"),
    "no image": ("trials", "image_id", "", r"column image_id: expected text in every row \(empty in row 2\)"),
    "no item": ("trials", "item_id", "", r"column item_id: expected text in every row \(empty in row 2\)"),
    "unknown state": ("trials", "state", "lost", "column state: expected answered or open or released .*lost in row 2"),
    "unknown purpose": ("trials", "purpose", "fun", "column purpose: expected main or .*fun in row 2"),
    "answer without answering": ("trials", "state", "open", "answered rows must have a response"),
    "answered without answer": ("trials", "response", "", "answered rows must have a response"),
    "answer that was no option": ("trials", "response", "zebra", "neither category nor foil"),
    "unknown stimulus": ("trials", "stimulus_id", "nowhere", "stimulus_id 'nowhere'"),
    "another method": ("trials", "method", "guided-backprop", "method is not that of its stimulus_id"),
    "another image": ("trials", "image_id", "image00007", "image_id is not that of its stimulus_id"),
    "another item": ("trials", "item_id", "mine", "its item has another item_id too"),
    "a picture of another": ("stimuli", "method", "grad-cam", "method is not that of its .*stimulus_id"),
    "no stimulus": ("trials", "stimulus_id", "", "stimulus_id is empty"),
    "confidence of 7": ("trials", "confidence", "7", r"column confidence: expected a whole number from 1 to 4, or .*7"),
    "confidence of 2.5": ("trials", "confidence", "2.5", r"column confidence: expected a whole number from 1 to 4"),
    "correct of 2": ("trials", "correct", "2", r"column correct: expected a whole number from 0 to 1"),
    "no options": ("trials", "option_order", "", r"column option_order: expected text in every row"),
    "options of another": ("trials", "option_order", "cat;zebra", "option_order is not the options in some order"),
    "one option": ("trials", "option_order", "cat", "option_order is not the options in some order"),
    "more answers than trials": ("participants", "trials_answered", "99", "trials_answered is more than trials_plan"),
    "more passes than checks": ("participants", "attention_checks_passed", "1", "passed is more than attention_checks"),
    "comprehension of 2": ("participants", "comprehension", "2", "column comprehension: expected a whole number"),
    "probability of 2": ("stimuli", "probability", "2", "column probability: expected a finite number from 0 to 1"),
}


@pytest.mark.parametrize(("table", "column", "value", "words"), BAD_VALUES.values(), ids=BAD_VALUES)
def test_an_impossible_value_is_refused_by_name(export_folder, table, column, value, words):
    put(export_folder, table, column, value)
    with pytest.raises(ExportError, match=words):
        load(export_folder)


@pytest.mark.parametrize(("column", "why"), [("trial_id", "trial_id"), ("trial_index", "trial_index"), ("", "item_id")])
def test_rows_that_were_pasted_twice_are_refused(export_folder, column, why):
    """Also under another trial_id, and at another place of the session."""

    def change(frame):
        copy = frame.iloc[[0]].copy()
        if column != "trial_id":
            copy["trial_id"] = "t9999999"
        if column != "trial_index" and column != "trial_id":
            copy["trial_index"] = "999"
        return pd.concat([frame, copy])

    edit(export_folder, "trials", change)
    with pytest.raises(ExportError, match=f"{why}.* twice"):
        load(export_folder)


def test_sides_that_were_exchanged_are_refused(export_folder, small):
    """Consistently with the score, which alone would pass."""
    row = int((small.trials["task"] == "trusting").to_numpy().argmax())

    def change(frame):
        sides = ["left_network", "right_network"]
        frame.loc[row, sides] = frame.loc[row, sides[::-1]].to_numpy()
        frame.loc[row, "score"] = str(-float(frame.loc[row, "score"]))
        return frame

    edit(export_folder, "trials", change)
    with pytest.raises(ExportError, match="left_network is not that of its left_stimulus_id"):
        load(export_folder)


def test_a_score_beyond_the_scale_is_refused(export_folder, small):
    row = int((small.trials["task"] == "trusting").to_numpy().argmax())
    put(export_folder, "trials", "score", "9", row)
    with pytest.raises(ExportError, match="score is not -2 to 2"):
        load(export_folder)


@pytest.mark.parametrize("zipped", [False, True])
def test_what_a_desktop_leaves_in_a_folder_is_ignored(export_folder, tmp_path, zipped):
    before = load(export_folder).trials
    for folder in (export_folder, export_folder / "data"):
        for name in (".DS_Store", "Thumbs.db", "desktop.ini", "._trials_data.csv"):
            (folder / name).write_bytes(b"\0")
    (export_folder / "__MACOSX").mkdir()
    if zipped:  # as a desktop zips a folder: one level down, with its own files beside it
        base = tmp_path / "outer"
        shutil.move(export_folder, base / "export")
        (base / ".DS_Store").write_bytes(b"\0")
        (base / "__MACOSX").mkdir()
    read = shutil.make_archive(tmp_path / "z", "zip", tmp_path / "outer") if zipped else export_folder
    assert_frame_equal(load(read).trials, before)


def zipped(export_folder, tmp_path):
    return Path(shutil.make_archive(tmp_path / "whole", "zip", export_folder))


def test_a_damaged_zip_is_refused(export_folder, tmp_path):
    archive = zipped(export_folder, tmp_path)
    content = archive.read_bytes()
    archive.write_bytes(content[: len(content) // 2])
    with pytest.raises(ExportError, match="is damaged and cannot be unpacked"):
        load(archive)
    place = content.index(b"trials_data.csv") + 200  # inside its packed content
    archive.write_bytes(content[:place] + bytes(50) + content[place + 50 :])
    with pytest.raises(ExportError, match="is damaged and cannot be unpacked"):
        load(archive)


def test_an_encrypted_zip_is_refused(export_folder, tmp_path):
    """The flag is set by hand, because Python writes no encrypted zips."""
    archive = zipped(export_folder, tmp_path)
    content = bytearray(archive.read_bytes())
    entry = content.index(b"PK\x01\x02")
    content[entry + 8] |= 1
    archive.write_bytes(content)
    with pytest.raises(ExportError, match=r"is encrypted .*give the folder"):
        load(archive)


def test_a_zip_bomb_is_refused_with_its_size(export_folder, tmp_path):
    archive = zipped(export_folder, tmp_path)
    with zipfile.ZipFile(archive, "a", zipfile.ZIP_DEFLATED) as adding, adding.open("data/bomb", "w") as member:
        for _ in range(120):
            member.write(bytes(1_000_000))
    with pytest.raises(ExportError, match=r"would grow from \d+ kB to 120 MB when unpacked"):
        load(archive)


def test_nesting_without_end_is_no_traceback(export_folder):
    (export_folder / "materials" / "provenance.json").write_text("[" * 100_000)
    with pytest.raises(ExportError, match=r"provenance\.json is not valid JSON"):
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
