"""Researchers' logins live in a cookie; where there is none there is nothing to read."""

from flask import Flask, Request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface


class _OfCookies(SecureCookieSessionInterface):
    """Participants have no cookie, and the means to check one are not made for them at every answer."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if "HTTP_COOKIE" not in request.environ:
            return self.session_class()
        return super().open_session(app, request)


def init_app(app: Flask) -> None:
    app.session_interface = _OfCookies()
