"""Addresses as people type them: the server's own, capital letters, a slash at the end."""

from flask import Blueprint, Flask, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from study.views.server.languages import marked as _
from study.views.server.languages import speak, translate, visitors_language

bp = Blueprint("entrance", __name__)


def init_app(app: Flask) -> None:
    """To be called before the views are registered."""
    app.url_map.strict_slashes = False
    app.before_request(_in_small_letters)
    app.register_blueprint(bp)


@bp.get("/")
def entrance() -> ResponseReturnValue:
    """Names no study: a link is given to those who are to have it."""
    language = speak(visitors_language())
    return render_template("participant/entrance.html", title=translate(_("Research studies")), language=language)


@bp.get("/S/<slug>")
def in_capitals(slug: str) -> ResponseReturnValue:
    return redirect(url_for("participant.landing", slug=slug.lower()) + _query(), 308)


def _in_small_letters() -> ResponseReturnValue | None:
    """Only tokens tell capital letters from small ones; the name of a study in an address has small letters."""
    named = request.view_args or {}
    slug = named.get("slug", "")
    if slug == slug.lower() or request.endpoint is None or request.endpoint.startswith("entrance"):
        return None
    return redirect(url_for(request.endpoint, **named | {"slug": slug.lower()}) + _query(), 308)


def _query() -> str:
    return f"?{request.query_string.decode('latin-1')}" if request.query_string else ""
