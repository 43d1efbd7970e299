"""A platform's API: the key of the account, in the environment and nowhere else, and one request with its reply."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from contracts.version import VERSION
from study.errors import ConfigurationError, PlatformError, PlatformRefusedError

ADDRESS = "DISCERN_RECRUITMENT_API"  # another address than the platform's own: a stand-in for a rehearsal
USER_AGENT = f"Discern/{VERSION}"
_TIMEOUT_S = 30
_WAITS_S = (1, 2, 4, 8, 16, 32)  # before a request is made again that came too soon; nothing was done by then
_LONGEST_WAIT_S = 120
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_TOO_SOON = 429
_THROTTLED = (b"ThrottlingException", b"RequestThrottled")  # how AWS says it, with another status
wait = time.sleep


def required(environment: Mapping[str, str], name: str) -> str:
    """The key in the environment variable `name`. Raises ConfigurationError."""
    if not environment.get(name):
        raise ConfigurationError(f"{name} is not set; it is the key of the account that pays")
    return environment[name]


def address(environment: Mapping[str, str], own: str) -> str:
    """The platform's own address, or the one of a stand-in. A key travels over https only, or not at all."""
    return require_safe(ADDRESS, environment.get(ADDRESS, own).rstrip("/"))


def require_safe(variable: str, chosen: str) -> str:
    """The address in this variable. Raises ConfigurationError where others could read what is sent there."""
    parts = urlsplit(chosen)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        told = f"{parts.scheme}://{parts.hostname}" if parts.scheme else chosen
        raise ConfigurationError(f"{variable} is {told!r}; it must begin with https://, or be on this machine")
    return chosen


@dataclass(frozen=True)
class Reply:
    """`content`: the JSON; `headers` are found whatever their case."""

    content: Any
    headers: Mapping[str, str]


def _parse_json(body: bytes) -> Any:
    return json.loads(body) if body else {}


def exchange(
    name: str,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes | None,
    parse: Callable[[bytes], Any] = _parse_json,
) -> Reply:
    """What the platform `name` replies; `parse` raises ValueError for what it cannot read. Raises PlatformError.

    A request that came too soon is made again after the time that the platform asks for; one that is sent elsewhere
    is not followed, because the account's key would go there.
    """
    for pause in (*_WAITS_S, None):
        reply = _ask(name, method, url, headers, body)
        if pause is None or not _is_too_soon(reply):
            return Reply(_content(name, reply, parse), reply.headers)
        wait(_asked_to_wait(reply) or pause)
    raise AssertionError("the last try returns or raises")


def _ask(name: str, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Any:
    import urllib3  # loads ssl, which participants' pages do without

    try:
        return _pool().request(
            method,
            url,
            body=body,
            headers={"User-Agent": USER_AGENT, **headers},
            redirect=False,
            retries=False,
            timeout=_TIMEOUT_S,
        )
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise PlatformError(f"{name} cannot be reached: {error}; nothing is known of what it did") from error


@cache
def _pool() -> Any:
    """One pool of connections in a process: hundreds of requests go to one host."""
    import urllib3

    return urllib3.PoolManager()


def _is_too_soon(reply: Any) -> bool:
    return reply.status == _TOO_SOON or (reply.status >= 400 and any(word in reply.data for word in _THROTTLED))


def _asked_to_wait(reply: Any) -> float | None:
    """Seconds that `Retry-After` names, 2 minutes at most; None where it names none."""
    from urllib3 import Retry
    from urllib3.exceptions import InvalidHeader

    try:
        seconds = Retry().get_retry_after(reply)
    except InvalidHeader:
        return None
    return None if seconds is None else min(seconds, _LONGEST_WAIT_S)


def _content(name: str, reply: Any, parse: Callable[[bytes], Any]) -> Any:
    words = reply.data[:500].decode(errors="replace")
    if 300 <= reply.status < 400:
        elsewhere = urlsplit(reply.headers.get("Location", "")).hostname or "another address"
        raise PlatformRefusedError(f"{name} wants the request sent to {elsewhere}, which is not followed")
    if reply.status >= 500 or reply.status == 408:
        raise PlatformError(f"{name} failed ({reply.status}): {words}; nothing is known of what it did")
    if reply.status >= 400:
        raise PlatformRefusedError(f"{name} refused ({reply.status}): {words}")
    try:
        return parse(reply.data)
    except ValueError:
        raise PlatformError(f"{name} sent what cannot be read: {reply.data[:200]!r}") from None
