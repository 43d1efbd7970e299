"""A platform's API: the key of the account, in the environment and nowhere else, and one request with its reply."""

import json
from collections.abc import Mapping
from typing import Any

from study.errors import ConfigurationError, PlatformError, PlatformRefusedError

ADDRESS = "DISCERN_RECRUITMENT_API"  # another address than the platform's own: a stand-in for a rehearsal
_TIMEOUT_S = 30


def required(environment: Mapping[str, str], name: str) -> str:
    """The key in the environment variable `name`. Raises ConfigurationError."""
    if not environment.get(name):
        raise ConfigurationError(f"{name} is not set; it is the key of the account that pays")
    return environment[name]


def exchange(name: str, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Any:
    """The JSON that the platform `name` replies. Raises PlatformError."""
    from http.client import HTTPException  # loads ssl, which participants' pages do without
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    request = Request(url, body, dict(headers), method=method)
    try:
        with urlopen(request, timeout=_TIMEOUT_S) as reply:
            content = reply.read()
    except HTTPError as error:
        with error:
            words = error.read()[:500].decode(errors="replace")
        if error.code >= 500 or error.code == 408:
            raise PlatformError(f"{name} failed ({error.code}): {words}; nothing is known of what it did") from error
        raise PlatformRefusedError(f"{name} refused ({error.code}): {words}") from error
    except (OSError, HTTPException) as error:
        raise PlatformError(f"{name} cannot be reached: {error}; nothing is known of what it did") from error
    try:
        return json.loads(content) if content else {}
    except ValueError:
        raise PlatformError(f"{name} sent no JSON: {content[:200]!r}") from None
