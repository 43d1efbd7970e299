"""What researchers do to a running study: pause, close, reopen, extend it, exclude a participant. Each is audited."""

from copy import deepcopy
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from contracts.hashing import canonical_sha256
from study.database import audit
from study.database.audit import IDS_DELETED, is_noted
from study.database.find import lock_study
from study.database.loads import take_off_loads
from study.database.schema import CLOSED, OPEN, PAUSED, Amendment, Item, Participant, Study, Trial
from study.errors import ConductError, UnknownError

LOOK = "estimates-seen"  # the audit log's name for a look at results
STUDY_DELETED = "study-deleted"
MAX_REASON = 200
_ACTIONS = {OPEN: "study-resumed", PAUSED: "study-paused", CLOSED: "study-closed"}


def set_state(session: Session, slug: str, state: str, actor: str, now: datetime) -> Study:
    """Open, pause or close a study for those who would join; people already taking part can finish. The caller commits.

    A closed study stays closed once its estimates were seen: nobody who knows them may collect more answers.
    Raises UnknownError, ConductError.
    """
    study = lock_study(session, Study.slug == slug)
    if study.state == state:
        raise ConductError(f"study {slug!r} is {state} already")
    if study.state == CLOSED and state == PAUSED:
        raise ConductError(f"study {slug!r} is closed; open it again before it can be paused")
    if study.state == CLOSED and was_looked_at(session, slug):
        raise ConductError(f"the estimates of study {slug!r} have been looked at, so it stays closed; open a new study")
    if study.state == CLOSED and is_noted(session, slug, IDS_DELETED):
        raise ConductError(
            f"the recruitment ids of study {slug!r} are deleted, so people who took part would not be recognised;"
            " open a new study"
        )
    audit.append(session, actor, _ACTIONS[state], {"slug": slug, "was": study.state}, now)
    study.state = state
    return study


def extend(
    session: Session, slug: str, task: str, ratings_per_item: int, reason: str, actor: str, now: datetime
) -> Amendment:
    """Want more ratings of each item of a task: the next wave. The caller commits.

    The definition changes in this one number. The amendment holds the hash before and after, so that each
    participant's `definition_sha256` still names what they took part in. Raises UnknownError, ConductError.
    """
    study, reason = lock_study(session, Study.slug == slug), checked_reason(reason)
    if study.state == CLOSED:
        raise ConductError(f"study {slug!r} is closed; open it again before it is extended")
    document = deepcopy(study.document)
    section = next((section for section in document["tasks"] if section["name"] == task), None)
    if section is None:
        raise ConductError(f"study {slug!r} has no task {task!r}; there are {_names(document)}", "task")
    before = section["ratings_per_item"]
    if ratings_per_item <= before:
        raise ConductError(
            f"task {task!r} wants {before} ratings per item already; name a larger number", "ratings_per_item"
        )
    section["ratings_per_item"] = ratings_per_item
    items = update(Item).where(Item.study_id == study.id, Item.task == task)
    session.execute(items.values(ratings_wanted=ratings_per_item))
    change = {"task": task, "ratings_per_item": [before, ratings_per_item]}
    return put_in_place(session, study, document, change, reason, "study-extended", actor, now)


def raise_limit(session: Session, slug: str, limit: int, reason: str, actor: str, now: datetime) -> Amendment:
    """Let more people take part than the definition's `limit` says. The caller commits.

    Raises UnknownError, ConductError.
    """
    study, reason = lock_study(session, Study.slug == slug), checked_reason(reason)
    if study.state == CLOSED:
        raise ConductError(f"study {slug!r} is closed; open it again before more people can join")
    document = deepcopy(study.document)
    before = document.get("participants", {}).get("limit")
    if before is None:
        raise ConductError(f"study {slug!r} has no limit of participants")
    if limit <= before:
        raise ConductError(f"study {slug!r} takes {before} participants already; name a larger number", "limit")
    document["participants"]["limit"] = limit
    return put_in_place(session, study, document, {"limit": [before, limit]}, reason, "limit-raised", actor, now)


def put_in_place(
    session: Session,
    study: Study,
    document: dict[str, Any],
    change: dict[str, Any],
    reason: str,
    action: str,
    actor: str,
    now: datetime,
) -> Amendment:
    """Put `document` in place of the definition, and keep what was changed. The caller commits."""
    hashes = {"previous_sha256": study.definition_sha256, "sha256": canonical_sha256(document)}
    amendment = Amendment(study_id=study.id, at=now, reason=reason, change=change, **hashes)
    session.add(amendment)
    study.document, study.definition_sha256 = document, amendment.sha256
    audit.append(session, actor, action, {"slug": study.slug, "reason": reason} | hashes | change, now)
    return amendment


def exclude(session: Session, slug: str, public_id: str, reason: str, actor: str, now: datetime) -> Participant:
    """Leave a participant out: their answers stay stored but are no ratings any more, so the places are free again.

    The caller commits. Raises UnknownError, ConductError.
    """
    study, reason = lock_study(session, Study.slug == slug), checked_reason(reason)
    participant = session.scalar(
        select(Participant)
        .where(Participant.study_id == study.id, Participant.public_id == public_id)
        .with_for_update()
    )
    if participant is None:
        raise UnknownError(f"study {slug!r} has no participant {public_id!r}")
    if participant.excluded:
        raise ConductError(f"participant {public_id} is excluded already: {participant.exclusion_reason}")
    take_off_loads(session, Trial.participant_id == participant.id)
    participant.excluded, participant.exclusion_reason = True, reason
    audit.append(
        session, actor, "participant-excluded", {"slug": slug, "participant": public_id, "reason": reason}, now
    )
    return participant


def amendments(session: Session, study: Study) -> list[Amendment]:
    """The study's amendments, oldest first; the hashes make one chain from the opened definition to the present."""
    return list(session.scalars(select(Amendment).where(Amendment.study_id == study.id).order_by(Amendment.id)))


def was_looked_at(session: Session, slug: str) -> bool:
    """Whether the estimates of this study were seen."""
    return is_noted(session, slug, LOOK)


def checked_reason(text: str) -> str:
    """The reason on one line. Raises ConductError."""
    reason = " ".join(text.split())
    if not reason or not reason.isprintable():
        raise ConductError("give a reason; it is stored permanently and appears in the export", "reason")
    if len(reason) > MAX_REASON:
        raise ConductError(f"the reason has {len(reason)} characters; {MAX_REASON} is the most", "reason")
    return reason


def _names(document: dict) -> str:
    return ", ".join(section["name"] for section in document["tasks"])
