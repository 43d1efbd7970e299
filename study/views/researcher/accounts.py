"""Pages for researchers: log in, see how far each study is, take the data home."""

import hashlib
import hmac
import re
from collections.abc import Callable, Iterator
from functools import wraps

from flask import Blueprint, Response, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from contracts.methods import method_name
from study import clock
from study.conduct import admins
from study.conduct.progress import summaries
from study.database import audit
from study.database.find import find_study
from study.database.schema import ANALYST, OWNER, VIEWER, Admin
from study.errors import ForbiddenError
from study.export import proof as export_proof
from study.export.files import zip_pieces
from study.views.server.database import database

bp = Blueprint("researcher", __name__, url_prefix="/researcher")
bp.add_app_template_filter(method_name)
_FOR_ANALYSTS = ("researcher.index", "dashboard.show_progress", "researcher.export")
_OWN_PAGE = re.compile(r"/researcher/[a-z0-9/-]*")


def logged_in(view: Callable[..., ResponseReturnValue]) -> Callable[..., ResponseReturnValue]:
    """Only for researchers whose role allows it; others log in first. A new password ends older logins."""

    @wraps(view)
    def guarded(**arguments: str) -> ResponseReturnValue:
        with database().reading() as reading:
            admin = reading.get(Admin, session.get("admin_id", 0))
        if admin is None or not hmac.compare_digest(session.get("password_mark", ""), _password_mark(admin)):
            return redirect(url_for("researcher.login", next=request.path), 303)
        if not _permits(admin.role, request.endpoint or "", request.method):
            raise ForbiddenError(f"the role {admin.role!r} does not include this; ask an owner of the study")
        g.admin = admin
        return view(**arguments)

    return guarded


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
    now = clock.now()
    with database().reading() as reading:
        admin = admins.authenticate(reading, name, request.form.get("password", ""), now)
    with database().writing() as writing:
        admins.record_login(writing, name, admin is not None, now)
        writing.commit()
    if admin is None:
        return _login_page(following, name, "Name or password is wrong."), 401
    session.clear()  # nothing from before the login goes on after it
    session.permanent = True
    session["admin_id"], session["password_mark"] = admin.id, _password_mark(admin)
    return redirect(following if _OWN_PAGE.fullmatch(following) else url_for("researcher.index"), 303)


@bp.post("/logout")
def log_out() -> ResponseReturnValue:
    session.clear()
    return redirect(url_for("researcher.login"), 303)


@bp.get("/")
@logged_in
def index() -> ResponseReturnValue:
    with database().reading() as reading:
        return render_template("researcher/index.html", admin=g.admin.name, studies=summaries(reading))


@bp.post("/studies/<slug>/export")
@logged_in
def export(slug: str) -> ResponseReturnValue:
    """The Psych-DS folder as a zip, sent while it is read.

    That it began stands in the audit log whatever becomes of it; the hashes of what is given out stand there before the
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


def _password_mark(admin: Admin) -> str:
    """Changes with the password; the session cookie is signed but readable, so the hash itself stays out of it."""
    return hashlib.sha256(admin.password_hash.encode()).hexdigest()[:16]
