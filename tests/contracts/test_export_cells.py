"""Which cells of an export may be empty, which numbers they may hold, and which columns earlier exports lacked."""

import json
from pathlib import Path

import pandas as pd
import pytest

from analysis.data.export import ExportError
from analysis.data.table_files import conform
from contracts.export import TABLES

EARLIER = Path(__file__).parents[1] / "study" / "database" / "earlier"
TEXTS = {"text": "x", "time": "2026-01-31T09:30:00Z", "count": 1, "flag": 1, "number": 1.0}

# What rows are joined, grouped or told apart by, so that an empty cell would drop or mix answers.
GROUPS = {
    "participants": ("participant_id", "observer_kind", "definition_sha256"),
    "trials": (
        *("trial_id", "participant_id", "observer_kind", "definition_sha256", "task", "purpose", "trial_type"),
        *("item_id", "image_id", "category", "method", "option_order", "state"),
    ),
    "answers": ("answer_id", "trial_id", "participant_id", "question"),
    "stimuli": ("tasks", "image_id", "category", "method"),
    "events": ("event_id", "participant_id", "event"),
    "questionnaire": ("item_answer_id", "participant_id", "observer_kind", "questionnaire", "item", "kind"),
    "metrics": ("metric_value_id", "stimulus_id", "metric"),
}
YES_OR_NO = [("participants", "comprehension"), ("trials", "correct"), ("stimuli", "is_correct")]
SHARES = [("trials", "network_confidence"), ("stimuli", "probability")]
TIMES = [
    *(("trials", "rt"), ("trials", "time_elapsed"), ("answers", "rt"), ("answers", "time_elapsed")),
    *(("events", "time"), ("questionnaire", "time_on_page")),
]
NUMBERS_OF_CHECKS = [("participants", "attention_checks"), ("participants", "attention_checks_passed")]
SCALES = [("trials", "score"), ("stimuli", "logit"), ("metrics", "value"), ("questionnaire", "value")]
MAY_BE = {
    **dict.fromkeys(YES_OR_NO, ((0, 1), (-1, 0.5, 2))),
    **dict.fromkeys(SHARES, ((0, 0.5, 1), (-0.01, 1.01))),
    **dict.fromkeys(TIMES, ((0, 0.5, 4e6), (-0.01,))),
    **dict.fromkeys(NUMBERS_OF_CHECKS, ((0, 1, 40), (-1, 0.5))),
    **dict.fromkeys(SCALES, ((-4.5, 0, 11), ())),
}


def read(table, column, cell):
    """One row whose other cells all hold something."""
    row = {name: (of.values or (TEXTS[of.type],))[0] for name, of in TABLES[table].items()}
    return conform(pd.DataFrame([row | {column: cell}]), table)[column].iloc[0]


@pytest.mark.parametrize(("table", "column"), [(t, c) for t, columns in GROUPS.items() for c in columns])
def test_a_row_without_what_it_is_grouped_by_is_refused(table, column):
    with pytest.raises(ExportError, match=f"column {column}: expected .* in every row"):
        read(table, column, None)


@pytest.mark.parametrize(("table", "column"), MAY_BE)
def test_numbers_may_be_empty_and_are_within_what_they_measure(table, column):
    possible, impossible = MAY_BE[table, column]
    assert [read(table, column, number) for number in possible] == list(possible)
    assert pd.isna(read(table, column, float("nan")))
    for number in impossible:
        with pytest.raises(ExportError, match=f"column {column}: expected"):
            read(table, column, number)


def test_each_column_of_numbers_is_tested_here():
    numbers = {(t, c) for t, columns in TABLES.items() for c, of in columns.items() if of.type == "number"}
    assert numbers - {("trials", "confidence")} == MAY_BE.keys()


def first_stored(table, column):
    """The version of the database whose rows first had it; None where it is no column there."""
    of = {"participants": ("participant",), "trials": ("trial", "item", "response"), "answers": ("response",)}
    for file in sorted(EARLIER.glob("*.json")):
        found = json.loads(file.read_text(encoding="utf-8"))
        if any(column in row for name in of.get(table, ("stimulus",)) for row in found.get(name, ())):
            return int(file.stem)
    return None


@pytest.mark.parametrize("table", ["participants", "trials", "answers", "stimuli"])
def test_exports_of_the_first_version_lack_what_databases_only_stored_later(table):
    """The oracle: rows that earlier versions wrote. The first exports had what version 7 stored, but for the device."""
    for column, of in TABLES[table].items():
        version = first_stored(table, column)
        if version and column != "device":
            assert of.is_new == (version > 7), column
