"""Prolific's signature of a study link: a JSON Web Token that lasts two minutes, `prolific_token` in the address.

DISCERN_PROLIFIC_JWKS (an https address or a file) names Prolific's public keys, published at
https://api.prolific.com/.well-known/study/jwks.json (docs.prolific.com, "Retrieve JWKS"), and DISCERN_PROLIFIC_AUDIENCE
this server's address. With them the token is required: it is signed with RS256 by the key that it names, issued by
Prolific, not expired, and says who comes: `sub` is the link's SESSION_ID, `aud` the study's full address with its
query, and what else it names (the query of `aud`, `prolific`) is what the link says.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from study.errors import ConfigurationError, RecruitmentError
from study.recruitment.provider import Parameters

TOKEN = "prolific_token"
_ISSUER = "https://www.prolific.com"
_CLAIMS = {"PROLIFIC_PID": "participant_id", "STUDY_ID": "study_id", "SESSION_ID": "session_id"}
_KEYS_LIVE = timedelta(hours=12)
_LEEWAY = timedelta(seconds=30)  # between Prolific's clock and ours


class Identities:
    """Holds the keys of one source; they are fetched when first needed and again when they are old. Thread-safe."""

    def __init__(self, source: str, audience: str) -> None:
        from jwt import PyJWKClient

        self._host = _host(audience)
        if self._host is None:
            raise ConfigurationError(
                f"DISCERN_PROLIFIC_AUDIENCE is {audience!r}; it must be this server's address as Prolific has it,"
                " like https://study.example.org"
            )
        self._client = None
        if source.startswith("https://"):
            self._client = PyJWKClient(source, lifespan=int(_KEYS_LIVE.total_seconds()), timeout=5)
        else:
            self._file = _read_keys(Path(source))

    def check(self, parameters: Parameters) -> None:
        """Raise RecruitmentError unless a token proves what the link says."""
        import jwt

        if not parameters.get(TOKEN):
            raise RecruitmentError("this link is not signed; please open the study on Prolific")
        try:
            claims = self._claims(parameters[TOKEN])
        except jwt.PyJWKClientConnectionError as error:
            raise RecruitmentError("Prolific's keys cannot be reached at the moment; try again in a minute") from error
        except jwt.PyJWTError as error:
            raise RecruitmentError(
                "the link's signature is not Prolific's or has expired; please open the study on Prolific again"
            ) from error
        if any(parameters.get(name) != value for name, value in _vouched(claims)):
            raise RecruitmentError("the link's signature belongs to another participant; open the study on Prolific")

    def _claims(self, token: str) -> dict[str, Any]:
        import jwt

        key = self._client.get_signing_key_from_jwt(token) if self._client else self._named_key(token)
        claims = jwt.decode(
            token,
            key,
            algorithms=["RS256"],
            issuer=_ISSUER,
            leeway=_LEEWAY,
            options={"require": ["exp", "aud", "sub", "iss"], "verify_aud": False},
        )
        if self._host not in {_host(address) for address in _addresses(claims)}:
            raise jwt.InvalidAudienceError("for another server")
        return claims

    def _named_key(self, token: str) -> Any:
        import jwt

        kid = jwt.get_unverified_header(token).get("kid")
        found = [key for key in self._file.keys if key.key_id == kid]
        if not found:
            raise jwt.InvalidTokenError(f"no key {kid!r}")
        return found[0]


def _host(address: str) -> tuple[str, str, int | None] | None:
    """Scheme, host and port, the parts of an address that name a server; None where it is no address."""
    try:
        parts = urlsplit(address)
        port = parts.port or {"https": 443}.get(parts.scheme)
        return (parts.scheme, parts.hostname, port) if parts.scheme and parts.hostname else None
    except ValueError:
        return None


def _addresses(claims: Mapping[str, Any]) -> list[str]:
    audience = claims["aud"]
    return [str(one) for one in audience] if isinstance(audience, list) else [str(audience)]


def _vouched(claims: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """(parameter of the link, its value) for each that the token names; a placeholder left unfilled names none."""
    yield "SESSION_ID", claims["sub"]
    for address in _addresses(claims):
        yield from (
            (name, value)
            for name, value in parse_qsl(urlsplit(address).query)
            if name in _CLAIMS and not value.startswith("{{")
        )
    payload = claims.get("prolific")
    for name, word in _CLAIMS.items():
        if isinstance(payload, dict) and (value := payload.get(name, payload.get(word))) is not None:
            yield name, value


def _read_keys(path: Path) -> Any:
    from jwt import PyJWKSet
    from jwt.exceptions import PyJWTError

    try:
        return PyJWKSet.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, PyJWTError) as error:
        raise ConfigurationError(
            f"DISCERN_PROLIFIC_JWKS: {path} cannot be used as a JSON Web Key Set: {error}"
        ) from error
