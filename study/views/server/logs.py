"""Lines of the server's log: time, level, the request's id and what happened; no token and no address of a visitor."""

import logging
import re
import secrets
import time
from datetime import UTC, datetime

from flask import Flask, g, has_request_context

MOST_A_MINUTE = 60  # lines from one place of the code: visitors must not fill the disk
# A token as `security.new_token` makes it, but no name of a function.
_TOKEN = re.compile(r"(?<![\w-])(?![a-z_]{22}(?![\w-]))[\w-]{22}(?![\w-])", re.ASCII)
# What gunicorn says with texts of a visitor's choice, and instead.
_OF_VISITORS = {
    "Invalid request from ip=": "a request that is not HTTP was refused",
    "Error handling request": "error handling a request",
}


def request_id() -> str:
    """What a line of the log and the error page that a visitor saw have in common; `-` outside of a request."""
    if not has_request_context():
        return "-"
    if "request_id" not in g:
        g.request_id = secrets.token_hex(4)
    return g.request_id


class Line(logging.Formatter):
    """2026-01-02T03:04:05Z ERROR 1f2e3d4c what happened."""

    def __init__(self) -> None:
        super().__init__("%(message)s")

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC)
        line = f"{at:%Y-%m-%dT%H:%M:%SZ} {record.levelname} {request_id()} {super().format(record)}"
        return _TOKEN.sub("(token)", line)


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
        return self._is_among_the_first(record)

    def _is_among_the_first(self, record: logging.LogRecord) -> bool:
        if (minute := int(time.monotonic() // 60)) != self._minute:
            self._minute, self._lines = minute, {}
        place = (record.pathname, record.lineno)
        self._lines[place] = n = self._lines.get(place, 0) + 1
        if n == MOST_A_MINUTE:
            record.msg, record.args = f"{record.getMessage()} (more such lines of this minute are left out)", ()
        return n <= MOST_A_MINUTE


def use(handler: logging.Handler) -> logging.Handler:
    """The handler, writing such lines."""
    handler.setFormatter(Line())
    handler.addFilter(Sparing())
    return handler


def init_app(_app: Flask) -> None:
    """Where nobody else has said how to log."""
    root = logging.getLogger()
    if not root.handlers:
        root.addHandler(use(logging.StreamHandler()))
