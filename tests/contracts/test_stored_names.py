"""Names and lengths that databases and exports hold are the same on every side that writes or reads them."""

import re

import pytest
from sqlalchemy import CheckConstraint, create_engine, inspect

from analysis.data.course import BREAKS, LOOKS
from contracts.export import HAPPENINGS, RT_MISSING, TRIALS, WHY_TURNED_AWAY
from contracts.observers import FAMILIES
from contracts.questionnaires import ITEM_KINDS, MAX_ANSWER
from study.conduct import changes
from study.database.db import upgrade
from study.database.schema import Base, QuestionnaireAnswer, Response


@pytest.fixture(scope="module")
def allowed(tmp_path_factory):
    """(table, column) → the values that a database accepts, as the migrations made it."""
    url = f"sqlite:///{tmp_path_factory.mktemp('names') / 'discern.db'}"
    upgrade(url)
    engine = create_engine(url)
    found = {
        (table, constraint["sqltext"].split()[0]): set(re.findall(r"'([^']+)'", constraint["sqltext"]))
        for table in Base.metadata.tables
        for constraint in inspect(engine).get_check_constraints(table)
        if " IN (" in constraint["sqltext"]
    }
    engine.dispose()
    return found


def test_the_code_stores_the_names_that_migrated_databases_accept(allowed):
    stored = {
        (name, str(constraint.sqltext).split()[0]): set(re.findall(r"'([^']+)'", str(constraint.sqltext)))
        for name, table in Base.metadata.tables.items()
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint) and " IN (" in str(constraint.sqltext)
    }
    assert stored == allowed


@pytest.mark.parametrize("column", ["purpose", "state"])
def test_the_export_knows_each_value_of_a_trial_in_the_database_and_no_other(allowed, column):
    assert set(TRIALS[column].values) == allowed["trial", column]


def test_reasons_and_observers_are_those_of_the_database(allowed):
    assert set(WHY_TURNED_AWAY) == allowed["turned_away", "why"]
    assert set(FAMILIES) == allowed["participant", "observer_kind"]


def test_the_history_of_an_export_is_what_the_audit_log_has_words_for_and_the_report_tells():
    """Not what was done to one person's data; who withdrew stays unknown."""
    of_people = {name for name in changes._WORDS if "participant" in name or "ids" in name or "turned-away" in name}
    of_researchers = {"study-shared", "sharing-ended", "export-begun"}
    assert set(HAPPENINGS) == changes._WORDS.keys() - (of_people - {"participant-excluded"}) - of_researchers
    assert {*LOOKS, *BREAKS} <= set(HAPPENINGS)


def test_answers_fit_their_columns():
    columns = inspect(Response).columns
    assert all(len(why) <= columns["rt_missing"].type.length for why in RT_MISSING)
    longest = inspect(QuestionnaireAnswer).columns["answer"].type.length
    assert max(kind.longest for kind in ITEM_KINDS.values()) == MAX_ANSWER == longest
