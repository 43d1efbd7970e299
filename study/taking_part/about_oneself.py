"""What participants say beside their answers to trials: about themselves, and in their own words at the end."""

from collections.abc import Iterator, Mapping

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from study.database.find import find_participant, next_index
from study.database.schema import MAX_COMMENT, Demographic, Participant
from study.definition import frozen_definition
from study.errors import ConsentError
from study.information import DemographicQuestion

MAX_TYPED = 500  # characters of a typed answer


def is_asked(session: Session, participant: Participant, place: str) -> bool:
    """Whether the page of questions comes now: `place` is `start` or `end`, and nothing has been answered there yet."""
    study = frozen_definition(participant.study).study
    if not study.demographics or study.demographics_at != place:
        return False
    if place == "start" and next_index(session, participant.id) != 0:
        return False
    return not session.scalar(select(exists().where(Demographic.participant_id == participant.id)))


def record_about(session: Session, token: str, given: Mapping[str, str]) -> None:
    """Store the answers about oneself in place of earlier ones; question → answer, empty: none.

    The caller commits. Raises UnknownError, and ConsentError for what is not among a question's options.
    """
    participant = find_participant(session, token, locked=True)
    answers = [*_answers(given, frozen_definition(participant.study).study.demographics)]
    session.execute(delete(Demographic).where(Demographic.participant_id == participant.id))
    session.add_all(Demographic(participant_id=participant.id, question=name, answer=text) for name, text in answers)


def record_comment(session: Session, token: str, comment: str) -> None:
    """Store what somebody writes at the end in place of what they wrote before, cut at MAX_COMMENT; empty: nothing.

    The caller commits. Raises UnknownError.
    """
    participant = find_participant(session, token, locked=True)
    text = "\n".join(comment.replace("\0", "").splitlines()).strip()
    participant.comment = text[:MAX_COMMENT] or None


def _answers(given: Mapping[str, str], questions: tuple[DemographicQuestion, ...]) -> Iterator[tuple[str, str]]:
    """(question, answer), the answers given only; a chosen one by its name, a typed one cut at MAX_TYPED."""
    for question in questions:
        text = " ".join(given.get(question.name, "").replace("\0", "").split())
        if text and question.options and text not in question.options:
            raise ConsentError(f"{question.name}: {text[:40]!r} is not among the options")
        if text:
            yield question.name, text[:MAX_TYPED]
