"""Researchers are told once what cannot wait: over TLS to a real mail server, signed to a real web server, or not at all."""

import hashlib
import hmac
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_address
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

import manage
from study import clock
from study.conduct.failures import PICTURE, Failures
from study.conduct.notices import Notice, Told, notices
from study.database.db import Database
from study.serve import _Server
from tests.study.conduct.erased import url_of
from tests.study.samples import NOW, SECRET, answer, document, enrol, open_sample, seeing, trials_of

KEY = "a-key-of-the-webhook-0123456789-abcdefgh"
NOTICE = Notice("full", "demo", "Study demo is full", "Füll it up.")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a key and its own certificate for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(private + signed.public_bytes(Encoding.PEM))
    return file


class MailServer:
    """Speaks as much SMTP as a client needs; `heard` are its lines, each with whether it came over TLS."""

    def __init__(self, certificate: Path, starttls: bool, offers_tls: bool = True) -> None:
        self.heard: list[tuple[bool, str]] = []
        self.letters: list[str] = []
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        self._starttls, self._offers_tls = starttls, offers_tls
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        with socket.create_connection(("127.0.0.1", self.port)):
            self._socket.close()
        self._thread.join(60)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
                with connection:
                    connection.settimeout(60)
                    self._talk(connection)
            except ssl.SSLError:
                continue
            except OSError:
                if self._socket.fileno() < 0:
                    return

    def _talk(self, connection: socket.socket) -> None:
        is_tls = not self._starttls
        if is_tls:
            connection = self._context.wrap_socket(connection, server_side=True)
        lines = connection.makefile("rwb")

        def say(text: str) -> None:
            lines.write(text.encode() + b"\r\n")
            lines.flush()

        say("220 test")
        while line := lines.readline().decode().strip():
            self.heard.append((is_tls, line))
            match line.split()[0].upper():
                case "EHLO" | "HELO":
                    say("250-test" if is_tls or not self._offers_tls else "250-test\r\n250-STARTTLS")
                    say("250 AUTH PLAIN" if is_tls else "250 SIZE 10000000")
                case "STARTTLS":
                    say("220 go")
                    connection = self._context.wrap_socket(connection, server_side=True)
                    lines, is_tls = connection.makefile("rwb"), True
                case "AUTH":
                    say("235 ok")
                case "DATA":
                    say("354 go")
                    body = b""
                    while (part := lines.readline()) not in (b".\r\n", b""):
                        body += part
                    self.letters.append(body.decode())
                    say("250 ok")
                case "QUIT":
                    say("221 bye")
                    connection.close()
                    return
                case _:
                    say("250 ok")


@contextmanager
def web_server(status: int = 204) -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    heard: list[tuple[dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook", heard
    server.shutdown()
    server.server_close()


@pytest.fixture
def notify(database: Database, tmp_path: Path, monkeypatch):
    """Runs the command at a time, with settings."""

    def run(*arguments: str, now: datetime = NOW, **settings: str) -> Result:
        monkeypatch.setattr(clock, "now", lambda: now)
        environment = {"DISCERN_DATABASE_URL": url_of(database), "DISCERN_SECRET_KEY": SECRET} | settings
        state = () if "--test" in arguments else ("--state", str(tmp_path / "told.json"))
        return CliRunner().invoke(manage.cli, ["notify", *state, *arguments], env=environment, catch_exceptions=False)

    return run


def fill(database: Database, folder: Path) -> None:
    """The study `demo` is full, `quiet` has places."""
    for slug in ("demo", "quiet"):
        with database.writing() as session:
            open_sample(session, folder / slug, document(seeing(images=2, k=1), slug=slug))
    for seed in range(8):
        person = enrol(database, seed)
        for trial in trials_of(database, person):
            answer(database, person, trial)


def test_what_researchers_want_to_know_is_found(database: Database, tmp_path: Path) -> None:
    fill(database, tmp_path)
    with database.reading() as session:
        soon = notices(session, NOW + timedelta(hours=1), timedelta(hours=24))
        later = notices(session, NOW + timedelta(hours=24), timedelta(hours=24))
    assert [notice.key for notice in soon] == ["full:demo"]
    assert [notice.key for notice in later] == ["full:demo", "stuck:quiet"]
    assert "since it was opened at 2026-01-02 03:04 UTC" in later[1].text
    enrol(database, 9, now=NOW + timedelta(hours=20), slug="quiet")
    next((tmp_path / "quiet").rglob("*.png")).unlink()
    with database.reading() as session:
        joined = notices(session, NOW + timedelta(hours=24), timedelta(hours=24))
    assert [notice.key for notice in joined] == ["full:demo", "pictures:quiet"]


def test_nothing_is_sent_by_default(database: Database, tmp_path: Path, notify) -> None:
    fill(database, tmp_path)
    told = notify()
    assert told.exit_code == 0
    assert "Study 'demo' (What did the network see?) takes nobody any more" in told.output
    assert "nothing is sent" in told.output
    assert not (tmp_path / "told.json").exists()


@pytest.mark.slow
def test_each_thing_is_told_once_and_signed(database: Database, tmp_path: Path, notify) -> None:
    """Oracle: the signature is computed here from the bytes that arrived."""
    fill(database, tmp_path)
    with web_server() as (address, heard):
        settings = {"DISCERN_NOTIFY_WEBHOOK": address, "DISCERN_NOTIFY_WEBHOOK_SECRET": KEY}
        for hours in (1, 2, 23):
            assert notify(now=NOW + timedelta(hours=hours), **settings).exit_code == 0
        assert len(heard) == 1
        assert notify(now=NOW + timedelta(hours=30), **settings).exit_code == 0
    (headers, body), (_, other) = heard
    assert json.loads(body)["event"] == "full"
    assert (json.loads(other)["event"], json.loads(other)["study"]) == ("stuck", "quiet")
    seconds, signed = (part.split("=")[1] for part in headers["Discern-Signature"].split(","))
    assert int(seconds) == int((NOW + timedelta(hours=1)).timestamp())
    assert signed == hmac.new(KEY.encode(), seconds.encode() + b"." + body, hashlib.sha256).hexdigest()


@pytest.mark.slow
def test_what_was_not_taken_is_sent_again_and_no_redirection_is_followed(
    database: Database, tmp_path: Path, notify
) -> None:
    fill(database, tmp_path)
    for status, words in ((500, "status 500"), (302, "status 302")):
        with web_server(status) as (address, heard):
            refused = notify(DISCERN_NOTIFY_WEBHOOK=address, DISCERN_NOTIFY_WEBHOOK_SECRET=KEY)
        assert refused.exit_code == 1
        assert words in refused.output
        assert len(heard) == 1
    assert "cannot be reached" in notify(DISCERN_NOTIFY_WEBHOOK=address, DISCERN_NOTIFY_WEBHOOK_SECRET=KEY).output
    with web_server() as (address, heard):
        assert notify(DISCERN_NOTIFY_WEBHOOK=address, DISCERN_NOTIFY_WEBHOOK_SECRET=KEY).exit_code == 0
    assert len(heard) == 1


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
def test_mail_goes_over_tls_alone(scheme: str, certificate: Path, notify) -> None:
    server = MailServer(certificate, starttls=scheme != "smtps")
    settings = {
        "DISCERN_NOTIFY_TO": "ada@example.org, bo@example.org",
        "DISCERN_NOTIFY_FROM": "discern@example.org",
        "DISCERN_NOTIFY_SMTP": f"{scheme}://us%40er@127.0.0.1:{server.port}",
        "DISCERN_NOTIFY_SMTP_PASSWORD": "p@ss/word",
    }
    refused = notify("--test", **settings)
    assert refused.exit_code == 1, "nobody vouches for the certificate"
    assert "certificate verify failed" in refused.output
    assert not server.letters
    sent = notify("--test", **settings, SSL_CERT_FILE=str(certificate))
    server.close()
    assert sent.exit_code == 0, sent.output
    (letter,) = server.letters
    assert "Subject: [Discern] Messages arrive" in letter
    assert "To: ada@example.org, bo@example.org" in letter
    for verb in ("AUTH", "MAIL", "RCPT", "DATA"):
        assert {is_tls for is_tls, line in server.heard if line.upper().startswith(verb)} == {True}
    assert sum(line.upper().startswith("RCPT") for _, line in server.heard) == 2
    assert "p@ss" not in sent.output


def test_a_server_that_offers_no_tls_gets_neither_password_nor_letter(certificate: Path, notify) -> None:
    server = MailServer(certificate, starttls=True, offers_tls=False)
    refused = notify(
        "--test",
        DISCERN_NOTIFY_TO="ada@example.org",
        DISCERN_NOTIFY_FROM="discern@example.org",
        DISCERN_NOTIFY_SMTP=f"smtp+starttls://user@127.0.0.1:{server.port}",
        DISCERN_NOTIFY_SMTP_PASSWORD="p@ss/word",
    )
    server.close()
    assert refused.exit_code == 1
    assert "STARTTLS extension not supported" in refused.output
    assert {line.split()[0].upper() for _, line in server.heard} <= {"EHLO", "QUIT"}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"DISCERN_NOTIFY_WEBHOOK": "http://example.org/x", "DISCERN_NOTIFY_WEBHOOK_SECRET": KEY}, "begin with https"),
        ({"DISCERN_NOTIFY_WEBHOOK": "https://example.org/x"}, "32 random characters"),
        ({"DISCERN_NOTIFY_TO": "a@example.org"}, "DISCERN_NOTIFY_SMTP must be"),
        ({"DISCERN_NOTIFY_TO": "a@example.org", "DISCERN_NOTIFY_SMTP": "smtp://mail.example.org"}, "on this machine"),
        ({"DISCERN_NOTIFY_TO": "a@example.org", "DISCERN_NOTIFY_SMTP": "smtps://mail.example.org"}, "NOTIFY_FROM must"),
    ],
)
def test_settings_that_would_send_in_the_clear_or_unsigned_are_refused(notify, settings, words: str) -> None:
    refused = notify("--test", **settings)
    assert refused.exit_code == 1
    assert words in refused.output


def test_a_thing_is_news_again_when_it_has_been_over_for_a_day(tmp_path: Path) -> None:
    file = tmp_path / "told.json"

    def told(hours: int, *found: Notice) -> list[Notice]:
        now, memory = NOW + timedelta(hours=hours), Told(file)
        new = memory.new("mail", found, now)
        for notice in new:
            memory.add("mail", notice, now)
        return new

    assert told(0, NOTICE) == [NOTICE]
    assert told(20, NOTICE) == []
    assert told(40, NOTICE) == [], "it goes on"
    assert told(41) == []
    assert told(60, NOTICE) == [], "a place came free for a while"
    assert told(90, NOTICE) == [NOTICE]
    assert Told(file).new("webhook", [NOTICE], NOW + timedelta(hours=91)) == [NOTICE], "nobody told that one"


def test_failures_of_the_server_are_told(tmp_path: Path, notify) -> None:
    file = tmp_path / "failures"
    shared = Failures(NOW, file)
    assert "replies" not in notify(DISCERN_FAILURES_PATH=str(file)).output
    shared.add(NOW)
    shared.add(NOW, PICTURE)
    assert "1 replies of the server failed, and 1 pictures" in notify(DISCERN_FAILURES_PATH=str(file)).output
    assert "replies" not in notify("--errors", "2", DISCERN_FAILURES_PATH=str(file)).output
    assert "replies" not in notify(now=NOW + timedelta(hours=2), DISCERN_FAILURES_PATH=str(file)).output
    assert file.stat().st_mode & 0o077 == 0
    assert "cannot be written" in notify(DISCERN_FAILURES_PATH=str(tmp_path / "no" / "file")).output


def test_the_server_counts_where_the_setting_says(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("DISCERN_FAILURES_PATH", str(tmp_path / "failures"))
    server = _Server({})
    server._failures.add(NOW)
    assert Failures(NOW, tmp_path / "failures").last_hour(NOW) == 1


def test_a_database_that_does_not_answer_is_told(notify, tmp_path: Path) -> None:
    told = notify(DISCERN_DATABASE_URL=f"sqlite:///{tmp_path / 'none.db'}")
    assert "Participants cannot take part: there is no database" in told.output
