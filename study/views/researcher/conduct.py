"""How researchers conduct a study: its state, its waves, a look at the estimates, a look as a participant.

Each change leads back to the overview, which says what was done, or shows the form again with what is wrong.
"""

from pathlib import Path
from typing import Any

import numpy as np
from flask import Blueprint, Response, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from study import clock
from study.conduct import actions as conduct
from study.conduct import amending
from study.conduct.amending import amendable, with_values
from study.conduct.first_look import look
from study.conduct.preview import preview_image, preview_plan
from study.conduct.progress import title
from study.database.find import find_study
from study.database.schema import CLOSED, OPEN, PAUSED, Study
from study.definition import FrozenDefinition, frozen_definition
from study.errors import ConductError, UnknownError
from study.information import Language
from study.views.participant.pages import show_instructions_picture
from study.views.participant.preview_pages import replies, show_last_page, show_questions
from study.views.participant.screening_page import show_screening
from study.views.participant.sheet import information
from study.views.researcher.accounts import logged_in
from study.views.researcher.overview import Form, done, overview
from study.views.server.database import database
from study.views.server.languages import speak

_DONE = {OPEN: "Opened", PAUSED: "Paused", CLOSED: "Closed"}
_UNDONE_BY_A_CLICK = ((OPEN, PAUSED), (PAUSED, OPEN), (OPEN, CLOSED))

bp = Blueprint("conduct", __name__, url_prefix="/researcher/studies/<slug>")
preview_replies = replies("preview-replies")
bp.register_blueprint(preview_replies, url_prefix="/preview")


@bp.post("/state")
@logged_in
def set_state(slug: str) -> ResponseReturnValue:
    """Pausing and going on need no further word, because each undoes the other; closing asks for the study's name."""
    state, now = request.form.get("state", ""), clock.now()
    try:
        if state not in _DONE:
            raise ConductError(f"a study can be {OPEN}, {PAUSED} or {CLOSED}")
        with database().writing() as session:
            study = find_study(session, slug)
            if state == CLOSED:
                _require_name(study)
            was = study.state
            conduct.set_state(session, slug, state, g.admin.name, now)
            session.commit()
    except ConductError as error:
        return overview(slug, Form.refused("close" if state == CLOSED else "", error)), 409
    done(_DONE[state], now, undo=was if (was, state) in _UNDONE_BY_A_CLICK else "")
    return _back(slug)


@bp.post("/extend")
@logged_in
def extend(slug: str) -> ResponseReturnValue:
    task, reason, now = request.form.get("task", ""), request.form.get("reason", ""), clock.now()
    try:
        wanted = _whole_number("ratings_per_item", "the number of ratings wanted")
        _require_confirmed()
        with database().writing() as session:
            conduct.extend(session, slug, task, wanted, reason, g.admin.name, now)
            session.commit()
    except ConductError as error:
        return overview(slug, Form.refused("extend", error)), 409
    done("Amended", now, f"Task “{task}” now wants {wanted} ratings per item.")
    return _back(slug)


@bp.post("/limit")
@logged_in
def raise_limit(slug: str) -> ResponseReturnValue:
    reason, now = request.form.get("reason", ""), clock.now()
    try:
        limit = _whole_number("limit", "the number of participants")
        _require_confirmed()
        with database().writing() as session:
            conduct.raise_limit(session, slug, limit, reason, g.admin.name, now)
            session.commit()
    except ConductError as error:
        return overview(slug, Form.refused("limit", error)), 409
    done("Amended", now, f"Up to {limit} participants can take part now.")
    return _back(slug)


@bp.post("/amend")
@logged_in
def amend(slug: str) -> ResponseReturnValue:
    reason, now = request.form.get("reason", ""), clock.now()
    try:
        _require_confirmed()
        with database().writing() as session:
            before = find_study(session, slug).document
            given = {key: _as_before(key, value) for key, value in amendable(before).items() if key in request.form}
            amendment = amending.amend(session, slug, with_values(before, given), reason, g.admin.name, now)
            changed = ", ".join(amendment.change)
            session.commit()
    except ConductError as error:
        return overview(slug, Form.refused("amend", error)), 409
    done("Amended", now, f"Changed: {changed}.")
    return _back(slug)


@bp.post("/estimates")
@logged_in
def look_at_estimates(slug: str) -> ResponseReturnValue:
    """A POST, because it is recorded: a study whose estimates were seen cannot be opened again."""
    try:
        _require_confirmed()
        with database().writing() as session:
            found = look(session, slug, g.admin.name, clock.now())
            name = title(frozen_definition(find_study(session, slug)))
            session.commit()
    except ConductError as error:
        return overview(slug, Form.refused("look", error)), 409
    return render_template(
        "researcher/estimates.html", admin=g.admin.name, slug=slug, study_title=name, estimates=found
    )


@bp.get("/preview")
@logged_in
def preview(slug: str) -> ResponseReturnValue:
    """The information sheet as participants see it; its button leads to the questions without asking for consent."""
    definition, language = _previewed(slug)
    after = "screening" if definition.screening.questions else "study"
    return render_template(
        "participant/landing.html",
        **information(definition, language, slug),
        preview=url_for(f"conduct.preview_{after}", slug=slug, language=language),
        language_url=lambda code: url_for("conduct.preview", slug=slug, language=code),
    )


@bp.get("/preview/screening")
@logged_in
def preview_screening(slug: str) -> ResponseReturnValue:
    definition, language = _previewed(slug)
    onward = url_for("conduct.preview_study", slug=slug, language=language)
    return show_screening(definition, language, {}, preview=onward)


@bp.get("/preview/study")
@logged_in
def preview_study(slug: str) -> ResponseReturnValue:
    definition, language = _previewed(slug)
    return show_questions(
        definition,
        language,
        plan_url=url_for("conduct.show_preview_plan", slug=slug, language=language),
        finish_url=url_for("conduct.preview_finish", slug=slug, language=language),
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
        study = find_study(session, slug)
        try:
            folder, file = preview_image(session, study, stimulus_id)
        except UnknownError:
            return show_instructions_picture(study, stimulus_id)
    try:
        content = Path(folder, file).read_bytes()
    except FileNotFoundError:
        raise UnknownError("this image is missing on the server") from None
    return Response(content, mimetype="image/png")


@bp.get("/preview/finish")
@logged_in
def preview_finish(slug: str) -> ResponseReturnValue:
    return show_last_page(*_previewed(slug))


def _previewed(slug: str) -> tuple[FrozenDefinition, Language]:
    with database().reading() as session:
        definition = frozen_definition(find_study(session, slug))
    asked = request.args.get("language")
    languages = definition.study.languages
    return definition, speak(asked if asked in languages else languages[0])


def _back(slug: str) -> ResponseReturnValue:
    return redirect(url_for("dashboard.show_progress", slug=slug), 303)


def _require_name(study: Study) -> None:
    name = title(frozen_definition(study))
    given = " ".join(request.form.get("name", "").split()).casefold()
    if given not in (" ".join(name.split()).casefold(), study.slug):
        raise ConductError(f"to close the study, type its name: {name}", "name")


def _whole_number(field: str, what: str) -> int:
    given = request.form.get(field, "")
    if not (given.isascii() and given.isdigit() and len(given) < 6):
        raise ConductError(f"{what} must be a whole number", field)
    return int(given)


def _as_before(key: str, before: Any) -> Any:
    """What the form holds for this key, as the kind of value that it has in the definition."""
    given = "\n".join(request.form[key].splitlines()).strip()
    if isinstance(before, str):
        return before if given == "\n".join(before.splitlines()).strip() else given
    try:
        return type(before)(given)
    except ValueError:
        raise ConductError(f"{key} must be a number", key) from None


def _require_confirmed() -> None:
    if request.form.get("confirmed") != "yes":
        raise ConductError("nothing was changed: tick the box to confirm", "confirmed")
