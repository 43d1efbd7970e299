"""Pages for people who do not take part, or stop before the end: each says how to return to where they came from."""

from typing import Any

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from study import clock
from study.database.find import find_participant, find_study
from study.definition import frozen_definition
from study.recruitment.outcomes import NO_CONSENT, OUTCOMES, TURNED_AWAY
from study.recruitment.providers import PROVIDERS
from study.taking_part.farewell import early_departure, needed_to_return, sent_with
from study.taking_part.leaving import come_back, leave
from study.views.participant.forms import require_form_token
from study.views.participant.pages import forget_in_lab, preferred_language, study_page
from study.views.participant.signed_arrivals import mark
from study.views.server.database import database

bp = Blueprint("leaving", __name__)


@bp.get("/s/<slug>/declined")
def decline(slug: str) -> ResponseReturnValue:
    """Somebody does not consent. Nothing is written."""
    with database().reading() as session:
        study = find_study(session, slug)
    definition = frozen_definition(study)
    language = preferred_language(definition)
    provider = PROVIDERS[definition.participants.provider]
    given: dict[str, Any] = {name: request.args[name] for name in provider.parameters if name in request.args}
    back = url_for("participant.landing", slug=slug, **given | mark() | {"language": language})
    departure = early_departure(study, NO_CONSENT, given)
    return study_page(study, language, "declined.html", "decline", departure=departure, back=back)


@bp.get("/p/<token>/leave")
def ask(token: str) -> ResponseReturnValue:
    with database().reading() as session:
        participant = find_participant(session, token)
        study = participant.study
    back, withdraw = url_for("participant.enter", token=token), url_for("withdrawal.ask", token=token)
    is_paid = participant.finished_at is not None  # only a questionnaire at the end is left
    shown = {"back": back, "withdraw": withdraw, "is_paid": is_paid}
    return study_page(study, participant.language, "leave.html", "leave", **shown)


@bp.post("/p/<token>/leave")
def give_up(token: str) -> ResponseReturnValue:
    with database().writing() as session:
        participant = find_participant(session, token)
        study, slug, language = participant.study, participant.study.slug, participant.language
        require_form_token("leave", slug)
        outcome = leave(session, token, clock.now())
        needed = needed_to_return(frozen_definition(study).participants, sent_with(session, participant))
        session.commit()
    if outcome is None:  # who stops after the last trial, at a questionnaire, has taken part and gets the code
        return redirect(url_for("participant.finish", token=token, asked="yes"), 303)
    left = url_for("leaving.show_left", slug=slug, outcome=outcome, language=language, **needed)
    return forget_in_lab(redirect(left, 303), study)


@bp.get("/p/<token>/return")
def ask_whether_to_return(token: str) -> ResponseReturnValue:
    with database().reading() as session:
        participant = find_participant(session, token)
        study = participant.study
    if participant.stopped_at is None:
        return redirect(url_for("participant.enter", token=token), 303)
    withdraw_url = url_for("withdrawal.ask", token=token)
    return study_page(study, participant.language, "return.html", "return", withdraw_url=withdraw_url)


@bp.post("/p/<token>/return")
def take_up_again(token: str) -> ResponseReturnValue:
    with database().writing() as session:
        require_form_token("return", find_participant(session, token).study.slug)
        come_back(session, token, clock.now())
        session.commit()
    return redirect(url_for("participant.enter", token=token), 303)


@bp.get("/s/<slug>/left")
def show_left(slug: str) -> ResponseReturnValue:
    """The codes of these outcomes pay nobody, so they need no token."""
    with database().reading() as session:
        study = find_study(session, slug)
    outcome = request.args.get("outcome", "")
    departure = early_departure(study, outcome, request.args) if outcome in OUTCOMES else None
    template = "turned_away.html" if outcome in TURNED_AWAY else "left.html"
    language = preferred_language(frozen_definition(study))
    return study_page(study, language, template, "left", departure=departure, outcome=outcome)
