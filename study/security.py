"""Secrets, tokens and hashes."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping

from study.errors import ConfigurationError

MIN_SECRET_LENGTH = 32
_MIN_DISTINCT = 10
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")
NOBODY = "deleted:"  # begins what stands for the recruitment hash of somebody whose ids were deleted
_CODE_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # without I, O, 0 and 1: codes are typed by hand


def new_token() -> str:
    """128 random bits, safe in a URL."""
    return secrets.token_urlsafe(16)


def is_token(text: str) -> bool:
    """Whether `text` has the shape of `new_token()`."""
    return _TOKEN.fullmatch(text) is not None


def new_public_id() -> str:
    """64 random bits that no spreadsheet takes for a number or a formula."""
    return f"p{secrets.token_hex(8)}"


def new_completion_code() -> str:
    """Eight letters and digits, 40 random bits."""
    return _new_code(8)


def new_withdrawal_code() -> str:
    """Twelve letters and digits, 60 random bits: guessing codes erases no data."""
    return _new_code(12)


def _new_code(length: int) -> str:
    return "".join(secrets.choice(_CODE_ALPHABET) for _ in range(length))


def identity_key(environ: Mapping[str, str]) -> str:
    """The key of recruitment hashes: it stays when the secret is replaced, because the hashes are in the database."""
    return environ.get("DISCERN_IDENTITY_KEY") or environ["DISCERN_SECRET_KEY"]


def require_strong_secret(secret: str | None, name: str = "DISCERN_SECRET_KEY") -> str:
    """Return the server's secret. Raises ConfigurationError when it is missing or could be guessed."""
    remedy = "make one with `python -c 'import secrets; print(secrets.token_urlsafe(32))'` and keep it to yourself"
    if not secret:
        raise ConfigurationError(f"{name} is not set; {remedy}")
    if len(secret) < MIN_SECRET_LENGTH or len(set(secret)) < _MIN_DISTINCT:
        raise ConfigurationError(f"{name} is weak (at least {MIN_SECRET_LENGTH} random characters); {remedy}")
    return secret


def recruitment_hash(secret: str, provider: str, key: str) -> str:
    """Keyed hash of a recruitment id: the same person is recognised, the id cannot be found from it."""
    message = f"recruitment\x1f{provider}\x1f{key}".encode()
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def attempt_key(secret: str, name: str, origin: str) -> str:
    """Keyed hash under which failed logins of a name from an origin are counted: neither can be found from it."""
    return hmac.new(secret.encode(), f"login\x1f{name}\x1f{origin}".encode(), hashlib.sha256).hexdigest()
