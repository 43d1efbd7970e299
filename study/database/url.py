"""The URL of the database, read strictly. No message of this module shows a part of it: it may hold a password."""

import re
from typing import NoReturn
from urllib.parse import unquote

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from study.errors import DatabaseNotReadyError

_DRIVERS = ("sqlite", "sqlite+pysqlite", "postgresql", "postgresql+psycopg")
_WRONGLY_ENCODED = re.compile(r"[/?#\[\]\t-\r]|%(?![0-9A-Fa-f]{2})")
_SECRET_OPTIONS = {"password", "sslpassword"}


def parsed_url(url: str) -> URL:
    """Raises DatabaseNotReadyError for a URL that cannot be read, that names a driver which is not ours, or whose
    password would be read as another one than was meant."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        _refuse("cannot be read as a database URL")
    if parsed.drivername not in _DRIVERS:
        name = parsed.drivername if re.fullmatch(r"[a-z0-9+]{1,40}", parsed.drivername) else "named there"
        _refuse(f"asks for {name}, which is not supported")
    if parsed.get_backend_name() == "postgresql":
        _require_encoded(url.partition("://")[2])
        if _SECRET_OPTIONS & set(parsed.query):
            _refuse("has a password among its options, where other programs would show it; put it before the @")
    return parsed


def _require_encoded(rest: str) -> None:
    """Without this, `p@ss` would end the password at its first character, and the message would show the others."""
    who, _, _where = rest.rpartition("@")
    if "@" in who or _WRONGLY_ENCODED.search(who) or not _is_text(who):
        _refuse(
            "has a special character before the @ of its host that must be written as a percent code:"
            " @ is %40, / is %2F, : is %3A, ? is %3F, # is %23, % is %25"
        )


def _is_text(encoded: str) -> bool:
    try:
        return "\0" not in unquote(encoded, errors="strict")
    except UnicodeDecodeError:
        return False


def _refuse(why: str) -> NoReturn:
    raise DatabaseNotReadyError(
        f"DISCERN_DATABASE_URL {why}; use sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME"
    ) from None
