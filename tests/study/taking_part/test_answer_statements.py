"""The statement that stores an answer on PostgreSQL, by its text; make test runs it there."""

import pytest
from sqlalchemy.dialects import postgresql, sqlite

from study.database.schema import Trial
from study.taking_part import answer_statements


def sql(statement, dialect):
    return " ".join(str(statement.compile(dialect=dialect)).split())


LOCKED = (
    "WITH locked AS (SELECT participant.id AS id FROM participant WHERE participant.id = %(participant_id)s::INTEGER"
    " FOR NO KEY UPDATE), answered AS (UPDATE trial SET state=%(state)s::VARCHAR,"
    " questions_answered=%(questions_answered)s::INTEGER, is_overflow=%(is_overflow)s FROM locked"
    " WHERE trial.id = %(trial_id)s::INTEGER AND trial.state = %(seen)s::VARCHAR"
    " AND trial.questions_answered = %(seen_answered)s::INTEGER AND trial.participant_id = locked.id"
    " RETURNING trial.id, trial.participant_id),"
)
KEPT = (
    " kept AS (INSERT INTO response (trial_id, question, response, rt, rt_missing, time_elapsed, body_sha256, answered_at)"
    " SELECT answered.id AS id, %(question)s::VARCHAR AS anon_1, %(response)s::VARCHAR AS anon_2, %(rt)s AS anon_3,"
    " %(rt_missing)s::VARCHAR AS anon_4, %(time_elapsed)s AS anon_5, %(body_sha256)s::VARCHAR AS anon_6,"
    " %(answered_at)s::TIMESTAMP WITH TIME ZONE AS anon_7 FROM answered)"
)
NOTICED = (
    ", noticed AS (INSERT INTO event (trial_id, event, time) SELECT answered.id AS id, anon_8.event AS event,"
    " anon_8.time AS time FROM answered,"
    " json_to_recordset(%(events)s::JSON) AS anon_8(event VARCHAR, time FLOAT))"
)
RENEWED = (
    " UPDATE participant SET lease_until=%(lease_until)s::TIMESTAMP WITH TIME ZONE{finished},"
    " answers_chain=%(answers_chain)s::VARCHAR"
    " FROM answered WHERE participant.id = %(participant_id)s::INTEGER AND participant.id = answered.participant_id"
)


FINISHED = (
    ", finished_at=%(finished_at)s::TIMESTAMP WITH TIME ZONE, completion_code=%(completion_code)s::VARCHAR",
    "",
)


@pytest.mark.parametrize("is_last", [False, True])
@pytest.mark.parametrize("with_events", [False, True])
def test_one_statement_locks_answers_keeps_and_renews(with_events, is_last):
    """As PostgreSQL gets it; make test runs it there."""
    parts = LOCKED + KEPT + (NOTICED if with_events else "") + RENEWED.format(finished=FINISHED[not is_last])
    renew = answer_statements._FINISH if is_last else answer_statements._RENEW
    # As it was built while the module was loaded, and anew, so that a change of the function shows as well.
    for statement in (answer_statements._STORE[is_last, with_events], answer_statements._at_once(renew, with_events)):
        assert sql(statement, postgresql.dialect(paramstyle="pyformat")) == parts


class Recorder:
    """A driver that only notes what it is to run."""

    def __init__(self, name, changed):
        self.dialect, self.changed, self.ran = {"postgresql": postgresql, "sqlite": sqlite}[name].dialect(), changed, []

    def change(self, statement, **values):
        self.ran.append((statement, values))
        return self.changed


@pytest.mark.parametrize("finished_at", [None, "now"])
@pytest.mark.parametrize(("events", "with_events"), [([], False), ([{"event": "blur", "time": 1.0}], True)])
@pytest.mark.parametrize(("changed", "stored"), [(1, True), (0, False)])
def test_an_answer_is_stored_by_that_statement_alone_and_it_says_whether_it_was(
    events, with_events, changed, stored, finished_at
):
    driver = Recorder("postgresql", changed)
    trial = Trial(id=5, participant_id=6, questions_answered=1)
    columns = {"response": "dog", "finished_at": finished_at}
    assert answer_statements.store(driver, trial, "open", dict(columns), events) is stored
    ((statement, values),) = driver.ran
    assert statement is answer_statements._STORE[finished_at is not None, with_events]
    expected = columns | {"trial_id": 5, "participant_id": 6, "seen": "open", "seen_answered": 1}
    assert values == expected | ({"events": events} if with_events else {})
