"""A process beside the server that shows Prometheus, at an address of its own, what all workers have counted.

`python -m study.metrics HOST PORT`, started by `study.serve`; it ends when the server does.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import ip_address
from typing import TYPE_CHECKING

from psycopg import OperationalError as BrokenConnection
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from study import clock
from study.database.db import ROOT, Database, connect, database_url
from study.database.schema import MAY_HOLD, Participant, Study
from study.errors import ConfigurationError

if TYPE_CHECKING:
    from prometheus_client import Metric

FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # where workers write their numbers, as prometheus_client calls it


def read_address(text: str) -> tuple[str, int]:
    """Host and port of `DISCERN_METRICS`. Raises ConfigurationError for an address that the public could reach."""
    host, _, port = text.rpartition(":")
    host = host.strip("[]")
    try:
        found = socket.getaddrinfo(host, int(port)) if host else []
        address, number = ip_address(found[0][4][0]), int(port)
    except (ValueError, OSError, OverflowError, IndexError):
        raise ConfigurationError(f"DISCERN_METRICS must be an address like 127.0.0.1:9100, not {text!r}") from None
    if address.is_unspecified or address.is_global:
        raise ConfigurationError(
            f"DISCERN_METRICS={text} could be reached by the public; name an address of this machine or of your own"
            " network, e.g. 127.0.0.1:9100"
        )
    return host, number


def start(host: str, port: int) -> None:
    """Start the process, and let the workers that are forked from now on write for it."""
    os.environ[FOLDER] = tempfile.mkdtemp(prefix="discern-metrics-")
    subprocess.Popen([sys.executable, "-m", "study.metrics", host, str(port)], cwd=ROOT)


class Leases:
    """Asked of the database when Prometheus asks; whether it answers is a number, too."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def collect(self) -> Iterator["Metric"]:
        """Called by prometheus_client."""
        from prometheus_client.core import GaugeMetricFamily

        words = "People for whom unanswered trials are kept."
        leases = GaugeMetricFamily("discern_open_leases", words, labels=["study"])
        up = GaugeMetricFamily("discern_database_up", "1 where the database answers.", 1)
        try:
            for slug, n in open_leases(self._database):
                leases.add_metric([slug], n)
        except (SQLAlchemyError, BrokenConnection):
            up = GaugeMetricFamily("discern_database_up", "1 where the database answers.", 0)
        yield from (leases, up)


def open_leases(database: Database) -> list[tuple[str, int]]:
    """(study, people who hold trials and whose lease has not run out), 0 for studies without any."""
    holds = (Participant.study_id == Study.id) & MAY_HOLD & (Participant.lease_until >= clock.now())
    query = select(Study.slug, func.count(Participant.id)).outerjoin(Participant, holds).group_by(Study.slug)
    with database.reading() as session:
        return [(slug, n) for slug, n in session.execute(query)]


def main(host: str, port: int) -> None:
    """Show the numbers until the server has ended, then remove them."""
    from prometheus_client import CollectorRegistry, start_http_server
    from prometheus_client.multiprocess import MultiProcessCollector

    server, folder = os.getppid(), os.environ[FOLDER]
    registry = CollectorRegistry()
    MultiProcessCollector(registry, folder)
    registry.register(Leases(connect(database_url())))
    start_http_server(port, host, registry)
    with suppress(KeyboardInterrupt):
        while os.getppid() == server:
            time.sleep(0.5)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
