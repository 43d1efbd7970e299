"""Addresses that programs watch: `/healthz` and `/readyz`.

They are answered in front of the application, so they are no visits: nothing counts, limits or logs them, they give no
cookie, and they answer to every host name, because balancers ask by address.
"""

from collections.abc import Iterable
from typing import Any

from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.wrappers import Response

from study.conduct.readiness import why_not_ready
from study.views.server.database import database

_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def init_app(app: Flask) -> None:
    """200 while the process answers; 200 or 503 with the reason."""

    def ready(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        with app.app_context():
            reason = why_not_ready(database())
        return _reply(503 if reason else 200, reason or "ready")(environ, start_response)

    probes: dict[str, Any] = {"/healthz": _reply(200, "alive"), "/readyz": ready}
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, probes)  # type: ignore[method-assign]  # as Flask documents


def _reply(status: int, words: str) -> Response:
    return Response(f"{words}\n", status, _HEADERS, mimetype="text/plain")
