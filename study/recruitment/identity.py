"""Prolific's signed identity: a JSON Web Token in the link, checked against Prolific's published keys.

The keys' address is https://api.prolific.com/.well-known/study/jwks.json (docs.prolific.com, "Retrieve JWKS"): the
signature must fit the key that the token names, the token must not have expired, `aud` must be this server, and what
is in `prolific` must be what the link says. DISCERN_PROLIFIC_JWKS (an https address or a file) switches the check on.
"""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from study.errors import ConfigurationError, RecruitmentError
from study.recruitment.provider import Parameters

TOKEN = "prolific_token"
_ALGORITHMS = ["RS256", "ES256", "EdDSA"]  # asymmetric ones alone: a public key must never serve as a shared secret
_CLAIMS = {"PROLIFIC_PID": "participant_id", "STUDY_ID": "study_id", "SESSION_ID": "session_id"}
_KEYS_LIVE = timedelta(hours=12)
_LEEWAY = timedelta(seconds=30)


class Identities:
    """Holds the keys of one source; they are fetched when first needed and again when they are old. Thread-safe."""

    def __init__(self, source: str, audience: str) -> None:
        from jwt import PyJWKClient

        if not audience:
            raise ConfigurationError(
                "DISCERN_PROLIFIC_AUDIENCE is not set; it is this server's address, as Prolific has it"
            )
        self._audience = audience
        self._client = None
        if source.startswith("https://"):
            self._client = PyJWKClient(source, lifespan=int(_KEYS_LIVE.total_seconds()), timeout=5)
        else:
            self._file = _read_keys(Path(source))

    def check(self, parameters: Parameters) -> None:
        """Raise RecruitmentError when a token is there and does not prove what the link says."""
        token = parameters.get(TOKEN)
        if not token:
            return
        import jwt

        try:
            key = self._client.get_signing_key_from_jwt(token) if self._client else self._named_key(token)
            claims = jwt.decode(
                token,
                key,
                algorithms=_ALGORITHMS,
                audience=self._audience,
                leeway=_LEEWAY,
                options={"require": ["exp", "aud"]},
            )
        except jwt.PyJWKClientConnectionError as error:
            raise RecruitmentError("Prolific's keys cannot be reached at the moment; try again in a minute") from error
        except jwt.PyJWTError as error:
            raise RecruitmentError(
                "the link's signature is not Prolific's or has expired; open it on Prolific"
            ) from error
        _require_same(claims.get("prolific"), parameters)

    def _named_key(self, token: str) -> Any:
        import jwt

        kid = jwt.get_unverified_header(token).get("kid")
        found = [key for key in self._file.keys if key.key_id == kid]
        if not found:
            raise jwt.InvalidTokenError(f"no key {kid!r}")
        return found[0]


def _read_keys(path: Path) -> Any:
    from jwt import PyJWKSet
    from jwt.exceptions import PyJWTError

    try:
        return PyJWKSet.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, PyJWTError) as error:
        raise ConfigurationError(
            f"DISCERN_PROLIFIC_JWKS: {path} cannot be used as a JSON Web Key Set: {error}"
        ) from error


def _require_same(claimed: Any, parameters: Parameters) -> None:
    """The payload names what it vouches for as the link does, or by Prolific's words for it."""
    payload = claimed if isinstance(claimed, dict) else {}
    vouched = {name: payload.get(name, payload.get(word)) for name, word in _CLAIMS.items()}
    told = {name: value for name, value in vouched.items() if value is not None}
    if "PROLIFIC_PID" not in told or any(parameters.get(name) != value for name, value in told.items()):
        raise RecruitmentError("the link's signature belongs to another participant; open the link on Prolific again")
