"""Our own files for browsers: compressed once, and kept by browsers for a year, because their address has their hash.

An address with another hash, of a page that was open when the server was upgraded, gets today's file and may keep it
for a moment only.
"""

import gzip
import hashlib
import posixpath
import re
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, request, send_from_directory
from flask.typing import ResponseReturnValue

STATIC = Path(__file__).resolve().parents[2] / "static"
_COMPRESSED = {".css", ".js", ".svg"}
_YEAR_S = 365 * 24 * 3600
_SHORTEST = 1000  # bytes; below, a packet is as long as two
_IMPORT = re.compile(r"""(?:\bfrom\s+|\bimport\(\s*)["'](\.{1,2}/[^"']+)["']""")
# Pages and replies with nothing secret beside what a visitor sent: there a length would tell of the secret.
_PARTICIPANTS = {"participant", "about", "leaving", "withdrawal", "protocol", "entrance"}
_TEXTS = {"text/html", "application/json"}


def init_app(app: Flask) -> None:
    """For an application without a static folder: its endpoint `static` is ours."""
    app.add_url_rule("/static/v-<version>/<path:filename>", "static", serve)
    app.add_url_rule("/static/<path:filename>", "static_now", serve_now)
    app.url_defaults(_with_version)
    app.jinja_env.globals["modules"] = modules
    app.after_request(_compress)


def serve(version: str, filename: str) -> ResponseReturnValue:
    return _file(filename, _YEAR_S if version == version_of(STATIC) else 0)


def serve_now(filename: str) -> ResponseReturnValue:
    """By its bare address, for tools and for people who look."""
    return _file(filename, 0)


def _file(filename: str, max_age: int) -> Response:
    reply = send_from_directory(STATIC, filename, max_age=max_age)
    if max_age:
        reply.cache_control.immutable = True
    return compressed(reply, STATIC / filename)


def compressed(reply: Response, path: Path) -> Response:
    """`reply`, which sends the file at `path`, with the compressed content where the browser takes it."""
    if path.suffix not in _COMPRESSED:
        return reply
    reply.vary.add("Accept-Encoding")
    if reply.status_code != 200 or request.accept_encodings["gzip"] <= 0:
        return reply
    content = _gzipped(path, path.stat().st_mtime_ns)
    reply.direct_passthrough = False
    reply.close()  # the file that would have been sent
    reply.set_data(content)
    reply.content_encoding = "gzip"
    etag, _is_weak = reply.get_etag()
    if etag:
        reply.set_etag(etag, weak=True)  # one for both contents
    return reply


@cache
def _gzipped(path: Path, _changed_ns: int) -> bytes:
    return gzip.compress(path.read_bytes(), 9, mtime=0)


@cache
def version_of(folder: Path) -> str:
    """Changes whenever a file in `folder` does; read once, when the first page is made."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


@cache
def modules(filename: str, left_out: str = "") -> tuple[str, ...]:
    """The script and all that it imports, directly or by others: a page names them, so that they come side by side.

    `left_out` is an import that the page does not need, with what only it imports.
    """
    found, waiting = [filename], [filename]
    while waiting:
        name = waiting.pop()
        for imported in _IMPORT.findall((STATIC / name).read_text(encoding="utf-8")):
            path = posixpath.normpath(posixpath.join(posixpath.dirname(name), imported))
            if path not in (*found, left_out):
                found.append(path)
                waiting.append(path)
    return tuple(found)


def _with_version(endpoint: str, values: dict[str, Any]) -> None:
    if endpoint == "static":
        values.setdefault("version", version_of(STATIC))


def _compress(reply: Response) -> Response:
    if request.method != "GET" or request.blueprint not in _PARTICIPANTS or reply.status_code != 200:
        return reply
    if reply.mimetype not in _TEXTS or reply.direct_passthrough or reply.is_streamed:
        return reply
    reply.vary.add("Accept-Encoding")
    if request.accept_encodings["gzip"] > 0 and len(content := reply.get_data()) >= _SHORTEST:
        reply.set_data(gzip.compress(content, 6, mtime=0))
        reply.content_encoding = "gzip"
    return reply
