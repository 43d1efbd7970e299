"""Test participants: people of the lab who take the study through the platform, and who are never counted."""

from dataclasses import replace

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from study.database.schema import AuditEntry
from study.recruitment import ledger
from study.recruitment.campaign import Campaign, platform_id
from study.recruitment.provider import Recruited
from study.recruitment.providers import PROVIDERS
from study.security import recruitment_hash

_TESTER, _TEST_STUDY = "tester", "test-study"
_STUDY = "STUDY_ID"  # the platform's study, in the link


def mark_tester(campaign: Campaign, key: str) -> None:
    """From now on this person of the platform is counted in no study here. Their id itself is not stored."""
    campaign.record(campaign.request(_TESTER, key), ledger.DONE)


def make_tester(campaign: Campaign, email: str) -> str:
    """The platform's id of a new test participant, marked as one. Raises PlatformError."""
    key = campaign.platform.tester(email)
    mark_tester(campaign, key)
    return key


def make_test_study(campaign: Campaign) -> str:
    """The address of a copy of the draft for test participants. Raises PlatformError, ConductError."""
    draft = platform_id(campaign)
    study_id, link = campaign.platform.test_study(draft)
    campaign.record(campaign.request(_TEST_STUDY, study_id, draft=draft), ledger.DONE, study_id)
    return link


def counted_as(session: Session, slug: str, recruited: Recruited | None, secret: str) -> Recruited | None:
    """The same visitor, as one who rehearses where they are a test participant or come from a test study."""
    if recruited is None or PROVIDERS[recruited.provider].open_account is None:
        return recruited  # only a platform with an API has test participants
    if not _is_tester(session, slug, recruited, secret):
        return recruited
    return replace(recruited, is_rehearsal=True)


def _is_tester(session: Session, slug: str, recruited: Recruited, secret: str) -> bool:
    marked = recruitment_hash(secret, recruited.provider, f"{_TESTER}\x1f{recruited.key}")
    if _is_there(session, _is(what=_TESTER, account=recruited.provider, key=marked)):
        return True
    study_id = recruited.parameters.get(_STUDY)
    return study_id is not None and _is_there(session, _is(what=_TEST_STUDY, slug=slug, result=study_id))


def _is(**detail: str) -> list[ColumnElement[bool]]:
    return [AuditEntry.detail[name].as_string() == value for name, value in detail.items()]


def _is_there(session: Session, conditions: list[ColumnElement[bool]]) -> bool:
    found = select(AuditEntry.id).where(AuditEntry.action == ledger.DONE, *conditions)
    return session.scalar(found.limit(1)) is not None
