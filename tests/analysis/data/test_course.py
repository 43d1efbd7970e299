"""A study's course is told from its history: what was amended, seen and paused before the end, and after how many answers."""

from dataclasses import replace

import pandas as pd
import pytest

from analysis.data.course import course, shares
from analysis.data.export import ExportError
from analysis.data.history import Amendment, Happening, History
from analysis.reading.load import load
from tests.analysis.courses import OPENED, extended
from tests.analysis.exports import write_export


def at(hours):
    return OPENED + pd.Timedelta(hours=hours)


def by(export, hours, task=None):
    """Counted without the product's code."""
    rows = export.trials if task is None else export.trials[export.trials["task"] == task]
    return int((rows["answered_at"].dropna() <= at(hours)).sum())


def test_an_extension_is_told_with_both_sizes_its_reason_and_the_answers_by_then(small):
    export = extended(small)
    (extension,) = course(export).extensions
    assert (extension.task, extension.before, extension.after) == ("seeing", 64, 96)
    assert (extension.at, extension.reason) == (at(5), "the intervals were too wide")
    assert extension.answers == by(export, 5, "seeing") > 0
    assert shares([extension]) == [64 / 96, 1]
    assert course(export).unplanned("seeing") == (extension,)
    assert course(export).unplanned("trusting") == ()


def test_looks_and_exports_count_only_before_the_planned_ratings_were_in(small):
    whole, part = extended(small), extended(small, share=0.6)
    assert [(look.at, look.answers) for look in course(whole).looks] == [(at(2), by(whole, 2))]
    assert [look.answers for look in course(part).looks] == [by(part, 2), by(part, 10)]


def test_a_pause_is_one_that_answers_followed(small):
    went = course(extended(small, share=0.6))
    assert went.pauses == (at(3),)
    assert [str(what) for what in went.steps["what"]] == [
        "Data exported",
        "Paused: nobody could join",
        "Opened again",
        "Amended, “seeing”: ratings per item 2 → 3",
        "Closed: nobody could join",
        "Data exported",
    ]


def test_an_amendment_of_several_values_without_a_task_is_told_whole(small):
    change = {"limit": [10, 12], "colour": [None, "blue"], "consent.en": ["x" * 61, "y"]}
    sha = small.definition_sha256
    told = course(replace(small, history=History((Amendment(at(5), change, "why", sha, sha),))))
    assert [str(what) for what in told.steps["what"]] == [
        "Amended: participants at most 10 → 12",
        "Amended: colour – → blue",
        "Amended: another text of consent.en (in the export)",
    ]
    assert told.extensions == ()
    assert not told.is_told


def test_the_history_is_read_as_it_was_written(small, tmp_path):
    export = extended(small)
    assert load(write_export(export, tmp_path / "export")).history == export.history
    assert load(write_export(small, tmp_path / "earlier")).history == History()


@pytest.mark.parametrize(("wrong", "words"), [('"party"', "party is not known"), ('"export", "at": "soon"', "soon")])
def test_a_history_that_cannot_be_is_refused(small, tmp_path, wrong, words):
    history = History((), (Happening(at(0), "export"),), is_told=True)
    folder = write_export(replace(small, history=history), tmp_path / "export")
    path = folder / "materials" / "history.json"
    path.write_text(path.read_text().replace('"export"', wrong, 1))
    with pytest.raises(ExportError, match=rf"materials/history\.json.*{words}"):
        load(folder)
