"""The statements of every answer: one that reads all its check needs, and one (on SQLite three) that store it.

On PostgreSQL nothing is locked for reading. The storing statement locks the participant, as a release of trials
does, and stores nothing unless the trial still is as it was read. SQLite's writers are alone from the beginning.
"""

from datetime import datetime
from typing import Any, cast

from sqlalchemy import (
    JSON,
    BindParameter,
    Column,
    Float,
    String,
    Table,
    Update,
    bindparam,
    func,
    insert,
    select,
    update,
)

from contracts.tasks import RESPONSE
from study.database.driver import Driver
from study.database.schema import ANSWERED, Event, Item, Participant, Response, Study, Trial
from study.definition import FrozenDefinition, definition_of
from study.errors import UnknownError

_study, _participant, _item, _trial, _response, _event = (
    cast(Table, rows.__table__) for rows in (Study, Participant, Item, Trial, Response, Event)
)
_definitions: dict[str, FrozenDefinition] = {}  # by SHA-256, so never out of date


def read(driver: Driver, token: str, trial_token: str, question: str) -> Any:
    """The trial with all that decides about an answer to this question of it: `_TRIAL`. Raises UnknownError."""
    trial = driver.row(_TRIAL, token=token, trial_token=trial_token, question=question)
    if trial is None:
        raise UnknownError("no such trial")
    return trial


def definition(driver: Driver, trial: Any) -> FrozenDefinition:
    """The trial's study, as it is defined at present: it may have been extended since the trial was read."""
    known = _definitions.get(trial.definition_sha256)
    if known is None:
        study = driver.row(_DEFINITION, study_id=trial.study_id)
        known = _definitions[study.definition_sha256] = definition_of(study.document)
    return known


def first_answer(driver: Driver, trial: Any) -> str:
    """The answer to the trial's first question."""
    return driver.row(_FIRST_ANSWER, trial_id=trial.id).response


def last_answer_at(driver: Driver, trial: Any) -> datetime | None:
    """When the participant's newest answer was stored; None: they have given none."""
    return driver.row(_LAST_ANSWER_AT, participant_id=trial.participant_id).at


def store(driver: Driver, trial: Any, seen: str, columns: dict[str, Any], events: list[dict[str, Any]]) -> bool:
    """Store the answer, unless the trial is no longer as it was `seen`; whether it was stored."""
    columns |= {"trial_id": trial.id, "participant_id": trial.participant_id}
    columns |= {"seen": seen, "seen_answered": trial.questions_answered}
    is_last = columns["finished_at"] is not None
    if driver.dialect.name == "postgresql":
        given = columns | {"events": events} if events else columns
        return driver.change(_STORE[is_last, bool(events)], **given) == 1
    if not driver.change(_ANSWER_TRIAL, **columns):
        return False
    driver.change(_INSERT_RESPONSE, **columns)
    driver.change(_FINISH if is_last else _RENEW, **columns)
    for event in events:
        driver.change(_INSERT_EVENT, trial_id=trial.id, **event)
    return True


_other = _trial.alias()
_first = select(func.min(_other.c.position)).where(_other.c.participant_id == _trial.c.participant_id)
_TRIAL = (
    select(
        *_trial.c["id", "participant_id", "position", "task", "state", "purpose", "option_order", "questions_answered"],
        *_trial.c["left_image_token", "right_image_token"],
        *_participant.c["study_id", "language", "observer_kind", "stopped_at", "answers_chain"],
        *_item.c["category", "foil", "condition"],
        _study.c.completion_code.label("shared_code"),
        _study.c.definition_sha256,
        _response.c.body_sha256,  # None: this question is not answered
        _first.where(_other.c.state != ANSWERED).scalar_subquery().label("expected"),
        _first.where(_other.c.position > _trial.c.position).scalar_subquery().label("following"),
    )
    .select_from(_trial.join(_participant).join(_item).join(_study, _participant.c.study_id == _study.c.id))
    .outerjoin(_response, (_response.c.trial_id == _trial.c.id) & (_response.c.question == bindparam("question")))
    .where(_participant.c.token == bindparam("token"), _trial.c.trial_token == bindparam("trial_token"))
)
_FIRST_ANSWER = select(_response.c.response).where(
    _response.c.trial_id == bindparam("trial_id"), _response.c.question == RESPONSE
)
_LAST_ANSWER_AT = (
    select(func.max(_response.c.answered_at, type_=_response.c.answered_at.type).label("at"))
    .select_from(_response.join(_trial))
    .where(_trial.c.participant_id == bindparam("participant_id"))
)
_DEFINITION = select(_study.c.definition_sha256, _study.c.document).where(_study.c.id == bindparam("study_id"))


def _given(table: Table, *names: str) -> dict[str, BindParameter[Any]]:
    return {name: bindparam(name, type_=table.c[name].type) for name in names}


_person, _this = _participant.c.id == bindparam("participant_id"), _trial.c.id == bindparam("trial_id")
_ANSWER_TRIAL = (
    update(_trial)
    .where(_this, _trial.c.state == bindparam("seen"), _trial.c.questions_answered == bindparam("seen_answered"))
    .values(_given(_trial, "state", "questions_answered", "is_overflow"))
)
# `finished_at` decides about an entry of an index, which SQLite would write anew at every answer.
_RENEW = update(_participant).where(_person).values(_given(_participant, "lease_until", "answers_chain"))
_FINISH = _RENEW.values(_given(_participant, "finished_at", "completion_code"))
_INSERT_RESPONSE, _INSERT_EVENT = insert(_response), insert(_event).values(_given(_event, "trial_id", "event", "time"))


def _at_once(renew: Update, with_events: bool) -> Update:
    """All of it for PostgreSQL, each part from the rows of the one before: first the lock, then the trial."""
    locked = select(_participant.c.id).where(_person).with_for_update(key_share=True).cte("locked")
    answered = (
        _ANSWER_TRIAL.where(_trial.c.participant_id == locked.c.id)
        .returning(_trial.c.id, _trial.c.participant_id)
        .cte("answered")
    )
    given = _given(_response, "question", "response", "rt", "rt_missing", "time_elapsed", "body_sha256", "answered_at")
    parts = [insert(_response).from_select(["trial_id", *given], select(answered.c.id, *given.values())).cte("kept")]
    if with_events:
        read = func.json_to_recordset(bindparam("events", type_=JSON))
        each = read.table_valued(Column("event", String), Column("time", Float)).render_derived(with_types=True)
        noticed = select(answered.c.id, each.c.event, each.c.time)
        parts.append(insert(_event).from_select(["trial_id", "event", "time"], noticed).cte("noticed"))
    return renew.where(_participant.c.id == answered.c.participant_id).add_cte(*parts)


# By whether it is the last answer, and whether the browser noticed something.
_STORE = {
    (is_last, with_events): _at_once(renew, with_events)
    for is_last, renew in ((False, _RENEW), (True, _FINISH))
    for with_events in (False, True)
}
