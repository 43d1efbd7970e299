"""The server's settings: their defaults, and what it refuses to start with.

In the environment each is called `DISCERN_<NAME>`. `DISCERN_PRODUCTION=1` is for a server that others can reach:
cookies then travel over HTTPS only.
"""

import re
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from flask import Config, Flask

from study.conduct.logins import LASTING
from study.database.db import DEFAULT_URL
from study.errors import ConfigurationError
from study.recruitment.identities import Identities
from study.security import require_strong_secret

DEFAULTS: dict[str, Any] = {
    "APPLICATION_ROOT": "/",  # the part of the address below which everything is, e.g. /discern
    "DATABASE_URL": "",
    "PROLIFIC_AUDIENCE": "",
    "PROLIFIC_HOOK_SECRET": "",  # of the workspace, which signs its webhooks; empty: none are taken
    "PROLIFIC_JWKS": "",
    "TRUSTED_HOSTS": None,  # in the environment: names with commas between, .example.org for all below it
    "PRODUCTION": "0",
    "PROXIES": "127.0.0.1,::1",  # whose word on a visitor's address is believed: addresses or networks
    "IDENTITY_KEY": "",  # of recruitment hashes; empty: the secret
    "LOG_FORMAT": "plain",
    "LOG_LEVEL": "warning",
    "METRICS": "",  # address for Prometheus; empty: nothing is counted
    "MAX_CONTENT_LENGTH": 128 * 1024,  # bytes; the longest answer allowed is about half of it
    "MAX_FORM_PARTS": 50,
    "PERMANENT_SESSION_LIFETIME": LASTING,
    "SESSION_REFRESH_EACH_REQUEST": False,  # a page that updates itself must not keep a login alive
    "SESSION_COOKIE_NAME": "discern-session",
    "SESSION_COOKIE_HTTPONLY": True,
    "SESSION_COOKIE_SAMESITE": "Lax",
    "WTF_CSRF_TIME_LIMIT": None,  # people may read the information sheet for as long as they like
    "WTF_CSRF_SSL_STRICT": False,  # it wants a Referer, which our Referrer-Policy keeps back
}

_EARLIER = "DISCERN_SECRET_KEY_FALLBACKS"
_ONE_OF = {"PRODUCTION": ("0", "1"), "LOG_FORMAT": ("plain", "json"), "LOG_LEVEL": ("info", "warning", "error")}


def read(app: Flask, config: Mapping[str, Any] | None = None) -> None:
    """Give the application its settings, from `config` or the environment. Raises ConfigurationError as `check`."""
    app.config.from_mapping(DEFAULTS)
    if config is None:
        app.config.from_prefixed_env("DISCERN", loads=str)
    else:
        app.config.from_mapping(config)
    check(app)


def check(app: Flask) -> None:
    """Raise ConfigurationError for settings that would betray or lose something."""
    _check_keys(app.config)
    app.config["DATABASE_URL"] = app.config["DATABASE_URL"] or DEFAULT_URL
    app.config["TRUSTED_HOSTS"] = _listed(app.config["TRUSTED_HOSTS"]) or None
    if app.config["PROLIFIC_JWKS"]:
        app.extensions["discern-identities"] = Identities(app.config["PROLIFIC_JWKS"], app.config["PROLIFIC_AUDIENCE"])
    for name, known in _ONE_OF.items():
        if app.config[name] not in known:
            raise ConfigurationError(f"DISCERN_{name} must be {' or '.join(known)}, not {app.config[name]!r}")
    app.config["PROXIES"] = _networks(app.config["PROXIES"])
    app.config["APPLICATION_ROOT"] = _root(app.config["APPLICATION_ROOT"])
    app.config["SESSION_COOKIE_SECURE"] = app.config["PRODUCTION"] == "1"
    if app.config["PRODUCTION"] == "1" and not app.config["TRUSTED_HOSTS"]:
        raise ConfigurationError(
            "a visitor could choose the name that the pages give as their address; "
            "set DISCERN_TRUSTED_HOSTS to the server's own, e.g. study.example.org"
        )
    if app.debug and app.config["PRODUCTION"] == "1":
        raise ConfigurationError(
            "the debugger runs any code for any visitor; switch it off or unset DISCERN_PRODUCTION"
        )


def _check_keys(config: Config) -> None:
    """Earlier secrets are read for a while and sign nothing; hashes of ids are always made with the same key."""
    secret = config["SECRET_KEY"] = require_strong_secret(config.get("SECRET_KEY"))
    earlier = [require_strong_secret(key, _EARLIER) for key in _listed(config["SECRET_KEY_FALLBACKS"])]
    if earlier and not config["IDENTITY_KEY"]:
        raise ConfigurationError(
            f"{_EARLIER} is set without DISCERN_IDENTITY_KEY, so nobody whom a platform sends would be recognised; set"
            " it to the secret that the database began with"
        )
    config["SECRET_KEY_FALLBACKS"] = earlier
    config["WTF_CSRF_SECRET_KEY"] = [*earlier, secret]  # the last one signs
    config["IDENTITY_KEY"] = require_strong_secret(config["IDENTITY_KEY"] or secret, "DISCERN_IDENTITY_KEY")


def _listed(given: str | Sequence[str] | None) -> list[str]:
    """What the environment has with commas between."""
    return [part.strip() for part in given.split(",") if part.strip()] if isinstance(given, str) else list(given or ())


def _root(text: str) -> str:
    if not re.fullmatch(r"(/[a-zA-Z0-9_-]+)*/?", text):
        raise ConfigurationError(f"DISCERN_APPLICATION_ROOT must be a path such as /discern, not {text!r}")
    return text.rstrip("/") or "/"


def _networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise ConfigurationError(
            f"DISCERN_PROXIES: {error}; write addresses or networks with commas between, e.g. 10.0.0.5,192.168.7.0/24"
        ) from None
