"""Numbers for Prometheus: what they count, where they can be read, and what is not in them."""

import os
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import update

from bench.servers import free_port
from study.conduct.readiness import why_not_ready
from study.database.db import Database
from study.database.schema import Participant
from study.errors import ConfigurationError
from study.metrics import Leases, open_leases, read_address
from study.serve import refuse_metrics, served
from study.views.server import measures
from tests.study.samples import NOW, SECRET, open_sample
from tests.study.visitor import join


@pytest.fixture
def registry(app: Flask) -> Iterator[CollectorRegistry]:
    made = CollectorRegistry()
    measures.count(app, made)
    yield made
    measures._of_participant.cache_clear()
    measures._of_name.cache_clear()


def test_each_reply_is_counted_once_for_its_study(app: Flask, registry: CollectorRegistry) -> None:
    visitor = join(app)
    trials = visitor.plan()["trials"]
    visitor.send(trials[1])
    visitor.send(trials[0])
    visitor.client.get("/s/of-nobody")
    visitor.client.get("/p/of-nobody/plan")
    of_demo = {"study": "demo"}
    assert registry.get_sample_value("discern_answers_total", of_demo) == 1
    assert registry.get_sample_value("discern_refusals_total", of_demo | {"status": "409"}) == 1
    assert registry.get_sample_value("discern_refusals_total", {"study": "", "status": "404"}) == 2
    assert registry.get_sample_value("discern_request_seconds_count", of_demo) == 5, (
        "landing, consent, plan, two answers"
    )
    text = generate_latest(registry).decode()
    assert "of-nobody" not in text
    assert visitor.token not in text


def test_errors_are_counted(app: Flask, registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(slug: str) -> None:
        raise RuntimeError("an error of ours")

    monkeypatch.setitem(app.view_functions, "participant.landing", fails)
    app.config |= {"TESTING": False, "PROPAGATE_EXCEPTIONS": False}
    app.test_client().get("/s/demo")
    assert registry.get_sample_value("discern_errors_total", {"study": "", "status": "500"}) == 1


def test_leases_are_those_that_have_not_run_out(app: Flask, database: Database) -> None:
    people = [join(app) for _ in range(3)]
    people[0].finish()
    with database.writing() as session:
        late = update(Participant).where(Participant.token == people[1].token)
        session.execute(late.values(lease_until=NOW))
        session.commit()
    assert open_leases(database) == [("demo", 1)]
    registry = CollectorRegistry()
    registry.register(Leases(database))
    assert registry.get_sample_value("discern_database_up") == 1
    os.unlink(str(database.engine.url.database))
    assert registry.get_sample_value("discern_database_up") == 0


@pytest.mark.parametrize(
    "address", ["", "9100", "127.0.0.1", "127.0.0.1:x", "0.0.0.0:9100", "[::]:9100", "8.8.8.8:9100"]
)
def test_an_address_that_the_public_could_reach_is_refused(address: str) -> None:
    with pytest.raises(ConfigurationError, match="DISCERN_METRICS"):
        read_address(address)


def test_the_surveys_own_port_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_address("[::1]:9100") == ("::1", 9100)
    assert read_address("localhost:9100") == ("localhost", 9100), "and the name of a container"
    monkeypatch.setenv("DISCERN_METRICS", "127.0.0.1:9100")
    with pytest.raises(ConfigurationError, match="has the port of the survey"):
        refuse_metrics(9100)


def ask(address: str) -> str:
    with urllib.request.urlopen(address, timeout=10) as reply:
        return reply.read().decode()


@pytest.mark.slow
def test_all_workers_are_added_up_at_an_address_of_their_own(
    app: Flask, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    for name, value in {"DATABASE_URL": sqlite_url, "SECRET_KEY": SECRET, "METRICS": f"127.0.0.1:{port}"}.items():
        monkeypatch.setenv(f"DISCERN_{name}", value)
    numbers = f"http://127.0.0.1:{port}/metrics"
    with served() as address:
        for _ in range(40):
            ask(f"{address}/s/demo")
        while why_silent(numbers).startswith("<urlopen"):
            time.sleep(0.1)
        families = {family.name: family for family in text_string_to_metric_families(ask(numbers))}
        with pytest.raises(urllib.error.HTTPError, match="404"):
            ask(f"{address}/metrics")
    counted = [s.value for s in families["discern_request_seconds"].samples if s.name.endswith("_count")]
    assert sum(counted) == 40
    assert {s.labels["study"]: s.value for s in families["discern_open_leases"].samples} == {"demo": 0}
    deadline = time.monotonic() + 20
    while "refused" not in why_silent(numbers):
        assert time.monotonic() < deadline, "it ends with the server"
        time.sleep(0.1)


def why_silent(address: str) -> str:
    try:
        return ask(address)
    except OSError as error:
        return str(error)


def test_both_databases_are_asked_alike(any_database: Database, tmp_path: Path) -> None:
    with any_database.writing() as session:
        open_sample(session, tmp_path / "stimuli")
    assert why_not_ready(any_database) is None
    assert open_leases(any_database) == [("demo", 0)]
