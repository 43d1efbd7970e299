"""A study on its recruitment platform: offered, submissions approved, bonuses paid, places released; nothing twice."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from study.database.db import Database
from study.database.find import find_study
from study.database.schema import Participant
from study.definition import frozen_definition
from study.errors import ConductError
from study.recruitment import ledger
from study.recruitment.ledger import Request
from study.recruitment.places import release_places
from study.recruitment.platform import APPROVED, GONE, SUBMITTED, Platform, Posting, Submission
from study.recruitment.providers import PROVIDERS
from study.security import recruitment_hash


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

    def request(self, what: str, key: str, **about: str | int) -> Request:
        hashed = recruitment_hash(self.secret, self.account, f"{what}\x1f{key}")
        return Request(self.slug, self.account, what, hashed, about)

    def once(self, request: Request, ask: Callable[[], str | None], retry: bool = False) -> str:
        return ledger.once(self.database, request, ask, self.actor, self.clock, retry)


@dataclass(frozen=True)
class KnownPerson:
    """Somebody whom the platform and we both know."""

    submission: Submission
    public_id: str
    finished: bool
    excluded: bool


def platform_name(campaign: Campaign) -> str:
    """The platform as people write it."""
    title = PROVIDERS[campaign.provider].title
    return title if campaign.account == campaign.provider else f"{title}'s sandbox"


def draft(campaign: Campaign, address: str, places: int, reward: int, description: str) -> Posting:
    """The study as it would be offered; `address` is this server's, `reward` in cents."""
    with campaign.database.reading() as session:
        study = find_study(session, campaign.slug)
        definition = frozen_definition(study).study
        return Posting(
            name=definition.title[definition.languages[0]],
            description=description,
            url=f"{address.rstrip('/')}/s/{campaign.slug}",
            places=places,
            reward=reward,
            minutes=definition.minutes,
            completion_code=study.completion_code,
            outcome_codes=study.outcome_codes,
            parameters=PROVIDERS[campaign.provider].parameters,
        )


def offer(campaign: Campaign, posting: Posting, retry: bool = False) -> str:
    """Put it on the platform, once; the platform's id of it. Raises PlatformError, ConductError."""
    request = _offer(campaign, cents=posting.reward, places=posting.places)
    if campaign.once(request, lambda: campaign.platform.create(posting), retry) == ledger.BEGUN:
        raise ConductError(
            f"study {campaign.slug!r} may be on {campaign.account} already: the reply to an earlier try was lost."
            " Look there, then name its id with --adopt, or offer it again with --retry-uncertain"
        )
    return platform_id(campaign)


def adopt(campaign: Campaign, study_id: str) -> None:
    """The study is on the platform under this id; nothing is asked of the platform."""
    with campaign.database.reading() as session:
        find_study(session, campaign.slug)
    ledger.record(campaign.database, _offer(campaign), ledger.DONE, campaign.actor, campaign.clock(), study_id)


def platform_id(campaign: Campaign) -> str:
    """The platform's id of the study. Raises ConductError where it was never offered."""
    return str(_offered(campaign)["result"])


def reward(campaign: Campaign) -> int | None:
    """In cents; None where the study was not offered from here."""
    return _offered(campaign).get("cents")


def known_people(campaign: Campaign) -> list[KnownPerson]:
    """The platform's submissions of people who joined here. Raises PlatformError, ConductError."""
    submissions = campaign.platform.submissions(platform_id(campaign))
    with campaign.database.reading() as session:
        study = find_study(session, campaign.slug)
        known = {
            participant.recruitment_hash: participant
            for participant in session.scalars(select(Participant).where(Participant.study_id == study.id))
        }
    hashes = ((s, recruitment_hash(campaign.secret, campaign.provider, s.key)) for s in submissions)
    return [
        KnownPerson(s, known[h].public_id, known[h].finished_at is not None, known[h].excluded)
        for s, h in hashes
        if h in known
    ]


def awaiting_approval(everybody: Iterable[KnownPerson]) -> list[KnownPerson]:
    """Who handed in and finished here and is not excluded: the others are a person's to judge, on the platform."""
    return [p for p in everybody if p.submission.state == SUBMITTED and p.finished and not p.excluded]


def approve(campaign: Campaign, person: KnownPerson) -> None:
    """Accept and pay. Both platforms pay an assignment's reward once, however often it is approved."""
    request = campaign.request("approval", person.submission.id, participant=person.public_id)
    campaign.once(request, lambda: campaign.platform.approve([person.submission]), retry=True)


def payable(everybody: Iterable[KnownPerson], chosen: Iterable[str]) -> list[KnownPerson]:
    """The people with these participant_ids, in this order. Raises ConductError naming those who cannot get a bonus."""
    handed_in = {p.public_id: p for p in everybody if p.submission.state in (SUBMITTED, APPROVED)}
    ids = list(dict.fromkeys(chosen))
    if missing := [public_id for public_id in ids if public_id not in handed_in]:
        raise ConductError(f"no submission that was handed in belongs to {', '.join(missing)}")
    return [handed_in[public_id] for public_id in ids]


def is_paid(campaign: Campaign, person: KnownPerson, reason: str) -> bool:
    with campaign.database.reading() as session:
        entry = ledger.standing(session, _bonus(campaign, person, reason))
    return entry is not None and entry.action == ledger.DONE


def pay_bonus(campaign: Campaign, person: KnownPerson, cents: int, reason: str, retry: bool = False) -> bool:
    """Pay it unless a bonus for this reason was paid; False where it is not known whether it was.

    Before an uncertain one is paid again, the platform is asked what it has paid. Raises PlatformError.
    """
    request = _bonus(campaign, person, reason, cents)
    study_id, submission = platform_id(campaign), person.submission

    def pay() -> None:
        campaign.platform.pay_bonus(study_id, submission, cents, reason)

    if _is_uncertain(campaign, request) and _was_paid(campaign, person, cents):
        ledger.record(campaign.database, request, ledger.DONE, campaign.actor, campaign.clock(), "found paid")
        return True
    return campaign.once(request, pay, retry) == ledger.DONE


def _is_uncertain(campaign: Campaign, request: Request) -> bool:
    with campaign.database.reading() as session:
        entry = ledger.standing(session, request)
    return entry is not None and entry.action == ledger.BEGUN


def _was_paid(campaign: Campaign, person: KnownPerson, cents: int) -> bool:
    """Whether the platform tells of one bonus of this amount more than are known here."""
    about = {"slug": campaign.slug, "account": campaign.account, "what": "bonus", "participant": person.public_id}
    with campaign.database.reading() as session:
        known = ledger.count_done(session, about | {"cents": cents})
    return campaign.platform.bonuses(person.submission).count(cents) > known


def release(campaign: Campaign) -> int:
    """Free the places of people who returned their submission or ran out of time; how many held any."""
    gone = [s.key for s in campaign.platform.submissions(platform_id(campaign)) if s.state == GONE]
    with campaign.database.writing() as session:
        freed = release_places(
            session, campaign.slug, campaign.provider, gone, campaign.secret, campaign.actor, campaign.clock()
        )
        session.commit()
    return freed


def _offer(campaign: Campaign, **about: int) -> Request:
    return campaign.request("offer", campaign.slug, **about)


def _offered(campaign: Campaign) -> dict[str, Any]:
    with campaign.database.reading() as session:
        entry = ledger.standing(session, _offer(campaign))
    if entry is None or entry.action != ledger.DONE:
        raise ConductError(
            f"study {campaign.slug!r} is not on {campaign.account} as far as is known here;"
            " run `./manage.py recruit create`, with --adopt ID if it was made there by hand"
        )
    return entry.detail


def _bonus(campaign: Campaign, person: KnownPerson, reason: str, cents: int | None = None) -> Request:
    """One bonus a submission and reason, whatever its amount."""
    about = {} if cents is None else {"cents": cents}
    return campaign.request("bonus", f"{person.submission.id}\x1f{reason}", participant=person.public_id, **about)
