"""What an ethics board may ask to change in an open study: texts, contact, minutes, limit, lease, pay, retention.

Each amendment keeps what was there before, so that the text that somebody agreed to can be found by the hash and the
version that are stored with their consent.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from contracts.hashing import canonical_sha256
from study.conduct.actions import checked_reason, put_in_place
from study.database.find import lock_study
from study.database.schema import CLOSED, Amendment, Study
from study.definition import definition_of
from study.errors import ConductError

VERSION = "consent_version"
ACTION = "study-amended"
# Section of the definition → those of its keys that can be amended, with what they are where the section is silent.
_AMENDABLE: dict[str, dict[str, Any]] = {
    "study": dict.fromkeys(
        ("title", "consent", "debriefing", "contact", "minutes", "pay", "institution", "ethics", "information")
    )
    | {VERSION: "1"},
    "participants": {"limit": None, "lease_minutes": 60},
    "data": {"keep_until": None, "keep_months": None},
}
_NAMED = ("data",)  # sections that are told with their keys, as data.keep_until


def amend(
    session: Session, slug: str, document: Mapping[str, Any], reason: str, actor: str, now: datetime
) -> Amendment:
    """Put `document` in place of the definition of an open study, if it differs in what can be amended only.

    The caller commits. Raises UnknownError, ConductError.
    """
    study, reason = lock_study(session, Study.slug == slug), checked_reason(reason)
    if study.state == CLOSED:
        raise ConductError(f"study {slug!r} is closed; open it again before it is amended")
    if beyond := sorted(_beyond(study.document, document)):
        raise ConductError(
            f"this cannot be amended while the study is open: {', '.join(beyond)};"
            " undo that change, or open a new study"
        )
    change = changes(study.document, document)
    if not change:
        raise ConductError(f"nothing differs from study {slug!r} as it is now")
    if any(key.partition(".")[0] == "consent" for key in change) and VERSION not in change:
        given = amendable(study.document)[VERSION]
        raise ConductError(f"the consent text changes, so {VERSION} must, too; it is {given!r} now", VERSION)
    _require_valid(document)
    _require_new(session, study, canonical_sha256(document))
    return put_in_place(session, study, deepcopy(dict(document)), change, reason, ACTION, actor, now)


def amendable(document: Mapping[str, Any]) -> dict[str, Any]:
    """Key, such as `consent.en` → its value, of all that can be amended and is there."""
    found: dict[str, Any] = {}
    for section, keys in _AMENDABLE.items():
        values = keys | {key: value for key, value in document.get(section, {}).items() if key in keys}
        for key, value in values.items():
            found |= dict(_leaves(f"{section}.{key}" if section in _NAMED else key, value))
    return found


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Key → its value before and after, of all that can be amended and differs."""
    old, new = amendable(before), amendable(after)
    keys = [key for key in (*old, *(key for key in new if key not in old)) if old.get(key) != new.get(key)]
    return {key: [old.get(key), new.get(key)] for key in keys}


def with_values(document: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of the definition with these values at these keys, which are of `amendable`."""
    changed = deepcopy(dict(document))
    for key, value in values.items():
        *path, last = key.split(".") if key.split(".")[0] in _NAMED else [_section_of(key), *key.split(".")]
        table = changed
        for part in path:
            table = table.setdefault(part, {})
        table[last] = value
    return changed


def _section_of(key: str) -> str:
    return "study" if key.split(".")[0] in _AMENDABLE["study"] else "participants"


def _leaves(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for part, inner in value.items():
            yield from _leaves(f"{key}.{part}", inner)
    elif value is not None:
        yield key, value


def _beyond(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """Names of what differs and cannot be amended."""
    for section in before.keys() | after.keys():
        old, new = before.get(section), after.get(section)
        if section not in _AMENDABLE:
            if old != new:
                yield section
            continue
        keys = (old or {}).keys() | (new or {}).keys()
        yield from (
            f"{section}.{key}"
            for key in keys - _AMENDABLE[section].keys()
            if (old or {}).get(key) != (new or {}).get(key)
        )


def _require_valid(document: Mapping[str, Any]) -> None:
    try:
        definition_of(dict(document))
    except ValidationError as error:
        wrong = error.errors()[0]
        place, said = ".".join(map(str, wrong["loc"])), wrong["msg"].removeprefix("Value error, ")
        raise ConductError(f"{place}: {said}" if place else said, place) from None


def _require_new(session: Session, study: Study, sha256: str) -> None:
    """The hash stored with a consent must name one text."""
    known = select(Amendment.id).where(
        Amendment.study_id == study.id, or_(Amendment.previous_sha256 == sha256, Amendment.sha256 == sha256)
    )
    if session.scalar(known.limit(1)) is not None:
        raise ConductError(
            f"the definition would be the same as an earlier one; raise {VERSION} as well, so that the two can be told"
            " apart",
            VERSION,
        )
