"""What Prolific tells of a submission by itself: a webhook, signed with the secret of the workspace.

The scheme is docs.prolific.com, "Webhooks": `X-Prolific-Request-Signature` is the Base64 of the HMAC-SHA256 of
`X-Prolific-Request-Timestamp` and the body. Prolific tries again for 24 hours, and promises no order: `X-Timestamp`
says when the event was sent, and what is older than what is known changes nothing.
"""

import hmac
import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from study.database.find import lock_study
from study.database.platform_tables import PlatformSubmission
from study.database.schema import ExternalIdentity, Participant, Study
from study.errors import RecruitmentError
from study.recruitment.places import release_places
from study.recruitment.platform import GONE, Submission
from study.recruitment.prolific import PROLIFIC, state_of
from study.recruitment.reported import Account, store_submissions
from study.security import recruitment_hash

SIGNATURE, SIGNED_AT, SENT_AT = "X-Prolific-Request-Signature", "X-Prolific-Request-Timestamp", "X-Timestamp"
EVENT = "submission.status.change"
_OLDEST, _AHEAD = timedelta(hours=25), timedelta(minutes=5)
_ACTOR = "prolific"


@dataclass(frozen=True)
class Change:
    """A submission has a new state since `at`."""

    submission: Submission
    at: datetime


def signature(secret: str, signed_at: str, body: bytes) -> str:
    """As Prolific makes it."""
    return b64encode(hmac.digest(secret.encode(), signed_at.encode() + body, "sha256")).decode()


def read_change(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> Change | None:
    """None for an event of another kind. Raises RecruitmentError for what Prolific did not sign, or long ago."""
    signed_at = headers.get(SIGNED_AT, "")
    if not hmac.compare_digest(signature(secret, signed_at, body).encode(), headers.get(SIGNATURE, "").encode()):
        raise RecruitmentError("this message is not signed with the secret of the workspace on Prolific")
    at = _time(signed_at)
    if not now - _OLDEST <= at <= now + _AHEAD:
        raise RecruitmentError("this message is too old, or this server's clock is wrong")
    return _change(body, min(at, _time(headers.get(SENT_AT, signed_at))))


def store_change(session: Session, change: Change, secret: str, now: datetime) -> bool:
    """Store the state, and free the places of a person who returned it or ran out of time; False: nothing was new.

    A submission is known by the link with which its person came, or from what was asked of the platform before. The
    caller commits.
    """
    account, submission = Account(PROLIFIC.name, PROLIFIC.name, secret), change.submission
    by_link = _study_of_link(session, account, submission)
    study_id = by_link or _study_of_row(session, account, submission)
    if study_id is None:
        return False
    study = lock_study(session, Study.id == study_id)
    if not store_submissions(session, study, account, [submission], change.at):
        return False
    if submission.state == GONE and by_link:
        release_places(session, study.slug, PROLIFIC.name, [submission.key], secret, _ACTOR, now)
    return True


def _change(body: bytes, at: datetime) -> Change | None:
    try:
        told = json.loads(body)
        if told["event_type"] != EVENT:
            return None
        texts = [told[name] for name in ("resource_id", "participant_id", "status")]
        if not all(isinstance(text, str) for text in texts):
            raise TypeError
    except (ValueError, KeyError, TypeError, RecursionError):
        raise RecruitmentError("this message names no submission, person and status") from None
    submission_id, key, word = texts
    return Change(Submission(submission_id, key, *state_of(word)), at)


def _time(stamp: str) -> datetime:
    try:
        return datetime.fromtimestamp(float(stamp), UTC)
    except (ValueError, OverflowError, OSError):
        raise RecruitmentError("this message has no time in seconds") from None


def _study_of_link(session: Session, account: Account, submission: Submission) -> int | None:
    """Where this person is a participant who came with this submission last: SESSION_ID is its id."""
    identity = recruitment_hash(account.secret, account.provider, submission.key)
    rows = session.execute(
        select(Participant.study_id, ExternalIdentity.parameters)
        .join(ExternalIdentity, ExternalIdentity.participant_id == Participant.id)
        .where(Participant.recruitment_hash == identity)
    )
    return next((study for study, link in rows if link.get("SESSION_ID") == submission.id), None)


def _study_of_row(session: Session, account: Account, submission: Submission) -> int | None:
    mark = account.submission_hash(submission.id)
    return session.scalar(select(PlatformSubmission.study_id).where(PlatformSubmission.submission_hash == mark))
