"""Pages by which researchers conduct a study: its state, its waves, its participants, a look as a participant."""

from pathlib import Path

import numpy as np
from flask import Blueprint, Response, g, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from study import clock
from study.conduct import actions as conduct
from study.conduct.first_look import look
from study.conduct.preview import preview_image, preview_plan
from study.conduct.timeline import PAGE, people, timeline
from study.config import Language
from study.database.find import find_study
from study.database.schema import CLOSED, OPEN, PAUSED, Study
from study.definition import FrozenDefinition, frozen_definition
from study.errors import ConductError, UnknownError
from study.views.participant.pages import to_html
from study.views.participant.sheet import information
from study.views.researcher.accounts import logged_in
from study.views.server.database import database
from study.views.server.languages import speak

bp = Blueprint("conduct", __name__, url_prefix="/researcher/studies/<slug>")


@bp.post("/state")
@logged_in
def set_state(slug: str) -> ResponseReturnValue:
    state = request.form.get("state")
    _require_confirmed()
    if state not in (OPEN, PAUSED, CLOSED):
        raise ConductError(f"a study can be {OPEN}, {PAUSED} or {CLOSED}")
    with database().writing() as session:
        conduct.set_state(session, slug, state, g.admin.name, clock.now())
        session.commit()
    return redirect(url_for("dashboard.show_progress", slug=slug), 303)


@bp.post("/extend")
@logged_in
def extend(slug: str) -> ResponseReturnValue:
    _require_confirmed()
    wanted = _whole_number("ratings_per_item", "the number of ratings wanted")
    task, reason = request.form.get("task", ""), request.form.get("reason", "")
    with database().writing() as session:
        conduct.extend(session, slug, task, wanted, reason, g.admin.name, clock.now())
        session.commit()
    return redirect(url_for("dashboard.show_progress", slug=slug), 303)


@bp.post("/limit")
@logged_in
def raise_limit(slug: str) -> ResponseReturnValue:
    _require_confirmed()
    limit, reason = _whole_number("limit", "the number of participants"), request.form.get("reason", "")
    with database().writing() as session:
        conduct.raise_limit(session, slug, limit, reason, g.admin.name, clock.now())
        session.commit()
    return redirect(url_for("dashboard.show_progress", slug=slug), 303)


@bp.post("/estimates")
@logged_in
def look_at_estimates(slug: str) -> ResponseReturnValue:
    """A POST, because it is recorded: a study whose estimates were seen cannot be opened again."""
    _require_confirmed()
    with database().writing() as session:
        found = look(session, slug, g.admin.name, clock.now())
        title = _title(find_study(session, slug))
        session.commit()
    return render_template(
        "researcher/estimates.html", admin=g.admin.name, slug=slug, study_title=title, estimates=found
    )


@bp.get("/participants")
@logged_in
def list_participants(slug: str) -> ResponseReturnValue:
    before = request.args.get("before", "")
    with database().reading() as session:
        study = find_study(session, slug)
        shown = people(session, study, int(before) if before.isdecimal() and len(before) < 10 else None)
    return render_template(
        "researcher/participants.html",
        admin=g.admin.name,
        slug=slug,
        study_title=_title(study),
        people=shown,
        now=clock.now(),
        more=len(shown) == PAGE,
    )


@bp.get("/participants/<public_id>")
@logged_in
def show_participant(slug: str, public_id: str) -> ResponseReturnValue:
    with database().reading() as session:
        study = find_study(session, slug)
        shown = timeline(session, study, public_id)
    return render_template(
        "researcher/participant.html",
        admin=g.admin.name,
        slug=slug,
        study_title=_title(study),
        timeline=shown,
        now=clock.now(),
    )


@bp.post("/participants/<public_id>/exclude")
@logged_in
def exclude(slug: str, public_id: str) -> ResponseReturnValue:
    _require_confirmed()
    with database().writing() as session:
        conduct.exclude(session, slug, public_id, request.form.get("reason", ""), g.admin.name, clock.now())
        session.commit()
    return redirect(url_for("conduct.show_participant", slug=slug, public_id=public_id), 303)


@bp.get("/preview")
@logged_in
def preview(slug: str) -> ResponseReturnValue:
    """The information sheet as participants see it; its button leads to the questions without asking for consent."""
    definition, language = _previewed(slug)
    return render_template(
        "participant/landing.html",
        **information(definition, language, slug),
        preview=url_for("conduct.preview_study", slug=slug, language=language),
        language_url=lambda code: url_for("conduct.preview", slug=slug, language=code),
    )


@bp.get("/preview/study")
@logged_in
def preview_study(slug: str) -> ResponseReturnValue:
    definition, language = _previewed(slug)
    return render_template(
        "participant/study.html",
        title=definition.study.title[language],
        language=language,
        contact=definition.study.contact[language],
        plan_url=url_for("conduct.show_preview_plan", slug=slug, language=language),
        finish_url=url_for("conduct.preview_finish", slug=slug, language=language),
        preview=True,
    )


@bp.get("/preview/plan")
@logged_in
def show_preview_plan(slug: str) -> ResponseReturnValue:
    _definition, language = _previewed(slug)

    def image_url(stimulus_id: str) -> str:
        return url_for("conduct.show_preview_image", slug=slug, stimulus_id=stimulus_id)

    with database().reading() as session:
        return preview_plan(session, find_study(session, slug), language, np.random.default_rng(), image_url)


@bp.get("/preview/images/<stimulus_id>")
@logged_in
def show_preview_image(slug: str, stimulus_id: str) -> ResponseReturnValue:
    with database().reading() as session:
        folder, file = preview_image(session, find_study(session, slug), stimulus_id)
    try:
        content = Path(folder, file).read_bytes()
    except FileNotFoundError:
        raise UnknownError("this image is missing on the server") from None
    return Response(content, mimetype="image/png")


@bp.post("/preview/trials/<trial_token>")
def take_preview_answer(slug: str, trial_token: str) -> ResponseReturnValue:
    """Says thank you and forgets: nothing is read or written, so nobody need be logged in nor a form be ours."""
    return jsonify(next_index=None, done=False, finish=None)


@bp.post("/preview/comprehension/<task>")
def take_preview_check(slug: str, task: str) -> ResponseReturnValue:
    """Whatever is chosen in a preview is right."""
    return jsonify(passed=True, tries_left=0, wrong=[])


@bp.get("/preview/finish")
@logged_in
def preview_finish(slug: str) -> ResponseReturnValue:
    definition, language = _previewed(slug)
    return render_template(
        "participant/finish.html",
        title=definition.study.title[language],
        language=language,
        contact=definition.study.contact[language],
        debriefing_html=to_html(definition.study.debriefing[language]),
        completion_code="PREVIEW",
        redirect_url=None,
        preview=True,
    )


def _previewed(slug: str) -> tuple[FrozenDefinition, Language]:
    with database().reading() as session:
        definition = frozen_definition(find_study(session, slug))
    asked = request.args.get("language")
    languages = definition.study.languages
    return definition, speak(asked if asked in languages else languages[0])


def _title(study: Study) -> str:
    definition = frozen_definition(study)
    return definition.study.title[definition.study.languages[0]]


def _whole_number(field: str, what: str) -> int:
    given = request.form.get(field, "")
    if not (given.isascii() and given.isdigit() and len(given) < 6):
        raise ConductError(f"{what} must be a whole number")
    return int(given)


def _require_confirmed() -> None:
    if request.form.get("confirmed") != "yes":
        raise ConductError("nothing was changed: the box that confirms it was not ticked")
