"""Pages on which participants say something beside their answers: about themselves, and what we should know."""

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from study.database.find import find_participant
from study.definition import frozen_definition
from study.taking_part.about_oneself import record_about, record_comment
from study.views.participant.forms import require_form_token
from study.views.participant.pages import study_page
from study.views.server.database import database

bp = Blueprint("about", __name__, url_prefix="/p/<token>")
_PREFIX = "about-"


@bp.get("/about")
def ask(token: str) -> ResponseReturnValue:
    """Asked after consent or after the last question; every field may stay empty."""
    with database().reading() as session:
        participant = find_participant(session, token)
        study = participant.study
    questions = frozen_definition(study).study.demographics
    return study_page(study, participant.language, "about.html", "about", demographics=questions)


@bp.post("/about")
def tell(token: str) -> ResponseReturnValue:
    given = {name.removeprefix(_PREFIX): text for name, text in request.form.items() if name.startswith(_PREFIX)}
    with database().writing() as session:
        participant = find_participant(session, token)
        require_form_token("about", participant.study.slug)
        record_about(session, token, given)
        session.commit()
    if participant.finished_at is None:
        return redirect(url_for("participant.study", token=token), 303)
    return redirect(url_for("participant.finish", token=token, asked="yes"), 303)


@bp.post("/comment")
def comment(token: str) -> ResponseReturnValue:
    with database().writing() as session:
        participant = find_participant(session, token)
        require_form_token("comment", participant.study.slug)
        record_comment(session, token, request.form.get("comment", ""))
        session.commit()
    return redirect(url_for("participant.finish", token=token, asked="yes", _anchor="comment"), 303)
