"""Addresses as people type them: the server's own, capital letters, a slash at the end."""

from flask import Blueprint, Flask, redirect, render_template, request, send_from_directory, url_for
from flask.typing import ResponseReturnValue

from study.views.server.languages import marked as _
from study.views.server.languages import speak, translate, visitors_language
from study.views.server.static_files import STATIC

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


@bp.get("/robots.txt")
def robots() -> ResponseReturnValue:
    return "User-agent: *\nDisallow: /\n", {"Content-Type": "text/plain; charset=utf-8"}


@bp.get("/favicon.ico")
def favicon() -> ResponseReturnValue:
    """For browsers that ask for it unbidden; pages name the drawing from which it was made."""
    return send_from_directory(STATIC, "favicon.ico", max_age=86400)


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
