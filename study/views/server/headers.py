"""Headers that every reply carries."""

from functools import cache

from flask import Flask, Response, g

from study.recruitment.provider import Provider


@cache
def content_security_policy(provider: Provider | None = None) -> str:
    """Nothing but our own files; frames and forms only for those whom the study's recruitment needs."""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' blob: data:",
            "connect-src 'self'",
            "font-src 'self'",
            " ".join(("form-action 'self'", *(provider.form_targets if provider else ()))),
            "base-uri 'none'",
            " ".join(("frame-ancestors", *((provider and provider.frame_ancestors) or ("'none'",)))),
        )
    )


def allow_provider(provider: Provider) -> None:
    """This reply is a page of a study whose participants this provider sends."""
    g.provider = provider


def init_app(app: Flask) -> None:
    @app.after_request
    def _guard(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = content_security_policy(g.get("provider"))
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        response.headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
        # Pages, plans and replies must never be shown again from a cache; static files and images say otherwise.
        response.headers.setdefault("Cache-Control", "no-store")
        if app.config["PRODUCTION"] == "1":
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
        return response
