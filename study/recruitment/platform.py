"""What Discern asks of a recruitment platform's API, the same of each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

WORKING, SUBMITTED, APPROVED, REJECTED, GONE = "working", "submitted", "approved", "rejected", "gone"


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
    parameters: tuple[str, ...] = ()  # which the platform adds to the url


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


OpenAccount = Callable[[Mapping[str, str], bool], Platform]
"""From the environment's variables, and whether no real money may be spent. Raises ConfigurationError."""
