"""`./manage.py serve`: what it refuses to start with, and what gunicorn may not take from visitors."""

import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from select import select

import pytest
from click.testing import CliRunner

import manage
from bench.servers import free_port
from study.database.db import ROOT, Database
from study.serve import end, served
from study.worker import MOST_BODY, MOST_HEAD, is_whole
from tests.study.samples import SECRET

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def environment(database: Database, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCERN_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("DISCERN_SECRET_KEY", SECRET)


def test_what_is_wrong_is_said_once_and_nothing_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCERN_SECRET_KEY", "short")
    command = [sys.executable, str(ROOT / "manage.py"), "serve", "--port", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("DISCERN_SECRET_KEY") == 1
    assert "Traceback" not in done.stderr


def test_a_server_that_does_not_stop_is_killed_and_the_command_goes_on() -> None:
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE)
    process.stdout.readline()
    end(process, seconds=0.2)
    process.stdout.close()
    assert process.returncode == -signal.SIGKILL


def test_a_visitors_headers_choose_no_address() -> None:
    """gunicorn takes a SCRIPT_NAME header of every request from the same machine, unless it is told not to."""
    with served() as address:
        for prefix in ("/evil", "/researcher"):
            asked = urllib.request.Request(f"{address}/researcher/login", headers={"SCRIPT_NAME": prefix})
            with urllib.request.urlopen(asked, timeout=10) as reply:
                assert prefix + "/researcher" not in reply.read().decode()


@pytest.mark.parametrize(
    ("option", "words"),
    [
        (("--port", "70000"), "70000 is not in the range"),
        (("--port", "0"), "0 is not in the range"),
        (("--threads", "0"), "0 is not in the range"),
        (("--workers", "0"), "0 is not in the range"),
        (("--workers", "-1"), "-1 is not in the range"),
        (("--host", ""), "--host is empty"),
        (("--host", " "), "--host is empty"),
        (("--host", "no such host"), "is no address of this machine"),
    ],
)
def test_an_option_that_means_nothing_is_refused(option: tuple[str, str], words: str, monkeypatch) -> None:
    monkeypatch.setattr("study.serve.serve", lambda *_: pytest.fail("it started"))
    monkeypatch.setattr("study.serve.refuse_wrong_settings", lambda: None)
    done = CliRunner().invoke(manage.cli, ["serve", *option])
    assert words in done.output
    assert done.exit_code in (1, 2)
    assert "Traceback" not in done.output


HEAD = b"POST /p/x/device HTTP/1.1\r\nHost: localhost\r\n"


@pytest.mark.parametrize(
    ("received", "whole"),
    [
        (b"", False),
        (HEAD, False),
        (HEAD + b"\r\n", True),
        (HEAD + b"Content-Length: 3\r\n\r\n{}", False),
        (HEAD + b"content-length:3\r\n\r\n{ }", True),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", False),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", True),
        (b"x" * (MOST_HEAD + 1), True),  # gunicorn refuses it
        (HEAD + b"Content-Length: %d\r\n\r\n" % (MOST_BODY + 1), True),  # the application refuses it
    ],
)
def test_a_request_is_whole_when_nothing_of_it_has_to_be_waited_for(received: bytes, whole: bool) -> None:
    assert is_whole(received) is whole


PROGRAM = """
import os, sys
import study.worker as worker
from study.serve import serve

class Limit:
    def __radd__(self, now):
        return now + (1 if os.path.exists(sys.argv[2]) else 600)

worker.SECONDS_TO_ARRIVE, worker.SECONDS_TO_TAKE = Limit(), 2
serve("127.0.0.1", int(sys.argv[1]), workers=1, threads=2)
"""


@contextmanager
def small_server(impatient: Path) -> Iterator[tuple[int, list[str]]]:
    """With two threads; requests may take ten minutes to arrive, and a second once there is a file `impatient`.

    Yields its port, and a list that holds at the end what it wrote.
    """
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(port), str(impatient)], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    written: list[str] = []
    try:
        for _ in range(600):
            time.sleep(0.1)
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                continue
        yield port, written
    finally:
        server.terminate()
        written += server.communicate(timeout=90)[1].splitlines()


def send(port: int, content: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.sendall(content)
    return connection


def reading_nothing(port: int) -> socket.socket:
    """A client that asks for more than the connection can hold."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
    connection.connect(("127.0.0.1", port))
    connection.sendall(b"GET /vendor/d3.js HTTP/1.1\r\nHost: localhost\r\n\r\n" * 60)
    return connection


def everything(connection: socket.socket) -> bytes:
    with connection:
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.slow
def test_silent_and_slow_clients_stop_nobody_and_nothing_of_visitors_is_logged(tmp_path: Path) -> None:
    """Thirty clients against two threads; then requests that are none, with a token and an address in them."""
    token = "AbCdEfGhIjKlMnOpQrStU-"
    with small_server(tmp_path / "impatient") as (port, written):
        ask = partial(urllib.request.urlopen, f"http://127.0.0.1:{port}/researcher/login", timeout=60)
        slow = (b"", b"GET /s/de", HEAD + b"Content-Length: 9\r\n\r\n{") * 10
        waiting = [send(port, content) for content in slow]
        for _ in range(4):
            with ask() as reply:
                assert reply.status == 200
        assert select(waiting, [], [], 0)[0] == [], "none of the slow ones was dropped"
        two = b"GET /static/base.css HTTP/1.1\r\nHost: localhost\r\n\r\n"
        kept = send(port, two + two.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        assert everything(kept).count(b"HTTP/1.1 200 OK") == 2, "requests may follow each other on one connection"
        taking_nothing = [reading_nothing(port) for _ in range(2)]
        with ask() as reply:
            assert reply.status == 200, "both threads are free again after two seconds"
        for connection in taking_nothing:
            connection.close()
        for refused in (f"NOT-HTTP /p/{token}/plan\r\n\r\n", f"GET /p/{token}/plan?a=secret HTTP/9.9\r\n\r\n"):
            assert b"400 Bad Request" in everything(send(port, refused.encode()))
        for connection in waiting:
            connection.close()
        (tmp_path / "impatient").touch()
        dropped = [send(port, content) for content in slow]
        assert [everything(connection) for connection in dropped] == [b""] * len(slow), "without a reply"
    assert any("a request that is not HTTP was refused" in line for line in written)
    assert not [line for line in written if "127.0.0.1" in line or token in line or "secret" in line or "Trace" in line]


def test_the_address_is_told_once_nobody_is_refused_there() -> None:
    port = free_port()
    command = [sys.executable, "-u", str(ROOT / "manage.py"), "serve", "--port", str(port), "--workers", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline() == f"Serving on http://127.0.0.1:{port} (stop with Ctrl-C)\n"
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                pass
        finally:
            end(server, seconds=60)
