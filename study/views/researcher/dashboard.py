"""Pages on which researchers watch a study run and the server under it. They count; they show no result."""

from flask import Blueprint, g, render_template, request
from flask.typing import ResponseReturnValue

from contracts.observers import FAMILIES
from study import clock
from study.conduct.changes import changes
from study.conduct.health import health
from study.conduct.progress import title
from study.conduct.quality import FAST_MS, FLAGS, quality
from study.database.find import find_study
from study.definition import frozen_definition
from study.views.researcher.accounts import logged_in
from study.views.researcher.overview import Form, overview
from study.views.server.counts import failures
from study.views.server.database import database

bp = Blueprint("dashboard", __name__, url_prefix="/researcher")


@bp.get("/studies/<slug>")
@logged_in
def show_progress(slug: str) -> ResponseReturnValue:
    """`?form=` opens a form, so that the page needs no script."""
    return overview(slug, Form(request.args.get("form", "")))


@bp.get("/studies/<slug>/quality")
@logged_in
def show_quality(slug: str) -> ResponseReturnValue:
    kind = request.args.get("kind", "human")
    with database().reading() as reading:
        study = find_study(reading, slug)
        definition = frozen_definition(study)
        tasks = [task.name for task in definition.tasks]
        shown = quality(reading, study, kind if kind in FAMILIES else "human", tasks)
    return render_template(
        "researcher/quality.html",
        admin=g.admin.name,
        slug=slug,
        study_title=title(definition),
        quality=shown,
        kinds=FAMILIES,
        rules=FLAGS,
        fast=FAST_MS / 1000,
        now=clock.now(),
    )


@bp.get("/studies/<slug>/changes")
@logged_in
def show_changes(slug: str) -> ResponseReturnValue:
    with database().reading() as reading:
        study = find_study(reading, slug)
        found, name = changes(reading, study), title(frozen_definition(study))
    return render_template("researcher/changes.html", admin=g.admin.name, slug=slug, study_title=name, changes=found)


@bp.get("/server")
@logged_in
def show_server() -> ResponseReturnValue:
    with database().reading() as reading:
        shown = health(reading, failures(), clock.now())
    return render_template("researcher/server.html", admin=g.admin.name, health=shown, now=shown.at)
