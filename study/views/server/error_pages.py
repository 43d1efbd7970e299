"""Each error becomes one HTTP status: JSON for the browser's program, a page for people."""

import logging

from flask import Flask, Response, g, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from psycopg import OperationalError as BrokenConnection
from sqlalchemy.exc import DataError, IntegrityError, OperationalError, TimeoutError
from werkzeug.exceptions import (
    BadHost,
    BadRequest,
    HTTPException,
    InternalServerError,
    MethodNotAllowed,
    RequestEntityTooLarge,
    SecurityError,
)

from languages.read import SOURCE
from study.database.find import find_addressed
from study.definition import frozen_definition
from study.errors import (
    AnswerConflictError,
    ConductError,
    ConsentError,
    EarlyAnswerError,
    ForbiddenError,
    LoginThrottledError,
    MalformedAnswerError,
    NotOpenError,
    PictureMissingError,
    RecruitmentError,
    StudyError,
    StudyFullError,
    UnknownError,
)
from study.views.server.database import database
from study.views.server.languages import marked as _
from study.views.server.languages import speak, translate, visitors_language
from study.views.server.logs import request_id

log = logging.getLogger(__name__)

RETRY_AFTER_S = 2
_NOT_VALID = _("This link is not valid")
_OPEN_YOURS = _("Please open the study link you were given.")
_PROGRAMS = ("protocol", "device", "hooks")  # blueprints that speak JSON
# error → status, name for programs, heading for people
_REPLIES: dict[type[StudyError], tuple[int, str, str]] = {
    UnknownError: (404, "unknown", _NOT_VALID),
    NotOpenError: (409, "not-open", _("This study is not open")),
    StudyFullError: (409, "full", _("This study is full")),
    ConductError: (409, "conflict", _("That is not possible now")),
    ConsentError: (400, "malformed", _("The form could not be used")),
    RecruitmentError: (400, "malformed", _("This link is not complete")),
    MalformedAnswerError: (400, "malformed", _("The answer could not be used")),
    AnswerConflictError: (409, "conflict", _("This answer cannot be stored")),
    ForbiddenError: (403, "forbidden", _("Your role does not allow this")),
    PictureMissingError: (500, "missing", _("Something went wrong")),
    LoginThrottledError: (429, "throttled", _("Too many attempts")),
}
# What is said in other languages where the error's own sentence names something and so is in no catalogue.
_GENERAL: dict[type[StudyError], str] = {
    UnknownError: _OPEN_YOURS,
    ConsentError: _("Please open the study's address again and fill in the form once more."),
}
_PAGES: dict[int, tuple[str, str]] = {
    404: (_NOT_VALID, _OPEN_YOURS),
    413: (_("Too large"), _("What was sent is too large.")),
    500: (
        _("Something went wrong"),
        _("An error happened on the server and was recorded. The answers that you have sent are stored."),
    ),
}
_OTHER_PAGE = (_("Not possible here"), _("The server does not support this request."))


def init_app(app: Flask) -> None:
    app.register_error_handler(StudyError, _domain_error)
    app.register_error_handler(AnswerConflictError, _conflict)
    app.register_error_handler(EarlyAnswerError, _too_early)
    app.register_error_handler(CSRFError, _forged_form)
    app.register_error_handler(HTTPException, _http_error)
    # A connection that breaks while SQLAlchemy sets its isolation level raises the driver's own error.
    for error in (OperationalError, BrokenConnection, TimeoutError, IntegrityError):
        app.register_error_handler(error, _unavailable)
    app.register_error_handler(DataError, _unstorable)
    app.before_request(_require_host)


def _require_host() -> None:
    """Raise SecurityError for a Host that names nothing: links of our pages would lead nowhere."""
    host = request.host
    if not host or host.startswith("."):
        raise SecurityError()


def _reply(status: int, name: str, heading: str, message: str | StudyError) -> tuple[str | Response, int]:
    if request.blueprint in _PROGRAMS:
        return jsonify(error=name, message=_said(message)), status
    language = speak(g.get("language") or visitors_language())
    shown = {"heading": translate(heading), "message": _said(message), "language": language}
    if status == 404 and shown["message"] != translate(_OPEN_YOURS):
        shown["remedy"] = translate(_OPEN_YOURS)
    is_logged = status >= InternalServerError.code or log.isEnabledFor(logging.INFO)
    reference = request_id() if is_logged else None
    of_study = {} if status == 503 or g.get("hides_study") else _of_study(language)
    return render_template("error.html", status=status, **shown, **of_study, reference=reference), status


def _of_study(language: str) -> dict[str, str]:
    """Title and contact of the study that the address belongs to, or of the only one here; nothing where neither is."""
    try:
        with database().reading() as session:
            study = find_addressed(session, request.view_args or {})
    except (OperationalError, BrokenConnection, TimeoutError, DataError):
        return {}
    if study is None:
        return {}
    texts = frozen_definition(study).study
    spoken = language if language in texts.languages else texts.languages[0]
    return {"title": texts.title[spoken], "contact": texts.contact[spoken]}


def _said(message: str | StudyError) -> str:
    return _sentence(message) if isinstance(message, StudyError) else translate(message)


def _domain_error(error: StudyError) -> ResponseReturnValue:
    if type(error) not in _REPLIES:
        log.error("unexpected", exc_info=error)
        return _http_error(InternalServerError())
    status, name, heading = _REPLIES[type(error)]
    return _reply(status, name, heading, error)


def _sentence(error: StudyError) -> str:
    own = str(error)
    translated = translate(own)
    if translated != own:
        return translated
    if g.get("language", SOURCE) != SOURCE and type(error) in _GENERAL:
        return translate(_GENERAL[type(error)])
    return f"{own[:1].upper()}{own[1:]}."


def _conflict(error: AnswerConflictError) -> ResponseReturnValue:
    return jsonify(error=error.code, next_index=error.next_index), 409


def _too_early(error: EarlyAnswerError) -> ResponseReturnValue:
    reply, status = _reply(429, "early", _("One moment, please"), error)
    return reply, status, {"Retry-After": str(error.seconds)}


def _forged_form(_error: CSRFError) -> ResponseReturnValue:
    message = _("This form cannot be accepted. Please open the page again and allow cookies for this address.")
    return _reply(400, "malformed", _("Please try again"), message)


def _http_error(error: HTTPException) -> ResponseReturnValue:
    status = error.code or 500
    # A Host that is not ours or no name at all: no page with addresses in it can be written.
    if isinstance(error, SecurityError | BadHost):
        return Response("This server does not answer to that name.", status, mimetype="text/plain")
    if 300 <= status < 400:
        return error.get_response()
    if isinstance(error, RequestEntityTooLarge) and request.blueprint in _PROGRAMS:
        status = 400
    page, status = _reply(status, "malformed" if status == 400 else "failed", *_PAGES.get(status, _OTHER_PAGE))
    methods = error.valid_methods if isinstance(error, MethodNotAllowed) else None
    return page, status, {"Allow": ", ".join(sorted(methods))} if methods else {}


def _unstorable(error: DataError) -> ResponseReturnValue:
    """The visitor sent what no column of the database can hold, such as a NUL in an address."""
    log.warning("refused by the database: %s", type(error.orig).__name__)  # its text may be the visitor's
    return _http_error(BadRequest())


def _unavailable(error: Exception) -> ResponseReturnValue:
    """Nothing was stored, and the same request may succeed soon. A constraint that caught a race counts as that."""
    # The first line says why; others may hold values of a row.
    log.warning("database unavailable: %s", str(getattr(error, "orig", None) or error).partition("\n")[0])
    message = _("The server cannot do this at the moment. Nothing is lost; please try again in a few seconds.")
    reply, status = _reply(503, "unavailable", _("One moment, please"), message)
    return reply, status, {"Retry-After": str(RETRY_AFTER_S)}
