"""The network's advice: what it is, and when it may leave the server.

Neither the plan nor a picture tells it before the answers that come first are stored; the acknowledgement of the last
of them does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from contracts.tasks import KINDS, NO, REQUEST, RESPONSE, WAIT, Question
from study.config import TaskConfig
from study.database.driver import Driver
from study.database.schema import ATTENTION, Participant, Response, Trial
from study.definition import FrozenDefinition, frozen_definition
from study.errors import EarlyAnswerError, UnknownError
from study.taking_part.answer_statements import last_answer_at
from study.tasks.wording import Wording, category_label, words_of

TOLERANCE_S = 1.0  # the photograph is shown before the answer before it has arrived


@dataclass(frozen=True)
class Advice:
    """What is said before, of and after the prediction, and the token of the explanation's picture if there is one."""

    prompt: tuple[str, ...]
    image_token: str | None


def comes_later(task: TaskConfig, purpose: str) -> int:
    """After how many answers of a trial advice is told; 0: with the photograph, or never, as in an attention check."""
    if not KINDS[task.kind].has_advice or purpose == ATTENTION:
        return 0
    return [question.name for question in task.questions].index(RESPONSE)


def is_told(task: TaskConfig, purpose: str, given: Mapping[str, str]) -> bool:
    """Whether the answers `given` to a trial's questions let its advice be seen."""
    return len(given) >= comes_later(task, purpose) and given.get(REQUEST) != NO


def advice_of(definition: FrozenDefinition, trial: Any) -> Advice:
    """Of a trial (a row with its item, its image tokens and the language) whose advice is told."""
    words = words_of(definition.in_condition(trial.condition).task(trial.task), trial.language)
    has_picture = trial.right_image_token is not None
    return Advice(prompt_of(words, trial.category, trial.language), trial.left_image_token if has_picture else None)


def prompt_of(words: Wording, category: str, language: str) -> tuple[str, ...]:
    """What is before the category, the category, what is behind it; empty where nothing is said.

    The category is empty where it is not told.
    """
    if not words.prompt:
        return ()
    before, _, behind = words.prompt.partition("{category}")
    label = category_label(category, language, words.categories) if "{category}" in words.prompt else ""
    return before, label, behind


def is_told_after(questions: Sequence[Question], place: int, response: str) -> bool:
    """Whether advice is told with the acknowledgement of this response to question `place`, which is not the last."""
    is_declined = questions[place].name == REQUEST and response == NO
    return questions[place + 1].name == RESPONSE and not is_declined


def refuse_haste(driver: Driver, trial: Any, question: str, task: TaskConfig, now: datetime) -> None:
    """Raise EarlyAnswerError where the time before advice is said to be over, and cannot be.

    The photograph is shown once the answer before it is given. Simulated people do not wait.
    """
    if question != WAIT or task.advice_delay is None or trial.observer_kind == "simulated":
        return
    before = last_answer_at(driver, trial)
    lacking = task.advice_delay - TOLERANCE_S - (now - before).total_seconds() if before else 0
    if lacking > 0:
        raise EarlyAnswerError("this answer cannot have been given yet", ceil(lacking))


def refuse_early(session: Session, token: str, image_token: str) -> None:
    """Raise UnknownError for the picture of an advice that is not told yet: as if there were none."""
    mine = select(Trial, Participant).join(Participant, Trial.participant_id == Participant.id)
    shown = mine.where(
        Participant.token == token, Trial.left_image_token == image_token, Trial.right_image_token.is_not(None)
    )
    if (found := session.execute(shown).one_or_none()) is None:
        return
    trial, participant = found
    task = frozen_definition(participant.study).task(trial.task)
    if not KINDS[task.kind].has_advice:
        return
    answers = select(Response.question, Response.response).where(Response.trial_id == trial.id)
    given = {question: response for question, response in session.execute(answers)}
    if trial.purpose == ATTENTION or not is_told(task, trial.purpose, given):
        raise UnknownError("there is no such image")
