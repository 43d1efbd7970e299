"""A study on its recruitment platform, and the people whom both know."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from study.database.db import Database
from study.database.find import find_study, lock_study
from study.database.schema import Participant, Study
from study.errors import ConductError
from study.recruitment import ledger
from study.recruitment.ledger import Request
from study.recruitment.places import release_places
from study.recruitment.platform import APPROVED, GONE, REJECTED, SUBMITTED, UNKNOWN, WORKING, Platform, Submission
from study.recruitment.reported import Account, account_title, store_submissions
from study.security import NOBODY, recruitment_hash

_LIVELIEST = (SUBMITTED, APPROVED, WORKING, UNKNOWN, REJECTED, GONE)
"""Of several submissions of a person, the first of these states is the one that counts."""


@dataclass(frozen=True)
class Campaign:
    """`account` is the provider's name, with `-sandbox` where no real money is spent."""

    database: Database
    platform: Platform
    slug: str
    provider: str
    account: str
    secret: str
    actor: str
    clock: Callable[[], datetime]

    def request(self, what: str, key: str, **about: str | int | None) -> Request:
        hashed = recruitment_hash(self.secret, self.account, f"{what}\x1f{key}")
        return Request(self.slug, self.account, what, hashed, about)

    def once(self, request: Request, ask: Callable[[], str | None], retry: bool = False) -> str:
        return ledger.once(self.database, request, ask, self.actor, self.clock, retry)

    def record(self, request: Request, action: str, result: str | None = None) -> None:
        ledger.record(self.database, request, action, self.actor, self.clock(), result)


@dataclass(frozen=True)
class KnownPerson:
    """Somebody whom the platform and we both know."""

    submission: Submission
    public_id: str
    finished: bool
    excluded: bool


@dataclass(frozen=True)
class People:
    """`known` to both, and the submissions of people `strange` to us: nobody joined here with their id.

    `only_here`: participant_ids of people who finished here and of whom the platform tells nothing.
    """

    known: tuple[KnownPerson, ...]
    strange: tuple[Submission, ...]
    only_here: tuple[str, ...]


def platform_name(campaign: Campaign) -> str:
    """The platform as people write it."""
    return account_title(campaign.account)


def platform_id(campaign: Campaign) -> str:
    """The platform's id of the study. Raises ConductError where it was never offered."""
    return str(offered(campaign)["result"])


def offer(campaign: Campaign, **about: str | int | None) -> Request:
    return campaign.request("offer", campaign.slug, **about)


def offered(campaign: Campaign) -> dict[str, Any]:
    """What was recorded when the study was offered. Raises ConductError where it was not."""
    entry = ledger.read(campaign.database, offer(campaign))
    if entry is None or entry.action != ledger.DONE:
        raise ConductError(
            f"study {campaign.slug!r} is not on {campaign.account} as far as is known here;"
            " run `./manage.py recruit create`, with --adopt ID if it was made there by hand"
        )
    return entry.detail


def reward(campaign: Campaign) -> int | None:
    """In cents; None where the study was made on the platform's own pages."""
    return offered(campaign).get("cents")


def everybody(campaign: Campaign) -> People:
    """All submissions, one a person. Raises PlatformError, ConductError."""
    submissions = _one_a_person(_submissions(campaign))
    with campaign.database.reading() as session:
        study = find_study(session, campaign.slug)
        here = {
            participant.recruitment_hash: participant
            for participant in session.scalars(select(Participant).where(Participant.study_id == study.id))
        }
    known, strange = [], []
    for submission in submissions:
        person = here.pop(recruitment_hash(campaign.secret, campaign.provider, submission.key), None)
        if person is None:
            strange.append(submission)
        else:
            known.append(KnownPerson(submission, person.public_id, person.finished_at is not None, person.excluded))
    return People(tuple(known), tuple(strange), _counted(campaign, here.values()))


def _counted(campaign: Campaign, people: Iterable[Participant]) -> tuple[str, ...]:
    """participant_ids of those who finished, of the kind that this account sends, and whose ids are still here."""
    kind = "human" if campaign.account == campaign.provider else "simulated"
    return tuple(
        person.public_id
        for person in people
        if person.finished_at is not None and person.observer_kind == kind and not person.excluded
        if not person.recruitment_hash.startswith(NOBODY)
    )


def release(campaign: Campaign) -> int:
    """Free the places of people who returned their submission or ran out of time; how many held any."""
    people = _one_a_person(_submissions(campaign))
    gone = [submission.key for submission in people if submission.state == GONE]
    with campaign.database.writing() as session:
        freed = release_places(
            session, campaign.slug, campaign.provider, gone, campaign.secret, campaign.actor, campaign.clock()
        )
        session.commit()
    return freed


def _submissions(campaign: Campaign) -> list[Submission]:
    """As the platform tells of them now, stored for the researchers' page."""
    now = campaign.clock()
    found = campaign.platform.submissions(platform_id(campaign))
    with campaign.database.writing() as session:
        study = lock_study(session, Study.slug == campaign.slug)
        store_submissions(session, study, _account(campaign), found, now)
        session.commit()
    return found


def _account(campaign: Campaign) -> Account:
    return Account(campaign.account, campaign.provider, campaign.secret)


def _one_a_person(submissions: Iterable[Submission]) -> list[Submission]:
    """Somebody whose time ran out once and who is back has a live submission beside the old one."""
    livelier_last = sorted(submissions, key=lambda one: -_LIVELIEST.index(one.state))
    return list({submission.key: submission for submission in livelier_last}.values())
