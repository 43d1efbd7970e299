"""Lines of the server's log: time, level, the request's id and what happened; no token and no address of a visitor."""

import json
import logging
import re
import secrets
import time
from datetime import UTC, datetime
from typing import Any

from flask import Flask, Response, g, has_request_context, request

from study.security import is_token
from study.views.server.proxies import is_of_proxy

ID_HEADER = "X-Request-ID"
_ID = "discern.request_id"
MOST_A_MINUTE = 60  # lines from one place of the code: visitors must not fill the disk
# A token as `security.new_token` makes it, but no name of a function; and an id as `security.new_public_id` makes it.
_TOKEN = re.compile(r"(?<![\w-])(?:(?![a-z_]{22}(?![\w-]))[\w-]{22}|p[0-9a-f]{16})(?![\w-])", re.ASCII)
_PROXYS_ID = re.compile(r"[0-9A-Fa-f][0-9A-Fa-f-]{6,62}[0-9A-Fa-f]")
# What gunicorn says with texts of a visitor's choice, and instead.
_OF_VISITORS = {
    "Invalid request from ip=": "a request that is not HTTP was refused",
    "Error handling request": "error handling a request",
}
log = logging.getLogger(__name__)


def request_id() -> str:
    """What a line of the log, a reply and its error page have in common; `-` outside of a request.

    An id that a proxy of ours has given is kept where it is hexadecimal, so that both logs have the same.
    """
    return id_of(request.environ) if has_request_context() else "-"


def id_of(environ: dict[str, Any]) -> str:
    """The `request_id` of the present request, whose WSGI environment this is."""
    known: str | None = environ.get(_ID)
    if known is None:
        known = environ[_ID] = _proxys_id(environ) or secrets.token_hex(4)
    return known


def _proxys_id(environ: dict[str, Any]) -> str | None:
    given = environ.get("HTTP_X_REQUEST_ID")
    if given and _PROXYS_ID.fullmatch(given) and not is_token(given) and is_of_proxy():
        return given
    return None


class Line(logging.Formatter):
    """2026-01-02T03:04:05Z ERROR 1f2e3d4c what happened; the traceback of an error follows, indented."""

    def format(self, record: logging.LogRecord) -> str:
        """Called by `logging`."""
        return self._written(record, f"{datetime.fromtimestamp(record.created, UTC):%Y-%m-%dT%H:%M:%SZ}")

    def _written(self, record: logging.LogRecord, at: str) -> str:
        said = _hidden(record.getMessage()).replace("\n", "\n    ")
        trace = self._trace(record).replace("\n", "\n    ")
        return f"{at} {record.levelname} {request_id()} {said}" + (f"\n    {trace}" if trace else "")

    def _trace(self, record: logging.LogRecord) -> str:
        return _hidden(self.formatException(record.exc_info)) if record.exc_info else ""


class JsonLine(Line):
    """The same as one JSON object in one line, with the traceback as a text and the fields of a request by name."""

    def _written(self, record: logging.LogRecord, at: str) -> str:
        told = {"time": at, "level": record.levelname, "request": request_id(), "message": record.getMessage()}
        told |= getattr(record, "fields", {})
        texts = {name: _hidden(value) if isinstance(value, str) else value for name, value in told.items()}
        trace = self._trace(record)
        return json.dumps(texts | ({"trace": trace} if trace else {}))


def _hidden(text: str) -> str:
    return _TOKEN.sub("(token)", text)


class Sparing(logging.Filter):
    """Leaves out texts of a visitor's choice, and lines of one kind beyond those that a reader needs."""

    def __init__(self) -> None:
        super().__init__()
        self._minute, self._lines = 0, dict[tuple[str, int], int]()

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and isinstance(record.exc_info[1], TimeoutError) and record.name == "gunicorn.error":
            return False  # a client did not take its reply in time
        for beginning, instead in _OF_VISITORS.items():
            if str(record.msg).startswith(beginning):
                record.msg, record.args = instead, ()
        return record.levelno < logging.WARNING or self._is_among_the_first(record)

    def _is_among_the_first(self, record: logging.LogRecord) -> bool:
        if (minute := int(time.monotonic() // 60)) != self._minute:
            self._minute, self._lines = minute, {}
        place = (record.pathname, record.lineno)
        self._lines[place] = n = self._lines.get(place, 0) + 1
        if n == MOST_A_MINUTE:
            record.msg, record.args = f"{record.getMessage()} (more such lines of this minute are left out)", ()
        return n <= MOST_A_MINUTE


def use(handler: logging.Handler, written: str = "plain") -> logging.Handler:
    """The handler, writing such lines; `written` is plain or json."""
    handler.setFormatter(JsonLine() if written == "json" else Line())
    handler.addFilter(Sparing())
    return handler


def init_app(app: Flask) -> None:
    """Where nobody else has said how to log, on standard error."""
    root = logging.getLogger()
    if not root.handlers:
        root.addHandler(use(logging.StreamHandler(), app.config["LOG_FORMAT"]))
    app.logger.setLevel(app.config["LOG_LEVEL"].upper())
    app.before_request(_begin)
    app.after_request(_tell)


def _begin() -> None:
    if log.isEnabledFor(logging.INFO):
        g.begun = time.perf_counter()


def _tell(response: Response) -> Response:
    """The rule of an address, never the address: it may hold a token."""
    if log.isEnabledFor(logging.INFO):
        rule = request.url_rule.rule if request.url_rule else "(no such address)"
        ms = round(1000 * (time.perf_counter() - g.get("begun", time.perf_counter())), 1)
        fields = {"method": request.method, "rule": rule, "status": response.status_code, "ms": ms}
        log.info("%s %s %d %.1f ms", *fields.values(), extra={"fields": fields})
    return response
