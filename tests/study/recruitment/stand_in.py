"""A platform's stand-in: an HTTP server that remembers what it was asked, and can fail in each way that platforms do."""

import json
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol


class Api(Protocol):
    """`do`: (status, content) for one request, with headers where there are any, or a Mistake where the platform's own document does not allow it."""

    def do(self, method: str, path: str, headers: Any, body: bytes) -> tuple[Any, ...]: ...

    def name(self, method: str, path: str, headers: Any) -> str: ...


class StandIn(ThreadingHTTPServer):
    """Serves one Api. What is asked is known by its name, such as "POST /studies/" or "CreateHITWithHITType".

    The reply to what is in `losing` never arrives, though it is done; `dropping` is lost before anything is done. What
    is in `too_soon` is refused that number of times with 429; what is in `elsewhere` is redirected. `slow_s`: seconds
    until each answer. With `is_unreliable` each kind of request meets all of it once: refused as too soon, lost before
    anything is done, its reply lost.
    """

    def __init__(self, api: Api) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.api = api
        self.asked: list[tuple[str, Any]] = []
        self.mistakes: list[str] = []
        self.losing: set[str] = set()
        self.dropping: set[str] = set()
        self.too_soon: Counter[str] = Counter()
        self.elsewhere: dict[str, str] = {}
        self.slow_s = 0.0
        self.is_unreliable = False
        self.troubles: dict[str, int] = {}  # kind of request → how often it has failed
        self.lock = threading.Lock()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def trouble(self, name: str) -> str:
        """What happens to this request beside being answered: "too soon", "dropped", "lost" or nothing."""
        kind = re.sub(r"/[A-Za-z]*\d\w*/", "/{id}/", name)
        if self.is_unreliable and (n := self.troubles.get(kind, 0)) < 3:
            self.troubles[kind] = n + 1
            return ("too soon", "dropped", "lost")[n]
        if self.too_soon[name] > 0:
            self.too_soon[name] -= 1
            return "too soon"
        return "dropped" if _is_in(name, self.dropping) else "lost" if _is_in(name, self.losing) else ""

    def times(self, name: str) -> int:
        return sum(asked.startswith(name) for asked, _ in self.asked)


class Mistake(AssertionError):
    """A request or a reply that the platform's own document does not allow."""


class _Handler(BaseHTTPRequestHandler):
    server: StandIn

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def do_PATCH(self) -> None:
        self._answer("PATCH")

    def _answer(self, method: str) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        server = self.server
        with server.lock:
            name = server.api.name(method, self.path, self.headers)
            server.asked.append((name, json.loads(body) if body else None))
            trouble = server.trouble(name)
            if trouble == "dropped":
                self.close_connection = True
                return
            if trouble == "too soon":
                return self._send(429, {"error": "too many requests"}, {"Retry-After": "3"})
            if name in server.elsewhere:
                return self._send(302, {}, {"Location": server.elsewhere[name]})
            try:
                status, content, *headers = server.api.do(method, self.path, self.headers, body)
            except Exception as mistake:  # also one of the stand-in's own
                server.mistakes.append(f"{name}: {mistake!r}")
                return self._send(400, {"error": str(mistake)}, {})
        time.sleep(server.slow_s)
        if trouble == "lost":
            self.close_connection = True
            return
        self._send(status, content, headers[0] if headers else {})

    def _send(self, status: int, content: Any, headers: dict[str, str]) -> None:
        body = content if isinstance(content, bytes) else b"" if content is None else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        with suppress(BrokenPipeError, ConnectionResetError):  # who asked has stopped waiting, as some tests want
            self.wfile.write(body)


def _is_in(name: str, parts: set[str]) -> bool:
    return any(part in name for part in parts)


@contextmanager
def standing_in(api: Api) -> Iterator[StandIn]:
    """The server, which has found no mistake by the end."""
    server = StandIn(api)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
    assert server.mistakes == []
