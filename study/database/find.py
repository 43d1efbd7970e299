"""Studies and participants by what names them: a slug, a token, a recruitment id."""

import re
from collections.abc import Mapping

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from study.database.schema import ANSWERED, Participant, Stimulus, Study, Trial
from study.database.stimuli_folder import folder_of
from study.errors import UnknownError
from study.security import is_token

_SLUG = re.compile(r"[a-z0-9-]{1,64}")


def find_study(session: Session, slug: str) -> Study:
    """Raises UnknownError."""
    study = session.scalar(select(Study).where(Study.slug == slug)) if _SLUG.fullmatch(slug) else None
    if study is None:
        raise UnknownError(f"there is no study {slug!r} here")
    return study


def find_addressed(session: Session, named: Mapping[str, str]) -> Study | None:
    """The study of an address's `slug` or `token`, or where they name none the only study that there is."""
    whose = select(Study).join(Participant, Participant.study_id == Study.id)
    slug, token = named.get("slug", ""), named.get("token", "")
    if _SLUG.fullmatch(slug) and (study := session.scalar(select(Study).where(Study.slug == slug))):
        return study
    if is_token(token) and (study := session.scalar(whose.where(Participant.token == token))):
        return study
    found = session.scalars(select(Study).limit(2)).all()
    return found[0] if len(found) == 1 else None


def lock_study(session: Session, which: ColumnElement[bool]) -> Study:
    """The study's row, locked until the transaction ends: a transaction that counts ratings to decide on one holds it.

    Raises UnknownError.
    """
    study = session.scalar(select(Study).where(which).with_for_update(key_share=True))
    if study is None:
        raise UnknownError("there is no such study here")
    return study


def find_participant(session: Session, token: str, locked: bool = False) -> Participant:
    """`locked`: until the transaction ends, and as they are after waiting for others who change them.

    Raises UnknownError for a token that is unknown or malformed.
    """
    mine = select(Participant).where(Participant.token == token)
    participant = session.scalar(mine.with_for_update() if locked else mine) if is_token(token) else None
    if participant is None:
        raise UnknownError("please open the study link you were given")
    return participant


def find_known(session: Session, study: Study, recruitment_hash: str | None, token: str | None) -> Participant | None:
    """The participant who has come back: by recruitment id where one is given, else by the token they remembered."""
    if recruitment_hash is None and not is_token(token or ""):
        return None
    by = Participant.recruitment_hash == recruitment_hash if recruitment_hash else Participant.token == token
    return session.scalar(select(Participant).where(Participant.study_id == study.id, by))


def next_index(session: Session, participant_id: int) -> int | None:
    """Position of the first trial without an answer; None when all are answered."""
    unanswered = (Trial.participant_id == participant_id, Trial.state != ANSWERED)
    return session.scalar(select(func.min(Trial.position)).where(*unanswered))


def find_picture(session: Session, token: str, image_token: str) -> tuple[str, str]:
    """(stimulus folder, file in it) of an image in this participant's plan. Raises UnknownError."""
    if not (is_token(token) and is_token(image_token)):
        raise UnknownError("there is no such image")
    shown = (
        select(Study.stimuli_folder, Stimulus.file)
        .select_from(Trial)
        .join(Participant, Trial.participant_id == Participant.id)
        .join(Study, Participant.study_id == Study.id)
    )
    sides = ((Trial.left_image_token, Trial.left_stimulus_id), (Trial.right_image_token, Trial.right_stimulus_id))
    for token_column, stimulus_column in sides:
        found = shown.join(Stimulus, stimulus_column == Stimulus.id)
        row = session.execute(found.where(token_column == image_token, Participant.token == token)).one_or_none()
        if row:
            return str(folder_of(row.stimuli_folder)), row.file
    raise UnknownError("there is no such image")
