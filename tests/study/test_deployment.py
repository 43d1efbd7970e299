"""`deploy-check` against a server behind TLS: all is well, and each thing that may be wrong is told with its remedy."""

import datetime as dt
import ipaddress
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import text
from werkzeug.serving import make_server

import manage
from study import clock, close_app, create_app
from study.conduct.health import BACKUP
from study.database import audit
from study.database.db import Database
from study.deployment import NOT_READY, READY, Deployment, Finding
from tests.study.samples import SECRET, document, open_sample

HOST = "127.0.0.1"
Check = Callable[..., dict[str, Finding]]


def certificate(folder: Path, days: int) -> tuple[str, str]:
    """Files of a certificate for HOST that ends in some days, and of its key."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    ends = dt.datetime.now(dt.UTC) + dt.timedelta(days=days, hours=1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(ends - dt.timedelta(days=90)).not_valid_after(ends)
    own = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))])
    made = builder.add_extension(own, False).sign(key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    (folder / "cert.pem").write_bytes(made.public_bytes(pem))
    plain = serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    return str(folder / "cert.pem"), str(folder / "key.pem")


@contextmanager
def behind_tls(app: Any, files: tuple[str, str], **sets: str) -> Iterator[str]:
    """The application behind what a web server does: TLS, and headers of its own."""

    def proxy(environ: dict[str, Any], start_response: Any) -> Any:
        return app(environ | {name: value for name, value in sets.items() if value}, start_response)

    server = make_server(HOST, 0, proxy, threaded=True, ssl_context=files)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"https://{HOST}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


GOOD = {"HTTP_X_FORWARDED_FOR": "198.51.100.1", "HTTP_X_REQUEST_ID": "0123456789abcdef"}


@pytest.fixture
def deployed(database: Database, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Check]:
    """Serves and looks; `env` are settings of the command alone, `sets` headers of the web server."""
    sample = document()
    sample["study"]["contact"] = "study@vision-lab.edu"
    with database.writing() as session:
        open_sample(session, tmp_path / "stimuli", sample)
        audit.append(session, "manage.py", BACKUP, {"file": "x"}, clock.now())
        session.commit()
    settings = {"DATABASE_URL": sqlite_url, "SECRET_KEY": SECRET, "PRODUCTION": "1", "TRUSTED_HOSTS": HOST}
    for name, value in settings.items():
        monkeypatch.setenv(f"DISCERN_{name}", value)
    monkeypatch.setattr(
        "study.deployment.ctypes",
        SimpleNamespace(CDLL=lambda _: SimpleNamespace(adjtimex=lambda _: 0), create_string_buffer=lambda _: None),
    )
    app = create_app()

    def check(days: int = 60, env: dict[str, str] | None = None, hours: int = 26, **sets: str) -> dict[str, Finding]:
        files = certificate(tmp_path, days)
        monkeypatch.setenv("SSL_CERT_FILE", files[0])
        with behind_tls(app, files, **GOOD | sets) as origin, monkeypatch.context() as patch:
            for name, value in (env or {}).items():
                patch.setenv(f"DISCERN_{name}", value)
            found = Deployment(origin, dt.timedelta(hours=hours)).findings()
        return {finding.name: finding for finding in found}

    yield check
    close_app(app)


def test_a_server_that_lacks_nothing_is_ready(deployed: Check) -> None:
    found = deployed()
    assert [finding for finding in found.values() if finding.state != READY] == []
    assert found["TLS"].words.startswith("TLSv1.3, certificate until ")
    assert "study@vision-lab.edu" in found["contact"].words
    assert SECRET not in str(found)


OTHER = "another-secret-of-tests-0123456789-abcdefgh"
WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"days": 10}, "TLS", "renew it"),
    ({"days": -1}, "TLS", "certificate has expired"),
    ({"env": {"PRODUCTION": "0"}}, "settings", "set DISCERN_PRODUCTION=1"),
    ({"env": {"TRUSTED_HOSTS": "study.example.org"}}, "address", "add 127.0.0.1 to DISCERN_TRUSTED_HOSTS"),
    ({"env": {"APPLICATION_ROOT": "/discern"}}, "address", "DISCERN_APPLICATION_ROOT is /discern"),
    ({"env": {"SECRET_KEY": OTHER}}, "secret", "does not recognise the secret"),
    ({"env": {"SECRET_KEY": "short"}}, "settings", "DISCERN_SECRET_KEY is weak"),
    ({"HTTP_X_FORWARDED_FOR": ""}, "forwarded headers", "does not set X-Forwarded-For itself"),
    ({"HTTP_HOST": "localhost:8000"}, "forwarded headers", "does not set Host itself"),
    ({"REMOTE_ADDR": "10.1.2.3"}, "forwarded headers", "add the web server's address, 10.1.2.3, to DISCERN_PROXIES"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "name", "words"), WRONG)
def test_what_is_wrong_is_told_with_its_remedy(deployed: Check, change: dict[str, Any], name: str, words: str) -> None:
    found = deployed(**change)
    assert found[name].state == NOT_READY
    assert words in found[name].words


def test_what_is_wrong_in_the_database_and_beside_it_is_told(
    deployed: Check, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.writing() as session:
        session.execute(text("UPDATE audit_entry SET at = '2026-01-01 00:00:00' WHERE action = 'backup'"))
        session.execute(text("UPDATE study SET document = replace(document, 'vision-lab.edu', 'example.org')"))
        session.commit()
    shutil.rmtree(tmp_path / "stimuli")
    monkeypatch.setattr("study.deployment.shutil.disk_usage", lambda _: SimpleNamespace(free=10**9))
    monkeypatch.setattr("study.deployment.ctypes.CDLL", lambda _: SimpleNamespace(adjtimex=lambda _: 5))
    found = deployed()
    for name, words in {
        "server": "/readyz replies 503: pictures of an open study are missing",
        "pictures": "run `./manage.py open-study --stimuli FOLDER`",
        "disk": "1.0 GB free",
        "clock": "install chrony",
        "contact": "nobody can be reached at 'study@example.org'",
        "backup": "the last one is of 2026-01-01 00:00 UTC; let a timer run",
    }.items():
        assert (found[name].state, words in found[name].words) == (NOT_READY, True), found[name]


def test_the_command_has_an_exit_status_and_json(sqlite_url: str, database: Database, monkeypatch) -> None:
    monkeypatch.setenv("DISCERN_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("DISCERN_SECRET_KEY", SECRET)
    asked = ["deploy-check", "--origin", f"https://{HOST}:1"]
    done = CliRunner().invoke(manage.cli, [*asked, "--json"])
    told = json.loads(done.stdout)
    assert (done.exit_code, told["ready"]) == (1, False)
    states = {check["name"]: check["state"] for check in told["checks"]}
    assert states["database"] == READY
    assert states["TLS"] == states["backup"] == NOT_READY
    lines = CliRunner().invoke(manage.cli, asked).stdout.splitlines()
    assert len(lines) == len(states)
    assert "NOT READY  backup: there is none; let a timer run `./manage.py backup --all` every 26 hours" in lines


def test_a_stranger_learns_nothing_of_what_the_server_saw(app) -> None:
    for checked in ("", "seen", "seen.abc.def"):
        reply = app.test_client().get("/healthz", headers={"X-Discern-Check": checked})
        assert reply.text == "alive\n"
