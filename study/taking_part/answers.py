"""Storing one answer: the expected trial only, once, and kept permanently."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.exc import TimeoutError
from sqlalchemy.orm import Session

from contracts.export import BEFORE_ONSET, LONGEST_RT_MS, NOT_MEASURED, TOO_LONG
from contracts.tasks import LONGEST_REASON, RESPONSE, Question
from study.config import ParticipantsConfig
from study.database.db import Database
from study.database.driver import Driver, driver_of
from study.database.find import lock_study
from study.database.schema import ANSWERED, ATTENTION, LEARNING, OPEN, PRACTICE, RELEASED, Participant, Study
from study.definition import FrozenDefinition
from study.errors import AnswerConflictError, MalformedAnswerError, UnknownError
from study.recruitment.providers import PROVIDERS
from study.security import is_token, new_completion_code
from study.taking_part import answer_statements as statements
from study.taking_part.advice import Advice, advice_of, is_told_after, refuse_haste
from study.taking_part.bodies import read_body
from study.taking_part.chain import link
from study.taking_part.leases import win_back
from study.tasks.kinds import STUDY_KINDS
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

    question: Annotated[str, Field(max_length=32)] = RESPONSE
    response: Annotated[str, Field(max_length=LONGEST_REASON)]
    rt: Annotated[float, Field(ge=-1e10, le=1e10)] | None  # clocks of browsers can be wrong: see `response_time`
    time_elapsed: Milliseconds
    trial_index: Annotated[int, Field(ge=0)]
    events: Annotated[tuple[BrowserEvent, ...], Field(max_length=500)] = ()

    @property
    def sha256(self) -> str:
        """The same for the same answer, however its JSON was spaced and ordered."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


@dataclass(frozen=True)
class Receipt:
    """What the participant is told after an answer: which trial is next, and which further question of it if any."""

    next_index: int | None
    next_question: str | None = None
    feedback: str | None = None  # after practice
    advice: Advice | None = None  # where this answer had to come first

    @property
    def done(self) -> bool:
        return self.next_index is None


def response_time(rt: float | None) -> tuple[float | None, str | None]:
    """(rt, why there is none): a time that cannot be right is missing, never another number."""
    if rt is None:
        return None, NOT_MEASURED
    if rt <= 0:
        return None, BEFORE_ONSET
    return (None, TOO_LONG) if rt > LONGEST_RT_MS else (rt, None)


def _parsed(body: bytes) -> Answer | MalformedAnswerError:
    try:
        return read_body(Answer, body)
    except MalformedAnswerError as error:
        return error


def record_answer(database: Database, token: str, trial_token: str, body: bytes, now: datetime) -> Receipt:
    """Store the answer and renew the participant's lease; with the last one, issue the completion code.

    Committed on return. Raises UnknownError, MalformedAnswerError, AnswerConflictError, EarlyAnswerError: then nothing
    was stored.
    """
    if not (is_token(token) and is_token(trial_token)):
        raise UnknownError("no such trial")
    answer = _parsed(body)
    question = answer.question if isinstance(answer, Answer) else RESPONSE
    with database.answering() as driver:
        trial = statements.read(driver, token, trial_token, question)
        if isinstance(answer, MalformedAnswerError):
            raise answer
        definition = statements.definition(driver, trial)
        _check(driver, answer, trial, definition, now)
        if _is_stored(trial) or (trial.state == OPEN and _store(driver, trial, OPEN, answer, definition, now)):
            return _receipt(driver, trial, answer, definition)
    return _record_alone(database, token, trial_token, answer, definition, now)


def _record_alone(
    database: Database, token: str, trial_token: str, answer: Answer, definition: FrozenDefinition, now: datetime
) -> Receipt:
    """The same where places must be counted, or where the trial was changed between our reading and writing.

    A transaction that locks both takes the study before the participant. What was read before we waited is read again.
    """
    with database.writing() as session, driver_of(session) as driver:
        mine = Participant.token == token
        lock_study(session, Study.id == select(Participant.study_id).where(mine).scalar_subquery())
        session.execute(select(Participant.id).where(mine).with_for_update())
        trial = statements.read(driver, token, trial_token, answer.question)
        _check(driver, answer, trial, definition, now)
        if not _is_stored(trial):
            state = OPEN if trial.state == OPEN or _win_back(session, trial) else RELEASED
            if not _store(driver, trial, state, answer, definition, now):
                raise TimeoutError("a locked trial changed; nothing is stored, and nothing may be acknowledged")
        receipt = _receipt(driver, trial, answer, definition)
        session.commit()
    return receipt


def _receipt(driver: Driver, trial: Any, answer: Answer, definition: FrozenDefinition) -> Receipt:
    """The same however often the answer is sent: questions are answered in order, so what follows never changes."""
    questions = _questions(trial, definition)
    place = _place(answer, questions)
    if place + 1 < len(questions):
        is_told = is_told_after(questions, place, answer.response)
        advice = advice_of(definition, trial) if is_told else None
        return Receipt(trial.position, questions[place + 1].name, advice=advice)
    return Receipt(trial.following, None, _feedback(driver, trial, answer, definition))


def _questions(trial: Any, definition: FrozenDefinition) -> tuple[Question, ...]:
    return definition.task(trial.task).asked(trial.purpose in (ATTENTION, LEARNING))


def _place(answer: Answer, questions: Sequence[Question]) -> int:
    """Of the answer's question among those that are asked. Raises MalformedAnswerError."""
    for place, question in enumerate(questions):
        if question.name == answer.question:
            return place
    asked = ", ".join(question.name for question in questions)
    raise MalformedAnswerError(f"question: {answer.question!r} is not asked in this task; {asked} is")


def _is_stored(trial: Any) -> bool:
    """Whether the question that was read for has an answer already."""
    return trial.body_sha256 is not None


def _check(driver: Driver, answer: Answer, trial: Any, definition: FrozenDefinition, now: datetime) -> None:
    if _is_stored(trial):
        if trial.body_sha256 != answer.sha256:
            raise AnswerConflictError("already-answered", trial.expected)
        return
    questions = _questions(trial, definition)
    place = _place(answer, questions)
    if questions[place].longest:
        _check_text(answer.response, definition.task(trial.task).is_required(questions[place]))
    elif answer.response not in offered(questions[place], trial.option_order):
        raise MalformedAnswerError(f"response: {answer.response!r} is not among the options of this trial")
    if answer.trial_index != trial.position:
        raise MalformedAnswerError(f"trial_index: this is trial {trial.position}, not {answer.trial_index}")
    if trial.position != trial.expected or place != trial.questions_answered:
        raise AnswerConflictError("not-expected", trial.expected)
    refuse_haste(driver, trial, answer.question, definition.task(trial.task), now)


def offered(question: Question, option_order: Sequence[str]) -> Sequence[str]:
    """The values between which a question lets people choose; `option_order`: those of its trial."""
    return option_order if question.name == RESPONSE else question.values or option_order


def _check_text(text: str, is_required: bool) -> None:
    if "\0" in text:
        raise MalformedAnswerError("response: a text must not hold a NUL character")
    if is_required and not text.strip():
        raise MalformedAnswerError("response: this question needs a text")


def _win_back(session: Session, trial: Any) -> bool:
    """Reopen a late participant's released trials whose places are free; whether `trial` is one. The study is locked.

    Someone who gave their place back gets only this one: their answer was on its way when they stopped.
    """
    only = None if trial.stopped_at is None else trial.id
    return trial.id in win_back(session, trial.study_id, trial.participant_id, trial.observer_kind, only)


def _store(driver: Driver, trial: Any, state: str, answer: Answer, definition: FrozenDefinition, now: datetime) -> bool:
    """With the participant's lease; and their completion code, in the same transaction as the last answer.

    A trial is answered with the last of its questions; before it only counts them.
    """
    participants, answered = definition.participants, trial.questions_answered + 1
    is_whole = answered == len(_questions(trial, definition))
    is_last = is_whole and trial.following is None
    rt, rt_missing = response_time(answer.rt)
    columns = {
        "state": ANSWERED if is_whole else state,
        "questions_answered": answered,
        "question": answer.question,
        "response": answer.response,
        "rt": rt,
        "rt_missing": rt_missing,
        "time_elapsed": answer.time_elapsed,
        "body_sha256": answer.sha256,
        "answered_at": now,
        "is_overflow": is_whole and state == RELEASED,
        "lease_until": now + timedelta(minutes=participants.lease_minutes),
        "finished_at": now if is_last else None,
        "completion_code": _completion_code(trial, participants) if is_last else None,
    }
    previous = trial.answers_chain
    columns["answers_chain"] = None if previous is None else link(previous, trial.id, columns)
    return statements.store(driver, trial, state, columns, [event.model_dump() for event in answer.events])


def _completion_code(trial: Any, participants: ParticipantsConfig) -> str:
    return trial.shared_code if PROVIDERS[participants.provider].shares_code else new_completion_code()


def _feedback(driver: Driver, trial: Any, answer: Answer, definition: FrozenDefinition) -> str | None:
    """Only after practice, whose image this participant rates nowhere in the task."""
    if trial.purpose != PRACTICE:
        return None
    first = answer.response if answer.question == RESPONSE else statements.first_answer(driver, trial)
    task = definition.in_condition(trial.condition).task(trial.task)
    return practice_feedback(task, trial.language, STUDY_KINDS[task.kind].truth(trial), first, trial.option_order)
