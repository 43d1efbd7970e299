"""`systemctl reload` and `restart` while people answer: nobody notices."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench.crash import Person, Server, prepare, problems, wait_until_serving
from bench.servers import with_socket
from study.database.db import ROOT
from tests.study.samples import SECRET

pytestmark = pytest.mark.slow

AT_ONCE = 4


@contextmanager
def answering(port: int, people: list[Person]) -> Iterator[None]:
    """One person after the other in each of a few places, until the block ends."""
    deadline, stop = time.monotonic() + 120, threading.Event()

    def place() -> None:
        while not stop.is_set():
            people.append(Person(port, deadline, patience_s=60))
            people[-1].take_part()

    places = [threading.Thread(target=place) for _ in range(AT_ONCE)]
    for one in places:
        one.start()
    try:
        yield
    finally:
        stop.set()
        for one in places:
            one.join()


def answers(people: list[Person]) -> int:
    return sum(len(person.acknowledged) for person in people)


def some_answers(people: list[Person]) -> int:
    """Their number, once some are there."""
    while not (n := answers(people)):
        time.sleep(0.01)
    return n


def assert_nobody_noticed(url: str, people: list[Person], log: Path) -> None:
    assert problems(url, people) == []
    assert sum(person.sent_again for person in people) == 0, "each answer had its reply at once"
    assert "ERROR" not in log.read_text()


def test_a_reload_while_answers_arrive_loses_none(sqlite_url: str, tmp_path: Path) -> None:
    prepare(sqlite_url, tmp_path)
    server, people = Server(sqlite_url, tmp_path / "server.log"), []
    server.start()
    try:
        wait_until_serving(server.port, time.monotonic() + 60)
        before = server.workers()
        with answering(server.port, people):
            n = some_answers(people)
            for _ in range(2):
                server.reload()
        assert answers(people) > n
        assert set(before).isdisjoint(server.workers())
    finally:
        server.kill_all()
    assert_nobody_noticed(sqlite_url, people, server.log)


def test_a_restart_makes_requests_wait_where_systemd_holds_the_socket(sqlite_url: str, tmp_path: Path) -> None:
    prepare(sqlite_url, tmp_path)
    log, people = tmp_path / "server.log", []
    with socket.create_server(("127.0.0.1", 0), backlog=128) as held:
        port = held.getsockname()[1]
        command = [sys.executable, "manage.py", "serve", "--port", str(port)]
        environment = os.environ | {"DISCERN_DATABASE_URL": sqlite_url, "DISCERN_SECRET_KEY": SECRET}

        def start() -> subprocess.Popen[bytes]:
            with log.open("ab") as written:
                return with_socket(held, command, cwd=ROOT, env=environment, stdout=written, stderr=written)

        server = start()
        try:
            wait_until_serving(port, time.monotonic() + 60)
            with answering(port, people):
                n = some_answers(people)
                server.terminate()
                assert server.wait(timeout=40) == 0
                server = start()
                wait_until_serving(port, time.monotonic() + 60)
            assert answers(people) > n
        finally:
            server.terminate()
            server.wait(timeout=40)
    assert_nobody_noticed(sqlite_url, people, log)
