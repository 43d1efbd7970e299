"""Servers that a bench starts: a program on a free port, a PostgreSQL of its own, and the CPU time they take."""

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

_PORTS = random.SystemRandom()  # processes that run side by side try different ones
POSTGRESQL = Path("/usr/lib/postgresql")
_AS_SYSTEMD = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
told = {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
os.execve(sys.argv[2], sys.argv[2:], os.environ | told)
"""


def waited_seconds(roots: tuple[int, ...]) -> float:
    """For how long threads of these processes, and of those that descend from them, could run and had no CPU.

    Threads that have ended are not counted. None of it is the program's own: on an idle machine it is about 0.
    """
    waited = 0
    for pid in _family(roots, _parents()):
        for stat in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            try:
                waited += int(stat.read_text().split()[1])
            except OSError:
                continue
    return waited / 1e9


def _parents() -> dict[int, list[int]]:
    """Process id → its children."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(stat.parent.name))
    return children


def _family(roots: tuple[int, ...], children: dict[int, list[int]]) -> list[int]:
    """These processes and all that descend from them."""
    family = list(roots)
    for pid in family:
        family += children.get(pid, [])
    return family


def cpu_seconds(roots: tuple[int, ...]) -> float:
    """Of these processes and all that descend from them, the ended ones included."""
    ticks: dict[int, int] = {}
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        pid = int(stat.parent.name)
        ticks[pid] = sum(int(field) for field in fields[11:15])
        children.setdefault(int(fields[1]), []).append(pid)
    return sum(ticks.get(pid, 0) for pid in _family(roots, children)) / os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """One on which nothing listens.

    It is below those that the system hands out by itself: until the caller listens there, it is given to no other
    program that asks for any port, or connects from one.
    """
    while True:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port := _PORTS.randrange(20_000, _first_handed_out())))
            return port


def _first_handed_out() -> int:
    if (said := Path("/proc/sys/net/ipv4/ip_local_port_range")).is_file():
        return max(int(said.read_text().split()[0]), 20_100)
    return 32_768


@contextmanager
def running(command: list[str], port: int, folder: Path, environment: dict[str, str]) -> Iterator[int]:
    """The server's process id, once it answers."""
    with (folder / "server.log").open("ab") as log:
        server = subprocess.Popen(
            command,
            cwd=folder,
            env=os.environ | environment,
            stdout=log,
            stderr=log,
            start_new_session=True,  # oTree leaves processes behind that its own end does not end
        )
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                if server.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError((folder / "server.log").read_text()[-3000:]) from None
                time.sleep(0.1)
        time.sleep(3)  # workers import after the port listens
        yield server.pid
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=90)


def with_socket(held: socket.socket, command: list[str], **options: Any) -> subprocess.Popen[bytes]:
    """Start a program with this socket, as systemd does that holds it (sd_listen_fds(3))."""
    number = held.fileno()
    starter = [sys.executable, "-c", _AS_SYSTEMD, str(number), *command]
    return subprocess.Popen(starter, pass_fds=[number], **options)


@contextmanager
def postgresql(folder: Path) -> Iterator[tuple[str, int]]:
    """(URL without a scheme's driver, process id) of a new server with a database for each platform."""
    programs = sorted(POSTGRESQL.glob("*/bin/initdb"))
    if not programs:
        raise RuntimeError("no PostgreSQL here: apt-get install postgresql, or leave out --databases postgresql")
    user = "postgres" if os.geteuid() == 0 else None
    folder.mkdir()
    folder.parent.chmod(0o755)
    if user:
        shutil.chown(folder, user)
    port, bin_folder = free_port(), programs[-1].parent

    def run(program: str, *arguments: str) -> None:
        command = [str(bin_folder / program), *arguments]
        subprocess.run(command, check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL, timeout=60)

    data = str(folder / "data")
    run("initdb", "-D", data, "-A", "trust", "-U", "postgres")
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c max_connections=200"
    run("pg_ctl", "-D", data, "-o", options, "-l", str(folder / "log"), "-w", "start")
    try:
        for name in ("discern", "otree"):
            run("createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", name)
        yield f"postgres@127.0.0.1:{port}", int((folder / "data" / "postmaster.pid").read_text().split()[0])
    finally:
        run("pg_ctl", "-D", data, "-m", "fast", "-w", "stop")
