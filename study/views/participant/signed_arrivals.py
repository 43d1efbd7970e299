"""A link that the platform signed is verified once, on arrival; then a mark of ours in the address vouches for it.

The platform's signature lasts two minutes, and people read the information sheet for longer, load it again, or switch
its language.
"""

from typing import Any

from flask import current_app, request, url_for

from contracts.observers import SIMULATED
from study.database.find import find_study
from study.definition import frozen_definition
from study.errors import RecruitmentError
from study.recruitment.providers import PROVIDERS
from study.taking_part.arrivals import KIND_HEADER
from study.views.participant.forms import form_token, is_form_token
from study.views.server.database import database

_MARK = "verified"


def verified_address(slug: str) -> str | None:
    """Where a person goes on whose link was verified just now; None where nothing is left to verify.

    Raises RecruitmentError for a link that is not the platform's. May ask the platform for its keys, so it must be
    called while no connection to the database is held.
    """
    identities = current_app.extensions.get("discern-identities")
    if identities is None or is_simulated():
        return None
    with database().reading() as session:
        provider = PROVIDERS[frozen_definition(find_study(session, slug)).participants.provider]
    if not provider.signs_links:
        return None
    link: dict[str, Any] = {name: request.args[name] for name in provider.parameters if name in request.args}
    purpose = ("verified", slug, *link.values())
    if _MARK not in request.args:
        identities.check(request.args)
        kept: dict[str, Any] = link | {_MARK: form_token(*purpose)}
        return url_for("participant.landing", slug=slug, language=request.args.get("language"), **kept)
    if not is_form_token(request.args[_MARK], *purpose):
        raise RecruitmentError(f"this link belongs to another participant; please open the study on {provider.title}")
    return None


def is_simulated() -> bool:
    """Whether a program takes part and says so; it has no link of a platform."""
    return request.headers.get(KIND_HEADER) == SIMULATED


def mark() -> dict[str, str]:
    """What the next address of this person has to carry."""
    return {_MARK: request.args[_MARK]} if _MARK in request.args else {}
