"""Pages about participants: the list, what one of them did, and what they told of themselves."""

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from study import clock
from study.conduct.actions import exclude as exclude_participant
from study.conduct.people import Asked, listing
from study.conduct.progress import title
from study.conduct.timeline import timeline
from study.conduct.told import COMMENT, comments, questions, told_by
from study.database.find import find_study
from study.definition import frozen_definition
from study.errors import ConductError
from study.views.researcher.accounts import logged_in
from study.views.researcher.overview import Form, done, last_done
from study.views.server.database import database

bp = Blueprint("people", __name__, url_prefix="/researcher/studies/<slug>")


@bp.get("/participants")
@logged_in
def list_participants(slug: str) -> ResponseReturnValue:
    now = clock.now()
    with database().reading() as session:
        study = find_study(session, slug)
        shown = listing(session, study, Asked.read(request.args), now)
        name = title(frozen_definition(study))
    return render_template(
        "researcher/participants.html", admin=g.admin.name, slug=slug, study_title=name, listing=shown, now=now
    )


@bp.get("/participants/<public_id>")
@logged_in
def show_participant(slug: str, public_id: str) -> ResponseReturnValue:
    return _participant(slug, public_id, Form(request.args.get("form", "")))


@bp.post("/participants/<public_id>/exclude")
@logged_in
def exclude(slug: str, public_id: str) -> ResponseReturnValue:
    now = clock.now()
    try:
        if request.form.get("confirmed") != "yes":
            raise ConductError("nothing was changed: tick the box to confirm", "confirmed")
        with database().writing() as session:
            exclude_participant(session, slug, public_id, request.form.get("reason", ""), g.admin.name, now)
            session.commit()
    except ConductError as error:
        return _participant(slug, public_id, Form.refused("exclude", error)), 409
    done("Excluded", now, "Their places are free for others.")
    return redirect(url_for("people.show_participant", slug=slug, public_id=public_id), 303)


@bp.get("/answers")
@logged_in
def show_answers(slug: str) -> ResponseReturnValue:
    kind = Asked.read(request.args).kind
    with database().reading() as session:
        study = find_study(session, slug)
        asked, written = questions(session, study, kind), comments(session, study, kind)
        name = title(frozen_definition(study))
        asks_comment = frozen_definition(study).study.comments
    return render_template(
        "researcher/answers.html",
        admin=g.admin.name,
        slug=slug,
        study_title=name,
        questions=asked,
        comments=written,
        comment_label=COMMENT if asks_comment or written else "",
        kind=kind,
    )


def _participant(slug: str, public_id: str, form: Form) -> str:
    with database().reading() as session:
        study = find_study(session, slug)
        shown = timeline(session, study, public_id)
        told = told_by(session, study, shown.person.id)
        name = title(frozen_definition(study))
    return render_template(
        "researcher/participant.html",
        admin=g.admin.name,
        slug=slug,
        study_title=name,
        timeline=shown,
        told=told,
        form=form,
        done=last_done(),
        now=clock.now(),
    )
