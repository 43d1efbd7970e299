"""What Discern asks of a recruitment platform's API, the same of each."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, Protocol
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from study.errors import PlatformError, PlatformRefusedError

WORKING, SUBMITTED, APPROVED, REJECTED, GONE = "working", "submitted", "approved", "rejected", "gone"
_TIMEOUT_S = 30


@dataclass(frozen=True)
class Posting:
    """A study as it is offered. `reward` and bonuses are in cents of the account's currency."""

    name: str
    description: str
    url: str
    places: int
    reward: int
    minutes: int
    completion_code: str
    outcome_codes: Mapping[str, str]


@dataclass(frozen=True)
class Submission:
    """One person's submission: `key` is what `Recruited.key` holds, `state` one of the five above."""

    id: str
    key: str
    state: str


class Platform(Protocol):
    """Every method raises PlatformError with the platform's own words."""

    def create(self, posting: Posting) -> str:
        """Offer a study; returns the platform's id of it."""

    def submissions(self, study_id: str) -> list[Submission]:
        """All submissions that the platform tells of."""

    def approve(self, submissions: Sequence[Submission]) -> None:
        """Accept and pay; those approved already stay so."""

    def pay_bonus(self, study_id: str, submission: Submission, cents: int, reason: str) -> None:
        """Pay. A second call may pay again: recruitment/ledger.py sees to it that there is none."""

    def bonuses(self, submission: Submission) -> list[int]:
        """What was paid to this submission as bonuses so far, in cents, as far as the platform tells."""


def exchange(request: Request, name: str) -> Any:
    """The reply's JSON. Raises PlatformError."""
    try:
        with urlopen(request, timeout=_TIMEOUT_S) as reply:
            content = reply.read()
    except HTTPError as error:
        with error:
            words = error.read()[:500].decode(errors="replace")
        if error.code >= 500 or error.code == 408:
            raise PlatformError(f"{name} failed ({error.code}): {words}; nothing is known of what it did") from error
        raise PlatformRefusedError(f"{name} refused ({error.code}): {words}") from error
    except (OSError, HTTPException) as error:
        raise PlatformError(f"{name} cannot be reached: {error}; nothing is known of what it did") from error
    try:
        return json.loads(content) if content else {}
    except ValueError:
        raise PlatformError(f"{name} sent no JSON: {content[:200]!r}") from None
