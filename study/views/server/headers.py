"""Headers that every reply carries."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from flask import Flask, g

from study.config import ParticipantsConfig
from study.recruitment.providers import PROVIDERS
from study.views.server.logs import ID_HEADER, id_of

Hosts = tuple[str, ...]
_ALWAYS = [
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
    ("X-Robots-Tag", "noindex, nofollow"),
]


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
    """They are added where a reply leaves, all at once."""
    app.wsgi_app = _with(_always(app.config), app.wsgi_app)  # type: ignore[method-assign]  # the way that Flask documents


def _always(config: Mapping[str, Any]) -> list[tuple[str, str]]:
    # Below a sub-path the host belongs to others, too, who may have pages over HTTP.
    if config["PRODUCTION"] == "1" and config["APPLICATION_ROOT"] == "/":
        return [*_ALWAYS, ("Strict-Transport-Security", "max-age=31536000")]
    return _ALWAYS


def _with(always: list[tuple[str, str]], wsgi_app: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    def guarded(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            return start_response(status, [*headers, *always, *_own(environ, dict(headers))], *error)

        return wsgi_app(environ, start)

    return guarded


def _own(environ: dict[str, Any], given: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Of this reply, which has the headers `given` already."""
    yield "Content-Security-Policy", _policy()
    # Pages, plans and replies must never be shown again from a cache; static files and images say otherwise.
    if "Cache-Control" not in given:
        yield "Cache-Control", "no-store"
    if not given.get("Content-Type", "").startswith("image/"):  # the headers of all pictures are the same
        yield ID_HEADER, id_of(environ)
