"""Storing one answer: the expected trial only, once, and kept for ever."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import Connection, Row, Text, bindparam, cast, func, insert, select, update
from sqlalchemy.orm import Session

from study.config import ParticipantsConfig, TaskConfig
from study.definition import definition_from_json
from study.enrolment import loads, lock_study
from study.errors import AnswerConflictError, MalformedAnswerError, UnknownError
from study.recruitment.providers import PROVIDERS
from study.schema import ANSWERED, MAIN, OPEN, PRACTICE, RELEASED, Event, Item, Participant, Response, Study, Trial
from study.security import is_token, new_completion_code
from study.wording import practice_feedback

Milliseconds = Annotated[float, Field(ge=0, le=1e10)]


class BrowserEvent(BaseModel):
    """Something that happened to the page during a trial."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    event: Annotated[str, Field(pattern=r"^[a-z][a-z-]{0,31}$")]
    time: Milliseconds


class Answer(BaseModel):
    """The JSON that the browser posts."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    response: Annotated[str, Field(max_length=64)]
    rt: Milliseconds | None
    time_elapsed: Milliseconds
    trial_index: Annotated[int, Field(ge=0)]
    confidence: Annotated[int, Field(ge=1, le=4)] | None = None
    events: Annotated[tuple[BrowserEvent, ...], Field(max_length=500)] = ()

    @property
    def sha256(self) -> str:
        """The same for the same answer, however its JSON was spaced and ordered."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


@dataclass(frozen=True)
class Receipt:
    """What the participant is told after an answer."""

    next_index: int | None
    feedback: str | None = None  # after practice

    @property
    def done(self) -> bool:
        return self.next_index is None


def read_answer(body: bytes) -> Answer:
    """Raises MalformedAnswerError, naming the field."""
    try:
        return Answer.model_validate_json(body, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "body"
        raise MalformedAnswerError(f"{where}: {first['msg']}") from None


def record_answer(session: Session, token: str, trial_token: str, body: bytes, now: datetime) -> Receipt:
    """Store the answer and renew the participant's lease; with the last one, issue the completion code.

    The caller commits. Raises UnknownError, MalformedAnswerError, AnswerConflictError.
    """
    if not (is_token(token) and is_token(trial_token)):
        raise UnknownError("no such trial")
    connection, trial = _lock(session, token, trial_token)
    answer = read_answer(body)
    if trial.state == ANSWERED:
        if trial.body_sha256 != answer.sha256:
            raise AnswerConflictError("already-answered", trial.expected)
        return Receipt(trial.expected, _feedback(trial, answer))
    definition = definition_from_json(trial.document)
    _check_possible(answer, trial, definition.task(trial.task))
    if trial.position != trial.expected:
        raise AnswerConflictError("not-expected", trial.expected)
    is_overflow = trial.state == RELEASED and not _win_back(session, trial)
    _store(connection, trial.id, answer, is_overflow, now)
    _renew(connection, trial, definition.participants, now)
    return Receipt(trial.following, _feedback(trial, answer))


def _lock(session: Session, token: str, trial_token: str) -> tuple[Connection, Row]:
    """Lock the participant, and before that the study where places must be counted; read the trial afterwards.

    Whoever locks both takes the study first. Whether the trial was released is known for certain only when its
    participant is locked, so we then begin again with the study. While we hold the participant nobody releases it.
    """
    connection = session.connection()
    trial = _read(connection, token, trial_token)
    if trial.state == RELEASED:
        session.rollback()
        lock_study(session, Study.id == trial.study_id)
        connection = session.connection()
        trial = _read(connection, token, trial_token)
    return connection, trial


def _read(connection: Connection, token: str, trial_token: str) -> Row:
    """The row of _TRIAL, its participant locked. A second statement, because it sees what the first had to wait for."""
    if connection.dialect.name == "postgresql":  # SQLite's writers are alone from the beginning: study/db.py
        connection.execute(_LOCK_PARTICIPANT, {"token": token})
    trial = connection.execute(_TRIAL, {"token": token, "trial_token": trial_token}).one_or_none()
    if trial is None:
        raise UnknownError("no such trial")
    return trial


def _check_possible(answer: Answer, trial: Row, task: TaskConfig) -> None:
    if answer.response not in trial.option_order:
        raise MalformedAnswerError(f"response: {answer.response!r} is not among the options of this trial")
    if answer.trial_index != trial.position:
        raise MalformedAnswerError(f"trial_index: this is trial {trial.position}, not {answer.trial_index}")
    if task.confidence != (answer.confidence is not None):
        raise MalformedAnswerError(f"confidence: this task {'asks' if task.confidence else 'does not ask'} for it")


def _win_back(session: Session, trial: Row) -> bool:
    """Reopen those of a late participant's released trials whose places nobody else took; whether `trial` is one.

    The study is locked.
    """
    load = loads(session, trial.study_id, trial.observer_kind)
    released = session.execute(
        select(Trial.id, Trial.item_id, Trial.purpose, Item.ratings_wanted)
        .join(Item, Trial.item_id == Item.id)
        .where(Trial.participant_id == trial.participant_id, Trial.state == RELEASED)
    )
    free = [
        place.id for place in released if place.purpose != MAIN or load.get(place.item_id, 0) < place.ratings_wanted
    ]
    session.execute(update(_trial).where(_trial.c.id.in_(free)).values(state=OPEN))
    return trial.id in free


def _store(connection: Connection, trial_id: int, answer: Answer, is_overflow: bool, now: datetime) -> None:
    response = {
        "trial_id": trial_id,
        "response": answer.response,
        "rt": answer.rt,
        "time_elapsed": answer.time_elapsed,
        "confidence": answer.confidence,
        "body_sha256": answer.sha256,
        "answered_at": now,
    }
    connection.execute(_INSERT_RESPONSE, response)
    connection.execute(_UPDATE_TRIAL, {"this": trial_id, "state": ANSWERED, "is_overflow": is_overflow})
    if answer.events:
        connection.execute(_INSERT_EVENT, [{"trial_id": trial_id, **event.model_dump()} for event in answer.events])


def _renew(connection: Connection, trial: Row, config: ParticipantsConfig, now: datetime) -> None:
    """The participant's lease; and their completion code, in the same transaction as the last answer."""
    changes: dict[str, Any] = {"lease_until": now + timedelta(minutes=config.lease_minutes)}
    if trial.following is None:
        is_shared = PROVIDERS[config.provider].shares_code
        changes |= {"finished_at": now, "completion_code": trial.shared_code if is_shared else new_completion_code()}
    connection.execute(_UPDATE_PARTICIPANT, {"this": trial.participant_id} | changes)


def _feedback(trial: Row, answer: Answer) -> str | None:
    """Only after practice, whose image this participant rates nowhere in the task."""
    if trial.purpose != PRACTICE:
        return None
    truth = None if trial.right_stimulus_id else trial.category
    return practice_feedback(trial.language, truth, answer.response)


# The statements of every answer: built once, so that SQLAlchemy finds what it compiled the first time, and of tables
# instead of classes, so that nothing is tracked.
_study, _participant, _item, _trial = (table.__table__ for table in (Study, Participant, Item, Trial))
_response, _event = Response.__table__, Event.__table__

_LOCK_PARTICIPANT = select(_participant.c.id).where(_participant.c.token == bindparam("token")).with_for_update()

_other = _trial.alias()
_unanswered = select(func.min(_other.c.position)).where(
    _other.c.participant_id == _trial.c.participant_id, _other.c.state != ANSWERED
)
_TRIAL = (
    select(
        _trial.c["id", "participant_id", "position", "task", "state", "purpose", "option_order", "right_stimulus_id"],
        _participant.c["study_id", "language", "observer_kind"],
        _item.c.category,
        _study.c.completion_code.label("shared_code"),
        cast(_study.c.document, Text).label("document"),
        _response.c.body_sha256,  # None: not answered
        _unanswered.scalar_subquery().label("expected"),
        _unanswered.where(_other.c.position > _trial.c.position).scalar_subquery().label("following"),
    )
    .select_from(_trial.join(_participant).join(_item).join(_study, _participant.c.study_id == _study.c.id))
    .outerjoin(_response)
    .where(_participant.c.token == bindparam("token"), _trial.c.trial_token == bindparam("trial_token"))
)
_INSERT_RESPONSE, _INSERT_EVENT = insert(_response), insert(_event)
_UPDATE_TRIAL = update(_trial).where(_trial.c.id == bindparam("this"))
_UPDATE_PARTICIPANT = update(_participant).where(_participant.c.id == bindparam("this"))
