"""What was done to a study, by whom and why: its entries of the audit log in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from study.database.schema import AuditEntry, Study

LISTED = 200  # at most
LONGEST_TOLD = 60  # characters of a value
_WORDS = {
    "study-opened": "Opened",
    "study-paused": "Paused",
    "study-resumed": "Opened again",
    "study-closed": "Closed",
    "study-extended": "Amended: more ratings",
    "limit-raised": "Amended: more participants",
    "study-amended": "Amended",
    "participant-excluded": "Participant excluded",
    "participant-withdrawn": "Participant withdrew",
    "participant-forgotten": "Participant deleted on request",
    "turned-away-forgotten": "Somebody who was turned away deleted on request",
    "recruitment-ids-deleted": "Recruitment ids deleted",
    "study-shared": "Shared with a researcher",
    "sharing-ended": "Not shared any more",
    "estimates-seen": "Estimates seen",
    "export-begun": "Export begun",
    "export": "Exported",
}


@dataclass(frozen=True)
class Change:
    """An entry of the audit log. `participant`: the public id of the one who was excluded; empty for all else."""

    at: datetime
    actor: str
    what: str
    more: str
    participant: str


def changes(session: Session, study: Study) -> list[Change]:
    """The newest first. Of people who withdrew it says only that somebody did."""
    entries = session.scalars(
        select(AuditEntry)
        .where(AuditEntry.action.in_(_WORDS), AuditEntry.detail["slug"].as_string() == study.slug)
        .order_by(AuditEntry.id.desc())
        .limit(LISTED)
    )
    return [
        Change(
            entry.at,
            entry.actor,
            _WORDS[entry.action],
            _more(entry.detail),
            entry.detail["participant"] if entry.action == "participant-excluded" else "",
        )
        for entry in entries
    ]


def _more(detail: Mapping[str, Any]) -> str:
    """What an amendment changed, and the reason, as far as there are any."""
    said = []
    if "ratings_per_item" in detail:
        before, after = detail["ratings_per_item"]
        said.append(f"task “{detail['task']}”: {after} ratings per item, before {before}")
    if "limit" in detail:
        before, after = detail["limit"]
        said.append(f"{after} participants at most, before {before}")
    pairs = {key: pair for key, pair in detail.items() if isinstance(pair, list) and len(pair) == 2}
    said += [_amended(key, *pair) for key, pair in pairs.items() if key not in ("ratings_per_item", "limit")]
    return "; ".join((*said, detail["reason"]) if detail.get("reason") else said)


def _amended(key: str, before: Any, after: Any) -> str:
    """A long text is named only: the export has it."""
    if max(len(str(before)), len(str(after))) > LONGEST_TOLD:
        return f"{key}: another text"
    return f"{key}: {'–' if after is None else after}, before {'–' if before is None else before}"
