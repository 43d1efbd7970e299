"""What a participant is told at the end, and where their recruitment platform wants them to go."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from study.config import ParticipantsConfig
from study.database.find import find_participant
from study.database.schema import CLOSED, FIRST_ANSWER, PAUSED, ExternalIdentity, Participant, Response, Study, Trial
from study.definition import frozen_definition
from study.recruitment.outcomes import FAILED_CHECKS, NO_PLACE
from study.recruitment.provider import Departure, Parameters
from study.recruitment.providers import PROVIDERS
from study.return_address import CODE, COMPLETED, OUTCOME, PID, asks_for, fill

_NO_PLACE = ("full", PAUSED, CLOSED)
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
    departure: Departure | None
    finished_at: datetime
    asks_comment: bool


def hands_in_another(session: Session, participant: Participant, given: Parameters) -> bool:
    """Whether the link's assignment is another than the one that the participant would hand in at the end.

    Never for a participant who has finished: one participation is handed in once.
    """
    identity = session.get(ExternalIdentity, participant.id)
    if identity is None or participant.finished_at is not None:
        return False
    config = frozen_definition(participant.study).participants
    return _departure_from(config, "", given) != _departure_from(config, "", identity.parameters)


def farewell(session: Session, token: str) -> Farewell | None:
    """None while trials are unanswered. Raises UnknownError."""
    participant = find_participant(session, token)
    if participant.finished_at is None or participant.completion_code is None:
        return None
    definition = frozen_definition(participant.study)
    outcome = _outcome(session, participant)
    code = participant.study.outcome_codes.get(outcome, participant.completion_code)
    return Farewell(
        title=definition.study.title[participant.language],
        language=participant.language,
        contact=definition.study.contact[participant.language],
        debriefing=definition.study.debriefing[participant.language],
        completion_code=code,
        withdrawal_code="-".join(re.findall("....", participant.withdrawal_code or "")) or None,
        slug=participant.study.slug,
        departure=_departure(session, participant, code, outcome),
        finished_at=participant.finished_at,
        asks_comment=definition.study.comments,
    )


def _outcome(session: Session, participant: Participant) -> str:
    """COMPLETED, or FAILED_CHECKS for a participant who failed attention checks."""
    failed = select(func.count()).select_from(Trial).join(Response, FIRST_ANSWER)
    mine = failed.where(Trial.participant_id == participant.id, Response.response != Trial.expected_response)
    return FAILED_CHECKS if session.scalars(mine).one() >= FAILED_CHECKS_TOLD else COMPLETED


def _departure(session: Session, participant: Participant, code: str, outcome: str) -> Departure | None:
    """Where the recruitment platform wants the participant to go with this code."""
    config = frozen_definition(participant.study).participants
    return _departure_from(config, code, sent_with(session, participant), outcome)


def early_departure(study: Study, outcome: str, parameters: Parameters) -> Departure | None:
    """Where a participant goes who ends otherwise: `outcome` is one of recruitment.outcomes, or why there was no place.

    `parameters` are those of the link, as far as they are known. None: nowhere.
    """
    config = frozen_definition(study).participants
    if asks_for(config.return_url, OUTCOME):
        if outcome == PAUSED:
            return None  # they can come again
        return _departure_from(config, "", parameters, outcome)
    code = study.outcome_codes.get(NO_PLACE if outcome in _NO_PLACE else outcome)
    return _departure_from(config, code, {}) if code else None


def needed_to_return(config: ParticipantsConfig, parameters: Parameters) -> dict[str, Any]:
    """What of the parameters of a person's link their way back needs when they end early."""
    url, pid = config.return_url, parameters.get(PID)
    return {PID: pid} if pid and asks_for(url, PID) and asks_for(url, OUTCOME) else {}


def sent_with(session: Session, participant: Participant) -> Parameters:
    """The parameters of the participant's link; empty where they have been deleted."""
    identity = session.get(ExternalIdentity, participant.id)
    return identity.parameters if identity else {}


def _departure_from(
    config: ParticipantsConfig, code: str, parameters: Parameters, outcome: str = COMPLETED
) -> Departure | None:
    """None, too, where the address needs an id that is not known."""
    if url := config.return_url:
        if asks_for(url, PID) and PID not in parameters:
            return None
        return Departure(fill(url, {PID: parameters.get(PID, ""), CODE: code, OUTCOME: outcome}))
    return PROVIDERS[config.provider].departure(code, parameters, config.sona_completion_url)
