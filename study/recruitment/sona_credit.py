"""SONA's server-side credit: one request of ours for each person who finished, answered in XML.

sona-systems.com, "Server-Side Completion URL Responses": a GET of the address that SONA shows for the study, with the
person's survey code; `credit_status` is G where credit was given.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from xml.etree import ElementTree

from sqlalchemy import select

from contracts.observers import HUMAN
from study.database.db import Database
from study.database.find import find_study
from study.database.schema import ExternalIdentity, Participant
from study.errors import ConfigurationError, PlatformRefusedError
from study.recruitment import ledger
from study.recruitment.exchange import exchange, require_safe
from study.recruitment.sona import SONA
from study.security import identity_key, recruitment_hash

VARIABLE = "DISCERN_SONA_SERVER_URL"
_CODE = "survey_code"
_GIVEN = "G"


@dataclass(frozen=True)
class Student:
    """Somebody who finished. `code`: the survey code of their link."""

    public_id: str
    code: str


@dataclass(frozen=True)
class Office:
    """Gives credit for one study, each person once: ledger.py."""

    database: Database
    slug: str
    url: str
    secret: str
    actor: str
    clock: Callable[[], datetime]

    @classmethod
    def of(
        cls, environment: Mapping[str, str], database: Database, slug: str, actor: str, clock: Callable[[], datetime]
    ) -> "Office":
        """Raises ConfigurationError where the address of SONA is missing or of another kind."""
        url = environment.get(VARIABLE, "")
        if "credit_token" not in dict(parse_qsl(urlsplit(url).query)):
            raise ConfigurationError(
                f"{VARIABLE} has no credit_token; set it to SONA's Server-Side Completion URL of the study"
            )
        require_safe(VARIABLE, url)
        return cls(database, slug, url, identity_key(environment), actor, clock)

    def give(self, student: Student, retry: bool = False) -> bool:
        """Ask SONA unless it was asked; False where its reply was lost. Raises PlatformError."""
        key = recruitment_hash(self.secret, SONA.name, f"credit\x1f{student.code}")
        request = ledger.Request(self.slug, SONA.name, "credit", key, {"participant": student.public_id})
        state = ledger.once(self.database, request, lambda: self._ask(student), self.actor, self.clock, retry)
        return state == ledger.DONE

    def _ask(self, student: Student) -> str | None:
        reply = exchange(SONA.title, "GET", _with_code(self.url, student.code), {}, None, _parse)
        found = {one.tag.rpartition("}")[2]: (one.text or "").strip() for one in reply.content.iter()}
        if found.get("credit_status") != _GIVEN:
            words = " ".join(text.strip() for text in reply.content.itertext() if text.strip())
            raise PlatformRefusedError(f"SONA gave no credit: {words[:300] or 'without a reason'}")
        return None


def due(database: Database, slug: str) -> list[Student]:
    """Real people who finished, are not excluded and came with a survey code that is still stored here."""
    with database.reading() as session:
        study = find_study(session, slug)
        rows = session.execute(
            select(Participant.public_id, ExternalIdentity.parameters)
            .join(ExternalIdentity, ExternalIdentity.participant_id == Participant.id)
            .where(Participant.study_id == study.id, ExternalIdentity.provider == SONA.name)
            .where(Participant.finished_at.is_not(None), Participant.excluded.is_(False))
            .where(Participant.observer_kind == HUMAN)
            .order_by(Participant.id)
        )
        return [Student(public_id, link["id"]) for public_id, link in rows if "id" in link]


def _parse(body: bytes) -> ElementTree.Element:
    try:
        return ElementTree.fromstring(body)
    except ElementTree.ParseError as error:
        raise ValueError(str(error)) from error


def _with_code(url: str, code: str) -> str:
    address = urlsplit(url)
    return urlunsplit(address._replace(query=urlencode(dict(parse_qsl(address.query)) | {_CODE: code})))
