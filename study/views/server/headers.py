"""Headers that every reply carries."""

from functools import cache

from flask import Flask, Response, g

from study.config import ParticipantsConfig
from study.recruitment.providers import PROVIDERS

Hosts = tuple[str, ...]


@cache
def content_security_policy(form_targets: Hosts = (), frame_hosts: Hosts = ()) -> str:
    """Nothing but our own files; frames and forms only for those whom the study's recruitment needs."""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' blob: data:",
            "connect-src 'self'",
            "font-src 'self'",
            " ".join(("form-action 'self'", *form_targets)),
            "base-uri 'none'",
            " ".join(("frame-ancestors", *(frame_hosts or ("'none'",)))),
        )
    )


def allow_recruiters(config: ParticipantsConfig) -> None:
    """This reply is a page of a study whose participants come as `config` says."""
    g.participants = config


def _policy() -> str:
    config: ParticipantsConfig | None = g.get("participants")
    if config is None:
        return content_security_policy()
    provider = PROVIDERS[config.provider]
    return content_security_policy(provider.form_targets, (*provider.frame_ancestors, *config.frame_hosts))


def init_app(app: Flask) -> None:
    @app.after_request
    def _guard(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = _policy()
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        response.headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        # Pages, plans and replies must never be shown again from a cache; static files and images say otherwise.
        response.headers.setdefault("Cache-Control", "no-store")
        # Below a sub-path the host belongs to others, too, who may have pages over HTTP.
        if app.config["PRODUCTION"] == "1" and app.config["APPLICATION_ROOT"] == "/":
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
        return response
