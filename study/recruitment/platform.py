"""What Discern asks of a recruitment platform's API, the same of each."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

WORKING, SUBMITTED, APPROVED, REJECTED, GONE = "working", "submitted", "approved", "rejected", "gone"
UNKNOWN = "unknown"  # the platform's word for it is new to us
DRAFT, OPEN, PAUSED, CLOSED = "draft", "open", "paused", "closed"
DESKTOP, TABLET, MOBILE = "desktop", "tablet", "mobile"


@dataclass(frozen=True)
class Audience:
    """Whom the platform shows the study to; what is empty or None is left to the platform.

    `filters` are in the platform's own words; `settings` is merged into the request, over everything else.
    """

    countries: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    age: tuple[int | None, int | None] = (None, None)
    approval_percent: int | None = None
    approved_before: int | None = None  # submissions
    not_after: tuple[str, ...] = ()  # the platform's ids of earlier studies
    groups: tuple[str, ...] = ()
    not_groups: tuple[str, ...] = ()
    filters: tuple[Mapping[str, Any], ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Posting:
    """A study as it is offered. `reward` and bonuses are in cents of the account's currency."""

    name: str
    internal_name: str  # by which it is found again, and nobody else's
    description: str
    url: str
    places: int
    reward: int
    minutes: int
    longest_minutes: int
    completion_code: str
    outcome_codes: Mapping[str, str]
    parameters: tuple[str, ...] = ()  # which the platform adds to the url
    devices: tuple[str, ...] = (DESKTOP, TABLET, MOBILE)
    is_approved_at_once: bool = False
    is_signed: bool = False  # the platform signs the link
    project: str | None = None
    add_to_group: str | None = None  # the platform's list to which people who answered everything are added
    screen_out: tuple[int, int] | None = None  # (cents, number of people for one reason); None: asked to return
    audience: Audience = Audience()


@dataclass(frozen=True)
class Standing:
    """The state of a study on the platform: `state` is one of the four above, `link` where researchers see it."""

    state: str
    word: str  # the platform's own
    places: int
    taken: int | None  # None: the platform does not say
    link: str


@dataclass(frozen=True)
class Submission:
    """One person's submission: `key` is what `Recruited.key` holds, `state` one of the six above."""

    id: str
    key: str
    state: str
    word: str = ""  # the platform's own


@dataclass(frozen=True)
class Cost:
    """In cents. `is_exact`: the platform worked it out for this account."""

    total: int
    is_exact: bool
    how: str


@dataclass(frozen=True)
class Subscription:
    """`secret` verifies what the platform tells by itself; `is_new`: it begins to do so now."""

    secret: str
    is_new: bool


class Platform(Protocol):
    """Every method raises PlatformError with the platform's own words."""

    def draft(self, posting: Posting) -> str:
        """Make a study that nobody sees and that costs nothing; returns the platform's id of it."""

    def find(self, internal_name: str) -> str | None:
        """The id of the study that was made under this name."""

    def publish(self, study_id: str, posting: Posting) -> None:
        """Offer it to people. A second call changes nothing."""

    def add_places(self, study_id: str, posting: Posting) -> None:
        """Raise the number of places to the posting's. A second call changes nothing."""

    def standing(self, study_id: str) -> Standing:
        """Its state now."""

    def switch(self, study_id: str, state: str) -> None:
        """PAUSED: nobody new comes; OPEN: they come again; CLOSED: for good."""

    def cost(self, places: int, reward: int) -> Cost:
        """What the rewards cost with the platform's fee."""

    def submissions(self, study_id: str) -> list[Submission]:
        """All submissions that the platform tells of."""

    def approve(self, submissions: Sequence[Submission]) -> Iterator[int]:
        """Accept and pay; those approved already stay so. Yields how many more are done, as it goes on."""

    def set_up_bonus(self, study_id: str, submission: Submission, cents: int) -> str | None:
        """Prepare a bonus, which pays nobody; what `pay_bonus` needs to know of it."""

    def pay_bonus(self, submission: Submission, cents: int, reason: str, prepared: str | None) -> None:
        """Pay. A second call may pay again: recruitment/ledger.py sees to it that there is none."""

    def bonuses(self, submission: Submission) -> list[int]:
        """What was paid to this submission as bonuses so far, in cents, as far as the platform tells."""

    def group(self, name: str) -> str:
        """The id of the platform's list of people of this name, made where there is none."""

    def members(self, group_id: str) -> set[str]:
        """Keys of the people on the list."""

    def add_members(self, group_id: str, people: Iterable[str]) -> None:
        """Those who are on it already stay so."""

    def guard(self, study_id: str) -> str | None:
        """The list of people to whom the study is shown no more; None: the platform sees to it by itself."""

    def subscribe(self, url: str) -> Subscription:
        """Have changes of submissions told to this address."""

    def tester(self, email: str) -> str:
        """The key of a new test participant."""

    def test_study(self, study_id: str) -> tuple[str, str]:
        """(id, address) of a copy of the draft for test participants."""

    def message(self, study_id: str, submission: Submission, text: str) -> bool:
        """Send it to the person; False where the platform has told them already or cannot."""


OpenAccount = Callable[[Mapping[str, str], bool], Platform]
"""From the environment's variables, and whether no real money may be spent. Raises ConfigurationError."""
