"""How researchers are told: by e-mail over TLS, or by a signed request to an address of their own.

Nothing is sent unless an address is set. Both hold the text of a notice, which names no participant.
"""

import hashlib
import hmac
import json
import smtplib
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import make_msgid
from urllib.parse import SplitResult, unquote, urlsplit

from study.conduct.notices import Notice
from study.errors import ConfigurationError, NotSentError
from study.security import MIN_SECRET_LENGTH

MAIL_TO, MAIL_FROM, SMTP = "DISCERN_NOTIFY_TO", "DISCERN_NOTIFY_FROM", "DISCERN_NOTIFY_SMTP"
SMTP_PASSWORD = "DISCERN_NOTIFY_SMTP_PASSWORD"
WEBHOOK, WEBHOOK_SECRET = "DISCERN_NOTIFY_WEBHOOK", "DISCERN_NOTIFY_WEBHOOK_SECRET"
SIGNATURE = "Discern-Signature"
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_PORTS = {"smtps": 465, "smtp+starttls": 587, "smtp": 25}
_TIMEOUT_S = 20


@dataclass(frozen=True)
class Messenger:
    """`send` raises NotSentError."""

    name: str
    send: Callable[[Notice, datetime], None]


def messengers(environment: Mapping[str, str]) -> list[Messenger]:
    """Those that are set up; none by default. Raises ConfigurationError."""
    return [*_mail(environment), *_webhook(environment)]


def _mail(environment: Mapping[str, str]) -> Iterator[Messenger]:
    to = environment.get(MAIL_TO, "")
    if not to:
        return
    server = _server(environment)
    sender = environment.get(MAIL_FROM, "")
    if "@" not in sender or not sender.isprintable() or not to.isprintable():
        raise ConfigurationError(f"{MAIL_FROM} must be the address that e-mails come from, such as discern@example.org")
    password = environment.get(SMTP_PASSWORD, "")
    yield Messenger("mail", lambda notice, now: _send_mail(server, password, _letter(notice, sender, to)))


def _server(environment: Mapping[str, str]) -> SplitResult:
    """The mail server. Without TLS only this machine's own is used."""
    address = urlsplit(environment.get(SMTP, ""))
    is_safe = address.scheme in ("smtps", "smtp+starttls") or (
        address.scheme == "smtp" and address.hostname in _LOOPBACK
    )
    if not address.hostname or not is_safe:
        raise ConfigurationError(
            f"{SMTP} must be smtps://USER@HOST or smtp+starttls://USER@HOST, with its password in {SMTP_PASSWORD};"
            " smtp:// is for a mail server on this machine"
        )
    return address


def _letter(notice: Notice, sender: str, to: str) -> EmailMessage:
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = sender, to, f"[Discern] {notice.subject}"
    letter["Auto-Submitted"] = "auto-generated"
    letter["Message-ID"] = make_msgid(domain=sender.partition("@")[2].strip("> ") or None)
    letter.set_content(f"{notice.text}\n")
    return letter


def _send_mail(server: SplitResult, password: str, letter: EmailMessage) -> None:
    try:
        with _connected(server) as connection:
            if server.username:
                connection.login(unquote(server.username), password)
            connection.send_message(letter)
    except (OSError, smtplib.SMTPException) as error:
        raise NotSentError(f"the mail server {server.hostname} did not take the message: {error}") from error


def _connected(server: SplitResult) -> smtplib.SMTP:
    host, port = server.hostname or "", server.port or _PORTS[server.scheme]
    if server.scheme == "smtps":
        return smtplib.SMTP_SSL(host, port, timeout=_TIMEOUT_S, context=ssl.create_default_context())
    connection = smtplib.SMTP(host, port, timeout=_TIMEOUT_S)
    if server.scheme == "smtp+starttls":
        try:
            connection.starttls(context=ssl.create_default_context())
        except BaseException:
            connection.close()
            raise
    return connection


def _webhook(environment: Mapping[str, str]) -> Iterator[Messenger]:
    address, secret = environment.get(WEBHOOK, ""), environment.get(WEBHOOK_SECRET, "")
    if not address:
        return
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise ConfigurationError(f"{WEBHOOK} must begin with https://, or be on this machine")
    if len(secret) < MIN_SECRET_LENGTH:
        raise ConfigurationError(
            f"{WEBHOOK_SECRET} must have {MIN_SECRET_LENGTH} random characters or more; with it the receiver checks"
            " that a message comes from here"
        )
    yield Messenger("webhook", lambda notice, now: _post(address, secret, notice, now))


def _post(address: str, secret: str, notice: Notice, now: datetime) -> None:
    """A reply that leads elsewhere is not followed."""
    import urllib3

    told = {"event": notice.event, "study": notice.slug or None, "subject": notice.subject, "text": notice.text}
    body = json.dumps(told | {"at": now.isoformat(timespec="seconds")}, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json", SIGNATURE: signature(secret, int(now.timestamp()), body)}
    host = urlsplit(address).hostname
    try:
        reply = urllib3.request(
            "POST", address, body=body, headers=headers, redirect=False, retries=False, timeout=_TIMEOUT_S
        )
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise NotSentError(f"{host} cannot be reached: {error}") from error
    if not 200 <= reply.status < 300:
        raise NotSentError(f"{host} did not take the message: status {reply.status}")


def signature(secret: str, seconds: int, body: bytes) -> str:
    """`t=SECONDS,v1=HEX`: the HMAC-SHA256 of the seconds since 1970, a full stop and the body."""
    signed = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={signed}"
