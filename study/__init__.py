"""The survey: participants, assignment, trials, responses, the researchers' pages and the export."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask


def create_app(config: Mapping[str, Any] | None = None) -> "Flask":
    """The WSGI application, configured from `config`, else from the environment's `DISCERN_…` variables.

    Raises ConfigurationError or DatabaseNotReadyError rather than start in a way that loses or betrays answers.
    """
    from flask import Flask
    from flask_wtf import CSRFProtect

    from study import settings
    from study.views.participant import about, browser_report, entrance, leaving_pages, protocol, withdrawal_pages
    from study.views.participant import main_path as participant
    from study.views.researcher import accounts as researcher
    from study.views.researcher import conduct, dashboard, people_pages
    from study.views.server import (
        counts,
        database,
        error_pages,
        headers,
        hooks,
        languages,
        logs,
        probes,
        proxies,
        sessions,
        static_files,
    )
    from study.views.server.frontend import bp as frontend

    app = Flask(__name__, static_folder=None)
    # No view is a coroutine; Flask would ask so of each of its nine calls in every request.
    app.ensure_sync = lambda function: function  # type: ignore[method-assign, assignment]  # asked of functions of any type
    settings.read(app, config)
    logs.init_app(app)
    database.init_app(app)
    headers.init_app(app)
    static_files.init_app(app)
    probes.init_app(app)
    proxies.init_app(app)
    sessions.init_app(app)
    languages.init_app(app)
    error_pages.init_app(app)
    counts.init_app(app)
    entrance.init_app(app)
    csrf = CSRFProtect(app)
    for form in (
        withdrawal_pages.bp,
        leaving_pages.bp,
        about.bp,
        participant.consent,
        participant.switch_language,
        participant.start_anew_here,
    ):
        csrf.exempt(form)  # views/forms.py: a token that needs no cookie
    for programs in (protocol.bp, browser_report.bp, hooks.bp):
        csrf.exempt(
            programs
        )  # guarded by tokens in the address and a JSON content type, or a signature, not by a cookie
    csrf.exempt(conduct.preview_replies)  # nothing is read or written
    for views in (
        participant,
        about,
        protocol,
        browser_report,
        leaving_pages,
        withdrawal_pages,
        researcher,
        dashboard,
        conduct,
        people_pages,
        hooks,
    ):
        app.register_blueprint(views.bp)
    app.register_blueprint(frontend)
    return app


def close_app(app: "Flask") -> None:
    """End the application's database connections."""
    from study.views.server import counts, database

    database.close(app)
    counts.close(app)
