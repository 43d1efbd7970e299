"""Addresses that programs watch: `/healthz` and `/readyz`.

They are answered in front of the application, so they are no visits: nothing counts, limits or logs them, they give no
cookie, and they answer to every host name, because balancers ask by address.
"""

import json
from collections.abc import Iterable
from typing import Any

from flask import Flask, current_app, request
from itsdangerous import BadSignature, TimestampSigner
from werkzeug.wrappers import Response

from study import clock
from study.conduct.readiness import why_not_ready
from study.views.server.database import database
from study.views.server.logs import ID_HEADER
from study.views.server.proxies import is_of_proxy

CHECK_HEADER, CHECK_SALT = "X-Discern-Check", "deploy-check"
_CHECK_LIVES_S = 60
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def init_app(app: Flask) -> None:
    """200 while the process answers; 200 or 503 with the reason."""

    def ready(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        with app.app_context():
            reason = why_not_ready(database())
        return _reply(503 if reason else 200, reason or "ready")(environ, start_response)

    def alive(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        with app.request_context(environ):
            words = json.dumps(_seen()) if _is_checked() else "alive"
        return _reply(200, words)(environ, start_response)

    probes, pages = {"/healthz": alive, "/readyz": ready}, app.wsgi_app

    def addressed(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        return probes.get(environ["PATH_INFO"], pages)(environ, start_response)

    app.wsgi_app = addressed  # type: ignore[method-assign]  # the way that Flask documents


def _is_checked() -> bool:
    """Whether somebody who has our secret asks, as `deploy-check` does."""
    try:
        signer = TimestampSigner(current_app.config["WTF_CSRF_SECRET_KEY"], salt=CHECK_SALT)
        signer.unsign(request.headers.get(CHECK_HEADER, ""), max_age=_CHECK_LIVES_S)
    except BadSignature:
        return False
    return True


def _seen() -> dict[str, Any]:
    """What the web server in front has passed on."""
    return {
        "host": request.environ.get("HTTP_HOST", ""),
        "remote": request.remote_addr,
        "is_of_proxy": is_of_proxy(),
        "visitor": request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip(),
        "request_id": request.headers.get(ID_HEADER, ""),
        "at": clock.now().isoformat(),
    }


def _reply(status: int, words: str) -> Response:
    return Response(f"{words}\n", status, _HEADERS, mimetype="text/plain")
