"""What participants tell of themselves, in the study's first language; responses to pictures are elsewhere."""

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from study.database.schema import Demographic, Participant, Study
from study.definition import frozen_definition
from study.information import DemographicQuestion

COMMENT = "Comment at the end"


@dataclass(frozen=True)
class Told:
    """One answer in the participant's own words."""

    public_id: str
    text: str


@dataclass(frozen=True)
class Question:
    """`options`: (answer, how many chose it) of a question with options; `texts`, newest first, of one without."""

    label: str
    answers: int
    options: tuple[tuple[str, int], ...]
    texts: tuple[Told, ...]


def questions(session: Session, study: Study, observer_kind: str) -> tuple[Question, ...]:
    """The definition's questions about oneself with the answers of this kind of participant."""
    given: dict[str, list[Told]] = {}
    for name, public_id, answer in _answers(session, study, Participant.observer_kind == observer_kind):
        given.setdefault(name, []).append(Told(public_id, answer))
    language = frozen_definition(study).study.languages[0]
    asked = frozen_definition(study).study.demographics
    return tuple(_question(question, given.get(question.name, []), language) for question in asked)


def comments(session: Session, study: Study, observer_kind: str) -> tuple[Told, ...]:
    """What participants of this kind wrote at the end, the newest participants first."""
    rows = session.execute(
        select(Participant.public_id, Participant.comment)
        .where(Participant.study_id == study.id, Participant.observer_kind == observer_kind)
        .where(Participant.comment.is_not(None))
        .order_by(Participant.id.desc())
    )
    return tuple(Told(public_id, comment) for public_id, comment in rows if comment)


def told_by(session: Session, study: Study, participant_id: int) -> tuple[tuple[str, str], ...]:
    """(question, answer) of one participant, in the definition's order, and their comment."""
    given = {name: answer for name, _, answer in _answers(session, study, Participant.id == participant_id)}
    definition = frozen_definition(study).study
    language = definition.languages[0]
    comment, screening = session.execute(
        select(Participant.comment, Participant.screening).where(Participant.id == participant_id)
    ).one()
    told = [
        (question.text[language], question.options[screening[question.name]][language])
        for question in frozen_definition(study).screening.questions
        if question.name in (screening or {})
    ]
    told += [
        (question.label[language], _words(question, given[question.name], language))
        for question in definition.demographics
        if question.name in given
    ]
    return (*told, (COMMENT, comment)) if comment else tuple(told)


def _question(question: DemographicQuestion, given: list[Told], language: str) -> Question:
    counts = Counter(told.text for told in given)
    options = tuple((texts[language], counts[name]) for name, texts in question.options.items())
    return Question(question.label[language], len(given), options, () if question.options else tuple(given))


def _words(question: DemographicQuestion, answer: str, language: str) -> str:
    return question.options[answer][language] if answer in question.options else answer


def _answers(session: Session, study: Study, whose: ColumnElement[bool]) -> list[tuple[str, str, str]]:
    """(question's name, participant's public id, answer), the newest participants first."""
    rows = session.execute(
        select(Demographic.question, Participant.public_id, Demographic.answer)
        .join(Participant, Demographic.participant_id == Participant.id)
        .where(Participant.study_id == study.id, whose)
        .order_by(Participant.id.desc())
    )
    return [(question, public_id, answer) for question, public_id, answer in rows]
