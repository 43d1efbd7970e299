"""What a proxy in front of the server says of a visitor, believed of those that DISCERN_PROXIES names only."""

from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from flask import Flask, current_app, request

_NETWORK_BITS = 64  # of an IPv6 address: its owner may choose the other half


def init_app(app: Flask) -> None:
    """In production visitors come over HTTPS, whether the proxy says so or not: no link of ours is http://.

    All addresses are below APPLICATION_ROOT. It is a setting and no header of a proxy, which a visitor could send.
    """
    if app.config["APPLICATION_ROOT"] != "/":
        app.wsgi_app = _below(app.config["APPLICATION_ROOT"], app.wsgi_app)  # type: ignore[method-assign]  # the way that Flask documents
    if app.config["PRODUCTION"] == "1":
        app.wsgi_app = _over_https(app.wsgi_app)  # type: ignore[method-assign]  # the way that Flask documents


def _below(root: str, wsgi_app: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """For proxies that pass addresses on as they are, and for those that leave the root out."""

    def below(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == root or path.startswith(f"{root}/"):
            path = path[len(root) :] or "/"
        return wsgi_app(environ | {"SCRIPT_NAME": root, "PATH_INFO": path}, start_response)

    return below


def _over_https(wsgi_app: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    def secure(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        return wsgi_app(environ | {"wsgi.url_scheme": "https"}, start_response)

    return secure


def is_of_proxy() -> bool:
    """Whether one of the web servers in DISCERN_PROXIES has passed this request on."""
    address = _address(request.remote_addr or "")
    return address is not None and any(address in proxies for proxies in current_app.config["PROXIES"])


def origin() -> str:
    """The network that a visitor comes from. For comparing only: it is neither stored nor logged."""
    address = _address(request.remote_addr or "")
    forwarded = _address(request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip())
    if forwarded and is_of_proxy():
        address = forwarded
    if isinstance(address, IPv6Address):
        return str(ip_network((address, _NETWORK_BITS), strict=False))
    return str(address)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
