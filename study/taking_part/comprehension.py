"""The comprehension check before a task: two tries. People who fail both are marked, never sent away."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from study.config import TaskConfig
from study.database.find import find_participant, next_index
from study.database.schema import Comprehension, Participant
from study.definition import FrozenDefinition, frozen_definition
from study.errors import AnswerConflictError, MalformedAnswerError, UnknownError
from study.taking_part.bodies import read_body
from study.tasks.wording import words_of

TRIES = 2


class Attempt(BaseModel):
    """The JSON that the browser posts: the place of the chosen option for each question."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    attempt: Annotated[int, Field(ge=1, le=TRIES)]
    answers: Annotated[tuple[Annotated[int, Field(ge=0, le=9)], ...], Field(max_length=20)]


def questions(task: TaskConfig, language: str, tries_left: int = TRIES) -> dict[str, Any]:
    """What the plan says of a check; which option is right stays here."""
    check = words_of(task, language).comprehension
    return {
        "tries_left": tries_left,
        "attempt": TRIES - tries_left + 1,
        "questions": [{"text": question.text, "options": list(question.options)} for question in check],
    }


def open_checks(session: Session, participant: Participant, definition: FrozenDefinition) -> dict[str, dict[str, Any]]:
    """task → its check, where the participant has neither passed it nor used all tries."""
    if not any(task.comprehension for task in definition.tasks):
        return {}
    taken: dict[str, list[bool]] = {}
    rows = select(Comprehension.task, Comprehension.passed).where(Comprehension.participant_id == participant.id)
    for task, passed in session.execute(rows):
        taken.setdefault(task, []).append(passed)
    return {
        task.name: questions(task, participant.language, TRIES - len(taken.get(task.name, [])))
        for task in definition.tasks
        if task.comprehension and len(taken.get(task.name, [])) < TRIES and not any(taken.get(task.name, []))
    }


def record_attempt(session: Session, token: str, task_name: str, body: bytes, now: datetime) -> dict[str, Any]:
    """Store a try; the same try again gets the same reply. The caller commits.

    Raises UnknownError, MalformedAnswerError, AnswerConflictError.
    """
    participant = find_participant(session, token, locked=True)
    definition = frozen_definition(participant.study).in_condition(participant.condition)
    task = next((task for task in definition.tasks if task.name == task_name and task.comprehension), None)
    if task is None:
        raise UnknownError("there is no such check")
    given = read_body(Attempt, body)
    check = words_of(task, participant.language).comprehension
    if len(given.answers) != len(check):
        raise MalformedAnswerError(f"answers: this check has {len(check)} questions")
    wrong = [place for place, question in enumerate(check) if question.right - 1 != given.answers[place]]
    reply = {
        "passed": not wrong,
        "tries_left": 0 if not wrong else TRIES - given.attempt,
        "wrong": wrong,
        "why": [check[place].why for place in wrong],
    }
    stored = session.get(Comprehension, (participant.id, task.name, given.attempt))
    answers = [str(answer) for answer in given.answers]
    if stored:
        if stored.answers != answers:
            raise AnswerConflictError("already-answered", next_index(session, participant.id))
        return reply
    expected = open_checks(session, participant, definition).get(task.name)
    if expected is None or expected["attempt"] != given.attempt:
        raise AnswerConflictError("not-expected", next_index(session, participant.id))
    session.add(
        Comprehension(
            participant_id=participant.id,
            task=task.name,
            attempt=given.attempt,
            answers=answers,
            passed=not wrong,
            at=now,
        )
    )
    return reply
