"""Each error becomes one HTTP status: JSON for the browser's program, a page for people."""

import logging

from flask import Flask, Response, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import IntegrityError, OperationalError, TimeoutError
from werkzeug.exceptions import HTTPException, InternalServerError, RequestEntityTooLarge, SecurityError

from study.errors import (
    AnswerConflictError,
    ConductError,
    ConsentError,
    ForbiddenError,
    LoginThrottledError,
    MalformedAnswerError,
    NotOpenError,
    RecruitmentError,
    StudyError,
    StudyFullError,
    UnknownError,
)

log = logging.getLogger(__name__)

RETRY_AFTER_S = 2
_PROGRAMS = ("protocol", "device")  # blueprints that speak JSON
# error → status, name for programs, heading for people
_REPLIES: dict[type[StudyError], tuple[int, str, str]] = {
    UnknownError: (404, "unknown", "Not found"),
    NotOpenError: (409, "not-open", "This study is not open"),
    StudyFullError: (409, "full", "This study is full"),
    ConductError: (409, "conflict", "That is not possible now"),
    ConsentError: (400, "malformed", "The form could not be used"),
    RecruitmentError: (400, "malformed", "This link is not complete"),
    MalformedAnswerError: (400, "malformed", "The answer could not be used"),
    AnswerConflictError: (409, "conflict", "The answer does not fit"),
    ForbiddenError: (403, "forbidden", "Not for this role"),
    LoginThrottledError: (429, "throttled", "Too many attempts"),
}
_HEADINGS = {404: "Not found", 405: "Not possible here", 413: "Too large", 500: "Something went wrong"}


def init_app(app: Flask) -> None:
    app.register_error_handler(StudyError, _domain_error)
    app.register_error_handler(AnswerConflictError, _conflict)
    app.register_error_handler(CSRFError, _forged_form)
    app.register_error_handler(HTTPException, _http_error)
    for error in (OperationalError, TimeoutError, IntegrityError):
        app.register_error_handler(error, _unavailable)


def _reply(status: int, name: str, heading: str, message: str) -> ResponseReturnValue:
    if request.blueprint in _PROGRAMS:
        return jsonify(error=name, message=message), status
    return render_template("error.html", status=status, heading=heading, message=message), status


def _domain_error(error: StudyError) -> ResponseReturnValue:
    if type(error) not in _REPLIES:
        log.error("unexpected", exc_info=error)
        return _http_error(InternalServerError())
    return _reply(*_REPLIES[type(error)], f"{str(error)[:1].upper()}{str(error)[1:]}.")


def _conflict(error: AnswerConflictError) -> ResponseReturnValue:
    return jsonify(error=error.code, next_index=error.next_index), 409


def _forged_form(_error: CSRFError) -> ResponseReturnValue:
    message = "This form cannot be accepted. Please open the page again and allow cookies for this address."
    return _reply(400, "malformed", "Please try again", message)


def _http_error(error: HTTPException) -> ResponseReturnValue:
    status = error.code or 500
    if isinstance(error, SecurityError):  # a Host that is not ours: no page with addresses in it can be written
        return Response("This server does not answer to that name.", status, mimetype="text/plain")
    if 300 <= status < 400:
        return error.get_response()
    if isinstance(error, RequestEntityTooLarge) and request.blueprint in _PROGRAMS:
        status = 400
    message = {
        404: "There is nothing at this address.",
        500: "The fault is ours and has been noted. What you have sent so far is kept.",
    }.get(status, error.description or "")
    return _reply(status, "malformed" if status == 400 else "failed", _HEADINGS.get(status, error.name), message)


def _unavailable(error: Exception) -> ResponseReturnValue:
    """Nothing was stored, and the same request may succeed soon. A constraint that caught a race counts as that."""
    log.warning("database unavailable: %s", error)
    message = "The server cannot do this at the moment. Nothing is lost; please try again in a few seconds."
    reply, status = _reply(503, "unavailable", "One moment, please", message)
    return reply, status, {"Retry-After": str(RETRY_AFTER_S)}
