"""Run the survey under gunicorn: gthread workers, several processes, one database."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from study import clock, metrics
from study.conduct.failures import FILE, Failures
from study.database.db import ROOT
from study.errors import ConfigurationError, PortTakenError, ServerNotStartedError
from study.settings import DEFAULTS
from study.worker import PatientWorker


class _Server(BaseApplication):
    """gunicorn with our settings instead of its command line."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._settings = settings
        file = os.environ.get(FILE)
        # Before the fork, so that all workers count together.
        self._failures = Failures(clock.now(), Path(file) if file else None)
        super().__init__()

    def load_config(self) -> None:
        for key, value in self._settings.items():
            self.cfg.set(key, value)

    def load(self) -> Any:
        # In the worker, after the fork: a database connection must not cross it.
        from study import create_app
        from study.views.server.counts import use

        app = create_app()
        use(app, self._failures)
        if app.config["METRICS"]:
            from study.views.server.measures import count  # once the folder for its numbers is named

            count(app)
        return app


class _Log(Logger):
    """gunicorn's log, in lines as the application writes them."""

    def setup(self, cfg: Any) -> None:
        from study.views.server.logs import use

        super().setup(cfg)
        for handler in self.error_log.handlers:
            use(handler, os.environ.get("DISCERN_LOG_FORMAT", DEFAULTS["LOG_FORMAT"]))


def refuse_taken_port(host: str, port: int) -> None:
    """Raise PortTakenError before anything else is started, ConfigurationError for what names no address.

    Where systemd holds the socket (LISTEN_FDS) the address is its.
    """
    if "LISTEN_FDS" in os.environ:
        return
    if not host.strip():
        raise ConfigurationError("--host is empty; 127.0.0.1 is this machine alone, 0.0.0.0 all of its addresses")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except socket.gaierror as error:
            raise ConfigurationError(f"--host {host!r} is no address of this machine: {error.strerror}") from error
        except OSError as error:
            raise PortTakenError(
                f"cannot listen on {host}:{port}: {error.strerror}; choose another with --port, e.g. --port {port + 1}"
            ) from error


def refuse_wrong_settings() -> None:
    """Raise here, once and in words, what would end each worker as it starts: what `create_app` raises."""
    from study import close_app, create_app

    close_app(create_app())  # no connection may cross the fork


def refuse_metrics(port: int) -> None:
    """Raise ConfigurationError for a DISCERN_METRICS that may not be beside the survey's `port`; PortTakenError."""
    if address := os.environ.get("DISCERN_METRICS", DEFAULTS["METRICS"]):
        if metrics.read_address(address)[1] == port:
            raise ConfigurationError(f"DISCERN_METRICS={address} has the port of the survey; choose another one")
        refuse_taken_port(*metrics.read_address(address))


def _before_workers(_server: Any) -> None:
    if address := os.environ.get("DISCERN_METRICS", DEFAULTS["METRICS"]):
        metrics.start(*metrics.read_address(address))


def serve(
    host: str, port: int, workers: int = 2, threads: int = 8, when_ready: Callable[[], object] = lambda: None
) -> None:
    """Serve until stopped; `when_ready` is called once visitors are not refused any more.

    gthread and not gevent: SQLite's lock blocks the whole thread.
    """
    settings = {
        "bind": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
        "worker_class": PatientWorker,
        "logger_class": _Log,
        "workers": workers,
        "threads": threads,
        "accesslog": None,  # an access log would store addresses and tokens
        "errorlog": "-",
        "loglevel": os.environ.get("DISCERN_LOG_LEVEL", DEFAULTS["LOG_LEVEL"]),
        "graceful_timeout": 20,
        "control_socket_disable": True,
        "on_starting": _before_workers,
        "when_ready": lambda _server: when_ready(),
        "forwarded_allow_ips": os.environ.get("DISCERN_PROXIES", DEFAULTS["PROXIES"]),
        "forwarder_headers": "",  # a visitor's SCRIPT_NAME or PATH_INFO must not change addresses
    }
    _Server(settings).run()


@contextmanager
def served(seconds_to_start: float = 60) -> Iterator[str]:
    """`./manage.py serve` in a process of its own on a free port, until the block ends; yields its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen([sys.executable, str(ROOT / "manage.py"), "serve", "--port", str(port)])
    try:
        deadline = time.monotonic() + seconds_to_start
        while not _listens(port):
            if server.poll() is not None or time.monotonic() > deadline:
                raise ServerNotStartedError("the server did not start; run `./manage.py serve` to see why")
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        end(server, seconds=90)


def end(process: "subprocess.Popen[bytes]", seconds: float) -> None:
    """Ask the process to stop and wait for it; kill it after `seconds`, as long as a busy machine may take."""
    process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
