"""What a recruitment platform said last, stored for the researchers' page, which asks no platform itself."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from study.database.audit import IDS_DELETED, is_noted
from study.database.platform_tables import OnPlatform, PlatformSubmission
from study.database.schema import Participant, Study
from study.recruitment.platform import (
    APPROVED,
    CLOSED,
    GONE,
    REJECTED,
    SUBMITTED,
    UNKNOWN,
    WORKING,
    Standing,
    Submission,
)
from study.recruitment.providers import PROVIDERS
from study.security import NOBODY, recruitment_hash

SANDBOX = "-sandbox"  # ends the name of an account where no real money is spent
_COUNTED = "Working", "Awaiting review", "Approved", "Returned", "Timed out"  # also where nobody is
_LABELS = {WORKING: _COUNTED[0], SUBMITTED: _COUNTED[1], APPROVED: _COUNTED[2], REJECTED: "Rejected"}
_GONE = {"RETURNED": _COUNTED[3], "TIMED-OUT": _COUNTED[4]}
_WORD = 64  # characters of a platform's word that are kept


@dataclass(frozen=True)
class Account:
    """A platform's account: `name` is the provider's, with SANDBOX behind; `secret` makes the hashes of ids."""

    name: str
    provider: str
    secret: str

    def submission_hash(self, submission_id: str) -> str:
        return recruitment_hash(self.secret, self.name, f"submission\x1f{submission_id}")


@dataclass(frozen=True)
class Reported:
    """`counts`: (label, submissions); `not_handed_in`: participant_ids of people who finished here alone."""

    platform: str
    at: datetime  # when the platform was asked or told us last
    is_over: bool
    word: str
    places: int | None  # None: the platform was never asked for them
    taken: int | None
    spent: int | None  # cents, with the platform's fee
    counts: tuple[tuple[str, int], ...]
    not_handed_in: tuple[str, ...]


def label_of(state: str, word: str) -> str:
    """The state of a submission as people read it; a platform's own word where it is none of ours."""
    if state == GONE:
        return _GONE.get(word, word.capitalize())
    return word if state == UNKNOWN else _LABELS[state]


def account_title(account: str) -> str:
    """The platform as people write it."""
    title = PROVIDERS[account.removesuffix(SANDBOX)].title
    return f"{title}'s sandbox" if account.endswith(SANDBOX) else title


def store_standing(
    session: Session, study: Study, account: str, standing: Standing, spent: int | None, at: datetime
) -> None:
    """The caller commits."""
    about = {"state": standing.state, "word": standing.word[:200], "places": standing.places, "taken": standing.taken}
    session.merge(OnPlatform(study_id=study.id, account=account, **about, spent=spent, at=at))


def store_submissions(
    session: Session, study: Study, account: Account, submissions: Iterable[Submission], at: datetime
) -> int:
    """Those of which nothing newer is known here; returns how many. The caller commits.

    Once the study's recruitment ids were deleted, nothing is stored of submissions of people who are not known here.
    """
    submissions = list(submissions)
    people = _participants(session, study, account, submissions)
    if is_noted(session, study.slug, IDS_DELETED):
        submissions = [submission for submission in submissions if submission.key in people]
    hashes = {submission.id: account.submission_hash(submission.id) for submission in submissions}
    rows = select(PlatformSubmission).where(PlatformSubmission.study_id == study.id)
    stored = {row.submission_hash: row for row in session.scalars(rows)}
    newer = [one for one in submissions if hashes[one.id] not in stored or stored[hashes[one.id]].at <= at]
    for submission in newer:
        session.merge(
            PlatformSubmission(
                study_id=study.id,
                submission_hash=hashes[submission.id],
                account=account.name,
                participant_id=people.get(submission.key),
                state=submission.state,
                word=submission.word[:_WORD],
                at=at,
            )
        )
    return len(newer)


def all_reported(session: Session, study: Study) -> tuple[Reported, ...]:
    """For each account that was asked or told us; without sandboxes where there is another."""
    accounts = {
        account
        for table in (OnPlatform, PlatformSubmission)
        for account in session.scalars(select(table.account).where(table.study_id == study.id))
    }
    real = [account for account in accounts if not account.endswith(SANDBOX)]
    return tuple(reported(session, study, account) for account in sorted(real or accounts))


def reported(session: Session, study: Study, account: str) -> Reported:
    """What is stored of this account, which was asked or told us."""
    standing = session.get(OnPlatform, (study.id, account))
    mine = (PlatformSubmission.study_id == study.id, PlatformSubmission.account == account)
    rows = session.scalars(select(PlatformSubmission).where(*mine)).all()
    found = Counter(label_of(row.state, row.word) for row in rows)
    labels = (*_COUNTED, *sorted(set(found) - set(_COUNTED)))
    return Reported(
        platform=account_title(account),
        at=max(at for at in (*(row.at for row in rows), standing.at if standing else None) if at),
        is_over=standing is not None and standing.state == CLOSED,
        word=standing.word if standing else "",
        places=standing.places if standing else None,
        taken=standing.taken if standing else None,
        spent=standing.spent if standing else None,
        counts=tuple((label, found[label]) for label in labels),
        not_handed_in=_not_handed_in(session, study, account, rows),
    )


def _not_handed_in(session: Session, study: Study, account: str, rows: Iterable[PlatformSubmission]) -> tuple[str, ...]:
    """People who finished here, of none of whose submissions the platform says that it was handed in.

    Whose ids were deleted is matched with nothing, so nothing is said of them.
    """
    handed_in = {row.participant_id for row in rows if row.state in (SUBMITTED, APPROVED, REJECTED)}
    kind = "simulated" if account.endswith(SANDBOX) else "human"
    finished = session.execute(
        select(Participant.id, Participant.public_id)
        .where(Participant.study_id == study.id, Participant.observer_kind == kind)
        .where(Participant.finished_at.is_not(None), Participant.excluded.is_(False))
        .where(Participant.recruitment_hash.not_like(f"{NOBODY}%"))
        .order_by(Participant.id)
    )
    return tuple(public_id for row, public_id in finished if row not in handed_in)


def _participants(
    session: Session, study: Study, account: Account, submissions: Iterable[Submission]
) -> dict[str, int]:
    """Key of a person → their row."""
    hashes = {recruitment_hash(account.secret, account.provider, one.key): one.key for one in submissions}
    rows = session.execute(select(Participant.recruitment_hash, Participant.id).where(Participant.study_id == study.id))
    return {hashes[identity]: row for identity, row in rows if identity in hashes}
