"""Pages on which participants take back what they gave, by their study's address or by the code of its last page."""

from typing import Any

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from study import clock
from study.database.find import find_participant, find_study
from study.database.schema import Study
from study.definition import frozen_definition
from study.errors import ConsentError, UnknownCodeError
from study.recruitment.outcomes import WITHDRAWN
from study.taking_part.farewell import early_departure, needed_to_return, sent_with
from study.taking_part.withdrawal import withdraw, withdraw_by_code
from study.views.participant.forms import require_form_token
from study.views.participant.pages import forget_in_lab, preferred_language, study_page
from study.views.server.database import database

bp = Blueprint("withdrawal", __name__)
MAX_CODE = 40  # characters of the form's field


@bp.get("/p/<token>/withdraw")
def ask(token: str) -> ResponseReturnValue:
    with database().reading() as session:
        participant = find_participant(session, token)
        study = participant.study
    back = url_for("participant.enter", token=token)
    leave = url_for("leaving.ask", token=token) if participant.finished_at is None else None
    return _form(study, participant.language, back=back, leave=leave)


@bp.post("/p/<token>/withdraw")
def erase(token: str) -> ResponseReturnValue:
    _require_confirmed()
    with database().writing() as session:
        participant = find_participant(session, token)
        study, slug, language = participant.study, participant.study.slug, participant.language
        require_form_token("withdraw", slug)
        needed = needed_to_return(frozen_definition(study).participants, sent_with(session, participant))
        withdraw(session, token, clock.now())
        session.commit()
    gone = url_for("withdrawal.show_done", slug=slug, language=language, **needed)
    return forget_in_lab(redirect(gone, 303), study)


@bp.get("/s/<slug>/withdraw")
def ask_for_code(slug: str) -> ResponseReturnValue:
    with database().reading() as session:
        study = find_study(session, slug)
    return _form(study, _language(study))


@bp.post("/s/<slug>/withdraw")
def erase_by_code(slug: str) -> ResponseReturnValue:
    """A code that nobody has leads back to the form, which says so and keeps it."""
    _require_confirmed()
    require_form_token("withdraw", slug)
    code = request.form.get("code", "")
    try:
        with database().writing() as session:
            study = find_study(session, slug)
            withdraw_by_code(session, slug, code, clock.now())
            session.commit()
    except UnknownCodeError:
        return _form(study, _language(study), code=code[:MAX_CODE], is_wrong=True), 404
    return redirect(url_for("withdrawal.show_done", slug=slug, language=_language(study)), 303)


@bp.get("/s/<slug>/withdrawn")
def show_done(slug: str) -> ResponseReturnValue:
    with database().reading() as session:
        study = find_study(session, slug)
    departure = early_departure(study, WITHDRAWN, request.args)
    return study_page(study, _language(study), "withdrawn.html", "withdraw", departure=departure)


def _form(study: Study, language: str, **shown: Any) -> str:
    keeps_consent = frozen_definition(study).study.keep_consent
    return study_page(study, language, "withdraw.html", "withdraw", keeps_consent=keeps_consent, **shown)


def _language(study: Study) -> str:
    return preferred_language(frozen_definition(study))


def _require_confirmed() -> None:
    if request.form.get("confirmed") != "yes":
        raise ConsentError("nothing was deleted: the box that confirms it was not ticked")
