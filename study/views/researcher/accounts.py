"""Pages for researchers: log in, see how far each study is, take the data home."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import wraps

from flask import Blueprint, Response, current_app, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from contracts.methods import method_name, method_names
from languages.read import SOURCE
from study import clock
from study.conduct import logins
from study.conduct.access import seen, sees
from study.conduct.progress import summaries
from study.database import audit
from study.database.find import find_addressed, find_study
from study.database.schema import ANALYST, OWNER, VIEWER, Admin
from study.errors import ForbiddenError, UnknownError
from study.export import proof as export_proof
from study.export.files import zip_pieces
from study.security import attempt_key
from study.views.researcher.zone import day, hour, local, named_days, utc, zone_name
from study.views.server.database import database
from study.views.server.proxies import origin

bp = Blueprint("researcher", __name__, url_prefix="/researcher")
bp.add_app_template_filter(method_name)
for times in (hour, local, utc, day, named_days):
    bp.add_app_template_filter(times)
bp.add_app_template_global(zone_name)
_FOR_ANALYSTS = ("researcher.index", "dashboard.show_progress", "researcher.export")
_OWN_PAGE = re.compile(r"/researcher/[a-z0-9/-]*")


def logged_in(view: Callable[..., ResponseReturnValue]) -> Callable[..., ResponseReturnValue]:
    """Only for researchers whose role allows it; others log in first. Logging out or a new password ends a login."""

    @wraps(view)
    def guarded(**arguments: str) -> ResponseReturnValue:
        with database().reading() as reading:
            admin = logins.researcher(reading, session.get("login", ""), clock.now())
            if admin and not _sees(reading, admin, arguments):
                g.hides_study = True  # the page of the error names the address's study
                raise UnknownError(f"there is no study {arguments['slug']!r} here")
            study = find_addressed(reading, arguments)
            document = study.document if study else {}
        if admin is None:
            return redirect(url_for("researcher.login", next=request.path), 303)
        if not _permits(admin.role, request.endpoint or "", request.method):
            raise ForbiddenError(f"the role {admin.role!r} does not include this; ask an owner of the study")
        if not (admin.sees_all or "slug" in arguments or request.endpoint == "researcher.index"):
            raise ForbiddenError("this page is about all studies; ask an owner who sees them")
        g.admin = admin
        with method_names(document, SOURCE):
            return view(**arguments)

    return guarded


def _sees(reading: Session, admin: Admin, arguments: Mapping[str, str]) -> bool:
    return "slug" not in arguments or sees(reading, admin, arguments["slug"])


def _permits(role: str, endpoint: str, method: str) -> bool:
    """Whatever is not named here is for owners alone, pages that are added later too."""
    if role == ANALYST:
        return endpoint in _FOR_ANALYSTS
    return role == OWNER or (role == VIEWER and method in ("GET", "HEAD"))


@bp.get("/login")
def login() -> ResponseReturnValue:
    return _login_page(request.args.get("next", ""), name="", message=None)


@bp.post("/login")
def log_in() -> ResponseReturnValue:
    name, following = request.form.get("name", ""), request.form.get("next", "")
    key, now = attempt_key(current_app.config["SECRET_KEY"], name, origin()), clock.now()
    with database().reading() as reading:
        admin = logins.authenticate(reading, key, name, request.form.get("password", ""), now)
    mark = _record(key, name, admin, now)
    if mark is None:
        return _login_page(following, name, "Name or password is wrong."), 401
    session.clear()  # nothing from before the login goes on after it
    session.permanent = True
    session["login"] = mark
    is_own = _OWN_PAGE.fullmatch(following) is not None
    return redirect(request.script_root + following if is_own else url_for("researcher.index"), 303)


def _record(key: str, name: str, admin: Admin | None, now: datetime) -> str | None:
    """The mark of the login that begins; None where it was refused."""
    with database().writing() as writing:
        mark = logins.record_login(writing, key, admin, now) if admin else None
        if admin is None:
            logins.record_failure(writing, key, name, now)
        writing.commit()
    return mark


@bp.post("/logout")
def log_out() -> ResponseReturnValue:
    if mark := session.get("login"):
        with database().writing() as writing:
            logins.log_out(writing, mark)
            writing.commit()
    session.clear()
    return redirect(url_for("researcher.login"), 303)


@bp.get("/")
@logged_in
def index() -> ResponseReturnValue:
    with database().reading() as reading:
        return render_template(
            "researcher/index.html", admin=g.admin.name, studies=summaries(reading, seen(reading, g.admin))
        )


@bp.post("/studies/<slug>/export")
@logged_in
def export(slug: str) -> ResponseReturnValue:
    """The Psych-DS folder as a zip, sent while it is read.

    That it began is in the audit log whatever becomes of it; the hashes of what is given out are there before the
    last bytes leave.
    """
    now, actor, store = clock.now(), g.admin.name, database()
    with store.writing() as writing:
        find_study(writing, slug)
        audit.append(writing, actor, "export-begun", {"slug": slug}, now)
        writing.commit()

    def record(files: export_proof.Hashes) -> None:
        with store.writing() as writing:
            export_proof.record_export(writing, actor, slug, files, now)
            writing.commit()

    def pieces() -> Iterator[bytes]:
        with store.snapshot() as reading:
            yield from zip_pieces(reading, slug, record, now)

    name = f"discern-{slug}-{now:%Y%m%dT%H%M%SZ}.zip"
    return Response(
        pieces(), mimetype="application/zip", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def _login_page(following: str, name: str, message: str | None) -> str:
    return render_template("researcher/login.html", next=following, name=name, message=message)
