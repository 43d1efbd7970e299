"""Finding studies and participants, and what a participant is told at the end."""

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from study.database.schema import (
    ANSWERED,
    FIRST_ANSWER,
    ExternalIdentity,
    Participant,
    Response,
    Stimulus,
    Study,
    Trial,
)
from study.definition import frozen_definition
from study.errors import UnknownError
from study.recruitment.outcomes import FAILED_CHECKS
from study.recruitment.provider import Departure, Parameters
from study.recruitment.providers import PROVIDERS
from study.security import is_token

_SLUG = re.compile(r"[a-z0-9-]{1,64}")
FAILED_CHECKS_TOLD = 2  # failed attention checks that a platform is told of: one may be an accident


@dataclass(frozen=True)
class Farewell:
    """What the last page says."""

    title: str
    language: str
    contact: str
    debriefing: str
    completion_code: str
    withdrawal_code: str | None
    slug: str
    provider: str
    departure: Departure | None
    finished_at: datetime


def find_study(session: Session, slug: str) -> Study:
    """Raises UnknownError."""
    study = session.scalar(select(Study).where(Study.slug == slug)) if _SLUG.fullmatch(slug) else None
    if study is None:
        raise UnknownError(f"there is no study {slug!r} here")
    return study


def find_participant(session: Session, token: str, locked: bool = False) -> Participant:
    """`locked`: until the transaction ends, and as they are after waiting for others who change them.

    Raises UnknownError for a token that is unknown or malformed.
    """
    mine = select(Participant).where(Participant.token == token)
    participant = session.scalar(mine.with_for_update() if locked else mine) if is_token(token) else None
    if participant is None:
        raise UnknownError("nobody takes part at this address; open the link to the study again")
    return participant


def find_known(session: Session, study: Study, recruitment_hash: str | None, token: str | None) -> Participant | None:
    """The participant who has come back: by recruitment id where one is given, else by the token they remembered."""
    if recruitment_hash is None and not is_token(token or ""):
        return None
    by = Participant.recruitment_hash == recruitment_hash if recruitment_hash else Participant.token == token
    return session.scalar(select(Participant).where(Participant.study_id == study.id, by))


def hands_in_another(session: Session, participant: Participant, given: Parameters) -> bool:
    """Whether the link's assignment is another than the one that the participant would hand in at the end.

    Never for somebody who has finished: one participation is handed in once.
    """
    identity = session.get(ExternalIdentity, participant.id)
    if identity is None or participant.finished_at is not None:
        return False
    config = frozen_definition(participant.study).participants
    leave = PROVIDERS[config.provider].leave
    return leave("", given, config) != leave("", identity.parameters, config)


def next_index(session: Session, participant_id: int) -> int | None:
    """Position of the first trial without an answer; None when all are answered."""
    unanswered = (Trial.participant_id == participant_id, Trial.state != ANSWERED)
    return session.scalar(select(func.min(Trial.position)).where(*unanswered))


def image_file(session: Session, token: str, image_token: str) -> tuple[str, str]:
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
            return row.stimuli_folder, row.file
    raise UnknownError("there is no such image")


def farewell(session: Session, token: str) -> Farewell | None:
    """None while trials are unanswered. Raises UnknownError."""
    participant = find_participant(session, token)
    if participant.finished_at is None or participant.completion_code is None:
        return None
    definition = frozen_definition(participant.study)
    code = _code_shown(session, participant, participant.completion_code)
    return Farewell(
        title=definition.study.title[participant.language],
        language=participant.language,
        contact=definition.study.contact[participant.language],
        debriefing=definition.study.debriefing[participant.language],
        completion_code=code,
        withdrawal_code="-".join(re.findall("....", participant.withdrawal_code or "")) or None,
        slug=participant.study.slug,
        provider=definition.participants.provider,
        departure=_departure(session, participant, code),
        finished_at=participant.finished_at,
    )


def _code_shown(session: Session, participant: Participant, completion_code: str) -> str:
    """Where the platform knows a code for it, somebody who failed attention checks carries that one."""
    code = participant.study.outcome_codes.get(FAILED_CHECKS)
    if code is None:
        return completion_code
    failed = select(func.count()).select_from(Trial).join(Response, FIRST_ANSWER)
    mine = failed.where(Trial.participant_id == participant.id, Response.response != Trial.expected_response)
    return code if session.scalars(mine).one() >= FAILED_CHECKS_TOLD else completion_code


def _departure(session: Session, participant: Participant, code: str) -> Departure | None:
    """Where the recruitment platform wants the participant to go with this code."""
    config = frozen_definition(participant.study).participants
    identity = session.get(ExternalIdentity, participant.id)
    return PROVIDERS[config.provider].leave(code, identity.parameters if identity else {}, config)


def early_departure(study: Study, outcome: str) -> Departure | None:
    """Where somebody goes who ends otherwise: `outcome` is one of recruitment.outcomes. None: nowhere in particular."""
    config = frozen_definition(study).participants
    code = study.outcome_codes.get(outcome)
    return PROVIDERS[config.provider].leave(code, {}, config) if code else None
