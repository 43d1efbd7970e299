"""What a server needs: seen from outside, through the web server in front, and from inside, by its settings."""

import ctypes
import json
import re
import shutil
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import SplitResult, urlsplit
from urllib.request import Request, urlopen

from flask import Config, Flask
from itsdangerous import TimestampSigner
from sqlalchemy import func, select
from werkzeug.sansio.utils import host_is_trusted

from study import clock, settings
from study.conduct.health import BACKUP
from study.conduct.lost_pictures import lost_pictures
from study.database.db import ROOT, ready_database
from study.database.schema import CLOSED, AuditEntry, Study
from study.definition import frozen_definition
from study.errors import DeploymentError, NotSeenError, StudyError
from study.views.server.logs import ID_HEADER
from study.views.server.probes import CHECK_HEADER, CHECK_SALT

READY, NOT_READY, NOT_SEEN = "ready", "NOT READY", "not seen"
_FORGED = {"X-Forwarded-For": "203.0.113.99", ID_HEADER: "f0f0f0f0-0000-4000-8000-f0f0f0f0f0f0"}
_NOTHING: Mapping[str, str] = {}
_LEAST_FREE, _RENEWED, _PATIENCE_S = 2 * 1024**3, timedelta(days=14), 10
_CLOCKS_APART = timedelta(seconds=10)
_UNSYNCHRONISED = 5  # TIME_ERROR of adjtimex(2)
_NOBODYS = re.compile(r"@(.*\.)?(example(\.(org|com|net))?|test|invalid|localhost)\b", re.IGNORECASE)
_REACHED = re.compile(r"\S+@\S+\.\S+|https?://\S+|\+?\d[\d /()-]{5,}")


@dataclass(frozen=True)
class Finding:
    """`state` is READY, NOT_READY or NOT_SEEN; `words` say what is there, or what to do."""

    name: str
    state: str
    words: str


class Deployment:
    """The server at `origin`, e.g. https://study.example.org; a backup may be `backup_age` old."""

    def __init__(self, origin: str, backup_age: timedelta) -> None:
        self._origin, self._backup_age = origin.rstrip("/"), backup_age

    def findings(self) -> list[Finding]:
        """One for each thing that is needed, in the order in which to mend them."""
        looks: dict[str, Callable[[], str]] = {
            "settings": self.production,
            "address": self.address,
            "TLS": self.tls,
            "server": self.server,
            "secret": self.secret,
            "forwarded headers": self.forwarded,
            "database": self.database,
            "pictures": self.pictures,
            "disk": self.disk,
            "clock": self.clock,
            "contact": self.contact,
            "backup": self.backup,
        }
        return [_finding(name, look) for name, look in looks.items()]

    @cached_property
    def _config(self) -> Config:
        app = Flask("study", static_folder=None)
        settings.read(app)
        return app.config

    @cached_property
    def _url(self) -> SplitResult:
        return urlsplit(self._origin)

    @cached_property
    def _seen(self) -> dict[str, Any]:
        """What the server has received of a request of ours, which it tells only those who have its secret."""
        signed = TimestampSigner(self._config["SECRET_KEY"], salt=CHECK_SALT).sign("seen").decode()
        status, text = self._ask("/healthz", {CHECK_HEADER: signed} | _FORGED)
        if status != 200 or not text.startswith("{"):
            raise DeploymentError(
                "the server does not recognise the secret that this command has; run it with the server's settings,"
                " e.g. after `set -a; . /etc/discern.env`"
            )
        return dict(json.loads(text))

    def _ask(self, path: str, headers: Mapping[str, str] = _NOTHING) -> tuple[int, str]:
        request = Request(self._origin + path, headers=dict(headers))
        trusted = ssl.create_default_context()  # urlopen's own keeps the authorities of its first use (Python 3.12 on)
        try:
            with urlopen(request, timeout=_PATIENCE_S, context=trusted) as reply:
                return reply.status, reply.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode(errors="replace")
        except OSError as error:  # URLError is one
            reason = getattr(error, "reason", error)
            raise DeploymentError(f"{self._origin}{path} cannot be reached: {reason}") from None

    def production(self) -> str:
        if self._config["PRODUCTION"] != "1":
            raise DeploymentError("set DISCERN_PRODUCTION=1; otherwise cookies travel over HTTP, too")
        return "DISCERN_PRODUCTION=1, and none is refused"

    def address(self) -> str:
        host, path, root = self._url.hostname, self._url.path or "/", self._config["APPLICATION_ROOT"]
        if self._url.scheme != "https" or not host:
            raise DeploymentError("--origin must begin with https:// and name a host")
        if not host_is_trusted(host, self._config["TRUSTED_HOSTS"] or []):
            raise DeploymentError(f"add {host} to DISCERN_TRUSTED_HOSTS; the server refuses other names")
        if path != root:
            raise DeploymentError(f"DISCERN_APPLICATION_ROOT is {root}, but the origin's path is {path}")
        return f"{host} is one of DISCERN_TRUSTED_HOSTS, the path is {root}"

    def tls(self) -> str:
        """The certificate as a browser checks it."""
        host, port = self._url.hostname or "", self._url.port or 443
        try:
            version, until = _certificate(host, port)
        except ssl.SSLCertVerificationError as error:
            raise DeploymentError(f"browsers refuse the certificate: {error.verify_message}; get another one") from None
        except OSError as error:
            raise DeploymentError(f"no TLS at {host}:{port}: {error.strerror or error}") from None
        if until - clock.now() < _RENEWED:
            raise DeploymentError(f"the certificate ends on {until:%Y-%m-%d}; renew it")
        return f"{version}, certificate until {until:%Y-%m-%d}"

    def server(self) -> str:
        for path in ("/healthz", "/readyz"):
            status, text = self._ask(path)
            if status != 200:
                raise DeploymentError(f"{path} replies {status}: {text.strip()[:100]}; see the server's log")
        return "/healthz and /readyz reply 200"

    def secret(self) -> str:
        assert self._seen
        if self._config["SECRET_KEY_FALLBACKS"]:
            return "the server's; earlier ones are read, too: remove DISCERN_SECRET_KEY_FALLBACKS after a day"
        return "strong, and the server's"

    def forwarded(self) -> str:
        seen = self._seen
        if not seen["is_of_proxy"]:
            raise DeploymentError(f"add the web server's address, {seen['remote']}, to DISCERN_PROXIES")
        for header, is_own, nginx in (
            ("Host", seen["host"].partition(":")[0] == self._url.hostname, "$host"),
            ("X-Forwarded-For", seen["visitor"] not in ("", _FORGED["X-Forwarded-For"]), "$remote_addr"),
        ):
            if not is_own:
                raise DeploymentError(
                    f"the web server does not set {header} itself; nginx: proxy_set_header {header} {nginx}"
                )
        ids = "its log has ids of its own" if seen["request_id"] == _FORGED[ID_HEADER] else f"so is {ID_HEADER}"
        return f"Host and X-Forwarded-For are the web server's own; {ids}"

    def database(self) -> str:
        with ready_database() as ready:
            return f"{ready.engine.dialect.name}, its tables are current"

    def pictures(self) -> str:
        with ready_database() as ready, ready.reading() as session:
            if lost := lost_pictures(session):
                raise DeploymentError("; ".join(one.words for one in lost))
        return "those of all studies that are not closed are there"

    def disk(self) -> str:
        with ready_database() as ready:
            url = ready.engine.url
        own = url.get_backend_name() == "sqlite"
        free = shutil.disk_usage(Path(url.database or "").parent if own else ROOT).free
        if free < _LEAST_FREE:
            raise DeploymentError(f"{free / 1e9:.1f} GB free; a full disk stores no answer, so make room")
        return f"{free / 1e9:.0f} GB free" + ("" if own else "; look at the database's own disk, too")

    def clock(self) -> str:
        """Whether the kernel says that something keeps it right; links that Prolific signs are good for seconds."""
        apart = abs(datetime.fromisoformat(self._seen["at"]) - clock.now())
        if apart > _CLOCKS_APART:
            raise DeploymentError(f"the server's clock and this one are {apart.total_seconds():.0f} s apart; set them")
        try:
            state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512))
        except AttributeError:
            raise NotSeenError("only Linux says whether its clock is kept right") from None
        if state == _UNSYNCHRONISED:
            raise DeploymentError("nothing keeps this machine's clock right; install chrony or systemd-timesyncd")
        return "kept right by NTP"

    def contact(self) -> str:
        with ready_database() as ready, ready.reading() as session:
            studies = session.scalars(select(Study).where(Study.state != CLOSED).order_by(Study.slug)).all()
            contacts = [(s.slug, text) for s in studies for text in set(frozen_definition(s).study.contact.values())]
        for slug, text in contacts:
            if not _REACHED.search(text) or _NOBODYS.search(text):
                raise DeploymentError(f"nobody can be reached at {text!r}, the contact of study {slug!r}; amend it")
        return "; ".join(f"{slug}: {text}" for slug, text in contacts) or "no study is open"

    def backup(self) -> str:
        with ready_database() as ready, ready.reading() as session:
            last = session.scalar(select(func.max(AuditEntry.at)).where(AuditEntry.action == BACKUP))
        hours = self._backup_age / timedelta(hours=1)
        if last is None or clock.now() - last > self._backup_age:
            ago = "there is none" if last is None else f"the last one is of {last:%Y-%m-%d %H:%M} UTC"
            raise DeploymentError(f"{ago}; let a timer run `./manage.py backup --all` every {hours:.0f} hours")
        return f"the last one is of {last:%Y-%m-%d %H:%M} UTC"


def _certificate(host: str, port: int) -> tuple[str | None, datetime]:
    """The version of TLS, and when the certificate ends."""
    secure = ssl.create_default_context()
    with (
        socket.create_connection((host, port), _PATIENCE_S) as plain,
        secure.wrap_socket(plain, server_hostname=host) as secured,
    ):
        ends = (secured.getpeercert() or {})["notAfter"]
        return secured.version(), datetime.fromtimestamp(ssl.cert_time_to_seconds(str(ends)), UTC)


def _finding(name: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(name, READY, look())
    except NotSeenError as error:
        return Finding(name, NOT_SEEN, str(error))
    except StudyError as error:
        return Finding(name, NOT_READY, str(error))
