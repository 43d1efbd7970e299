"""nginx and Caddy as docs/how-to/serve.md shows them, with TLS, below a path, on ports of this machine."""

import os
import re
import shutil
import socket
import ssl
import subprocess
import textwrap
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.servers import free_port

PAGE = Path(__file__).resolve().parent.parent / "docs" / "how-to" / "serve.md"
HOST, PATH = "localhost", "/discern"
WANTED = "needs {}; on Debian: apt-get install nginx-light caddy openssl"
_NGINX = """\
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log warn;
events {{ worker_connections 1024; }}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{server}
}}
"""
_CADDY = "{\n    admin off\n    auto_https disable_redirects\n}\n"


@dataclass(frozen=True)
class Certificate:
    """For HOST, signed by itself, so that it is its own authority."""

    file: Path
    key: Path

    @classmethod
    def make(cls, folder: Path) -> "Certificate":
        made = cls(folder / "host.pem", folder / "host.key")
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "90", "-subj", f"/CN={HOST}"]
        command += ["-addext", f"subjectAltName=DNS:{HOST}", "-keyout", str(made.key), "-out", str(made.file)]
        subprocess.run(command, check=True, capture_output=True)
        return made

    @property
    def context(self) -> ssl.SSLContext:
        """Of a client that trusts it."""
        return ssl.create_default_context(cafile=str(self.file))


@contextmanager
def web_servers(folder: Path, upstream: int, certificate: Certificate) -> Iterator[dict[str, int]]:
    """Name → port of each, in front of a server at the port `upstream`."""
    ports = {"nginx": free_port(), "Caddy": free_port()}
    files = {"nginx": folder / "nginx.conf", "Caddy": folder / "Caddyfile"}
    files["nginx"].write_text(nginx(folder, ports["nginx"], upstream, certificate))
    files["Caddy"].write_text(caddy(ports["Caddy"], upstream, certificate))
    commands = {
        "nginx": [_program("nginx"), "-p", str(folder), "-c", str(files["nginx"])],
        "Caddy": [_program("caddy"), "run", "--adapter", "caddyfile", "--config", str(files["Caddy"])],
    }
    with ExitStack() as stack:
        for name, command in commands.items():
            stack.enter_context(_running(command, ports[name], folder / f"{name}.out", folder))
        yield ports


def nginx(folder: Path, port: int, upstream: int, certificate: Certificate) -> str:
    """The page's lines for nginx, with `location` changed as the page says."""
    changes = {
        "listen 443 ssl http2": f"listen 127.0.0.1:{port} ssl http2",
        "server_name study.example.org": f"server_name {HOST}",
        "/etc/ssl/study.example.org.pem": str(certificate.file),
        "/etc/ssl/study.example.org.key": str(certificate.key),
        "location / {": f"location {PATH}/ {{",
        "http://127.0.0.1:8000": f"http://127.0.0.1:{upstream}",
    }
    return _NGINX.format(folder=folder, server=_changed(shown("server {"), changes))


def caddy(port: int, upstream: int, certificate: Certificate) -> str:
    """The page's lines for Caddy below a path."""
    own = f"https://{HOST}:{port} {{\n    bind 127.0.0.1\n    tls {certificate.file} {certificate.key}"
    changes = {"lab.example {": own, "127.0.0.1:8000": f"127.0.0.1:{upstream}"}
    return _CADDY + _changed(shown("lab.example {"), changes) + "\n"


def shown(first_line: str) -> str:
    """The indented block of the page that begins with this line."""
    found = re.search(rf"^    {re.escape(first_line)}\n(?:    .*\n|\n(?=    ))*", PAGE.read_text(), re.MULTILINE)
    if not found:
        raise RuntimeError(f"{PAGE} has no block that begins with {first_line!r}")
    return textwrap.dedent(found[0])


def _changed(text: str, changes: dict[str, str]) -> str:
    for old, new in changes.items():
        if old not in text:
            raise RuntimeError(f"{PAGE} no longer has {old!r}")
        text = text.replace(old, new)
    return text


def _program(name: str) -> str:
    if not (found := shutil.which(name)):
        raise RuntimeError(WANTED.format(name))
    return found


@contextmanager
def _running(command: list[str], port: int, log: Path, home: Path) -> Iterator[None]:
    with log.open("wb") as written:
        process = subprocess.Popen(
            command, stdout=written, stderr=written, env=os.environ | {"HOME": str(home), "XDG_DATA_HOME": str(home)}
        )
    try:
        wait_for(port, process, log)
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path, seconds: float = 60) -> None:
    """Until something listens there. Raises RuntimeError with the end of `log`."""
    deadline = time.monotonic() + seconds
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"nothing listens on {port}:\n{log.read_text()[-2000:]}")
        time.sleep(0.1)
