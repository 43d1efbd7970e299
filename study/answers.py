"""Storing one answer: the expected trial only, once, and kept for ever."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from study.config import TaskConfig
from study.definition import frozen_definition
from study.enrolment import loads, lock_study
from study.errors import AnswerConflictError, MalformedAnswerError, UnknownError
from study.participation import next_index
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

    Raises UnknownError, MalformedAnswerError, AnswerConflictError.
    """
    if not (is_token(token) and is_token(trial_token)):
        raise UnknownError("no such trial")
    participant, trial = _lock(session, token, trial_token)
    answer = read_answer(body)
    stored = session.get(Response, trial.id)
    following = next_index(session, participant.id)
    if stored:
        if stored.body_sha256 != answer.sha256:
            raise AnswerConflictError("already-answered", following)
        return Receipt(following, _feedback(participant, trial, stored.response))
    _check_possible(answer, trial, frozen_definition(participant.study).task(trial.task))
    if trial.position != following:
        raise AnswerConflictError("not-expected", following)
    if trial.state == RELEASED:
        _win_back(session, participant)
    return _store(session, participant, trial, answer, now)


def _lock(session: Session, token: str, trial_token: str) -> tuple[Participant, Trial]:
    """Lock the participant, and before that the study where places must be counted; read the trial afterwards.

    Joining locks study, then participants who still hold open trials. Here the study is locked first too, when the
    trial was released; when it is released just before our lock, the participant holds no open trial any more and no
    joining waits for them. So the two cannot wait for each other.
    """
    mine = (Participant.token == token, Trial.trial_token == trial_token)
    found = session.execute(
        select(Participant.id, Participant.study_id, Trial.id.label("trial_id"), Trial.state)
        .join(Trial, Trial.participant_id == Participant.id)
        .where(*mine)
    ).one_or_none()
    if found is None:
        raise UnknownError("no such trial")
    if found.state == RELEASED:
        lock_study(session, Study.id == found.study_id)
    participant = session.scalars(select(Participant).where(Participant.id == found.id).with_for_update()).one()
    trial = session.scalars(select(Trial).where(Trial.id == found.trial_id)).one()
    if trial.state == RELEASED:
        lock_study(session, Study.id == found.study_id)
    return participant, trial


def _check_possible(answer: Answer, trial: Trial, task: TaskConfig) -> None:
    if answer.response not in trial.option_order:
        raise MalformedAnswerError(f"response: {answer.response!r} is not among the options of this trial")
    if answer.trial_index != trial.position:
        raise MalformedAnswerError(f"trial_index: this is trial {trial.position}, not {answer.trial_index}")
    if task.confidence != (answer.confidence is not None):
        raise MalformedAnswerError(f"confidence: this task {'asks' if task.confidence else 'does not ask'} for it")


def _win_back(session: Session, participant: Participant) -> None:
    """Reopen those of a late participant's released trials whose places nobody else took. The study is locked."""
    load = loads(session, participant.study_id, participant.observer_kind)
    released = session.execute(
        select(Trial, Item.ratings_wanted)
        .join(Item, Trial.item_id == Item.id)
        .where(Trial.participant_id == participant.id, Trial.state == RELEASED)
    )
    for trial, wanted in released:
        if trial.purpose != MAIN or load.get(trial.item_id, 0) < wanted:
            trial.state = OPEN


def _store(session: Session, participant: Participant, trial: Trial, answer: Answer, now: datetime) -> Receipt:
    definition = frozen_definition(participant.study)
    trial.is_overflow = trial.state == RELEASED and trial.purpose == MAIN
    trial.state = ANSWERED
    session.add(
        Response(
            trial_id=trial.id,
            response=answer.response,
            rt=answer.rt,
            time_elapsed=answer.time_elapsed,
            confidence=answer.confidence,
            body_sha256=answer.sha256,
            answered_at=now,
        )
    )
    participant.lease_until = now + timedelta(minutes=definition.participants.lease_minutes)
    session.flush()
    if answer.events:
        session.execute(insert(Event), [{"trial_id": trial.id, **event.model_dump()} for event in answer.events])
    following = next_index(session, participant.id)
    if following is None:
        shares_code = PROVIDERS[definition.participants.provider].shares_code
        participant.finished_at = now
        participant.completion_code = participant.study.completion_code if shares_code else new_completion_code()
    return Receipt(following, _feedback(participant, trial, answer.response))


def _feedback(participant: Participant, trial: Trial, response: str) -> str | None:
    """Only after practice, whose image this participant rates nowhere in the task."""
    if trial.purpose != PRACTICE:
        return None
    truth = None if trial.right_stimulus_id else trial.item.category
    return practice_feedback(participant.language, truth, response)
