"""Storing one answer: the expected trial only, once, and kept for ever."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import select, update
from sqlalchemy.exc import TimeoutError
from sqlalchemy.orm import Session

from study.config import ParticipantsConfig
from study.database.db import Database
from study.database.driver import Driver, driver_of
from study.database.schema import ANSWERED, MAIN, OPEN, PRACTICE, RELEASED, Item, Participant, Study, Trial
from study.definition import FrozenDefinition
from study.errors import AnswerConflictError, MalformedAnswerError, UnknownError
from study.recruitment.providers import PROVIDERS
from study.security import is_token, new_completion_code
from study.taking_part import answer_statements as statements
from study.taking_part.enrolment import loads, lock_study
from study.tasks.wording import practice_feedback

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


def record_answer(database: Database, token: str, trial_token: str, body: bytes, now: datetime) -> Receipt:
    """Store the answer and renew the participant's lease; with the last one, issue the completion code.

    Committed on return. Raises UnknownError, MalformedAnswerError, AnswerConflictError: then nothing was stored.
    """
    if not (is_token(token) and is_token(trial_token)):
        raise UnknownError("no such trial")
    with database.answering() as driver:
        trial = statements.read(driver, token, trial_token)
        answer = read_answer(body)
        definition = statements.definition(driver, trial)
        _check(answer, trial, definition)
        if trial.state == ANSWERED or (trial.state == OPEN and _store(driver, trial, OPEN, answer, definition, now)):
            return _receipt(trial, answer)
    return _record_alone(database, token, trial_token, answer, definition, now)


def _record_alone(
    database: Database, token: str, trial_token: str, answer: Answer, definition: FrozenDefinition, now: datetime
) -> Receipt:
    """The same where places must be counted, or where somebody changed the trial between our reading and writing.

    Whoever locks both takes the study before the participant. What was read before we waited is read again.
    """
    with database.writing() as session, driver_of(session) as driver:
        mine = Participant.token == token
        lock_study(session, Study.id == select(Participant.study_id).where(mine).scalar_subquery())
        session.execute(select(Participant.id).where(mine).with_for_update())
        trial = statements.read(driver, token, trial_token)
        _check(answer, trial, definition)
        if trial.state != ANSWERED:
            state = OPEN if trial.state == OPEN or _win_back(session, trial) else RELEASED
            if not _store(driver, trial, state, answer, definition, now):
                raise TimeoutError("a locked trial changed; nothing is stored, and nothing may be acknowledged")
            session.commit()
    return _receipt(trial, answer)


def _receipt(trial: Any, answer: Answer) -> Receipt:
    """The same however often the answer is sent: trials are answered in order, so what follows never changes."""
    return Receipt(trial.following, _feedback(trial, answer))


def _check(answer: Answer, trial: Any, definition: FrozenDefinition) -> None:
    if trial.state == ANSWERED:
        if trial.body_sha256 != answer.sha256:
            raise AnswerConflictError("already-answered", trial.expected)
        return
    if answer.response not in trial.option_order:
        raise MalformedAnswerError(f"response: {answer.response!r} is not among the options of this trial")
    if answer.trial_index != trial.position:
        raise MalformedAnswerError(f"trial_index: this is trial {trial.position}, not {answer.trial_index}")
    task = definition.task(trial.task)
    if task.confidence != (answer.confidence is not None):
        raise MalformedAnswerError(f"confidence: this task {'asks' if task.confidence else 'does not ask'} for it")
    if trial.position != trial.expected:
        raise AnswerConflictError("not-expected", trial.expected)


def _win_back(session: Session, trial: Any) -> bool:
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
    session.execute(update(Trial).where(Trial.id.in_(free)).values(state=OPEN))
    return trial.id in free


def _store(driver: Driver, trial: Any, state: str, answer: Answer, definition: FrozenDefinition, now: datetime) -> bool:
    """With the participant's lease; and their completion code, in the same transaction as the last answer."""
    participants, is_last = definition.participants, trial.following is None
    columns = {
        "response": answer.response,
        "rt": answer.rt,
        "time_elapsed": answer.time_elapsed,
        "confidence": answer.confidence,
        "body_sha256": answer.sha256,
        "answered_at": now,
        "is_overflow": state == RELEASED,
        "lease_until": now + timedelta(minutes=participants.lease_minutes),
        "finished_at": now if is_last else None,
        "completion_code": _completion_code(trial, participants) if is_last else None,
    }
    return statements.store(driver, trial, state, columns, [event.model_dump() for event in answer.events])


def _completion_code(trial: Any, participants: ParticipantsConfig) -> str:
    return trial.shared_code if PROVIDERS[participants.provider].shares_code else new_completion_code()


def _feedback(trial: Any, answer: Answer) -> str | None:
    """Only after practice, whose image this participant rates nowhere in the task."""
    if trial.purpose != PRACTICE:
        return None
    truth = None if trial.right_stimulus_id else trial.category
    return practice_feedback(trial.language, truth, answer.response)
