"""How taking part can end other than by the last answer, for platforms that want a completion code for each.

FAILED_CHECKS is the exception: all questions were answered, but fewer attention checks than the platform asks for.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

NO_CONSENT, INCOMPATIBLE_DEVICE, STOPPED = "no-consent", "incompatible-device", "stopped"
WITHDRAWN, FAILED_CHECKS, NO_PLACE = "withdrawn", "failed-checks", "no-place"
TURNED_AWAY = SCREENED_OUT, QUOTA_FULL, TOOK_PART = ("screened-out", "quota-full", "took-part-before")
ASKED_TO_RETURN, REVIEWED = "asked to return the submission", "reviewed by hand"
SCREENED = "paid the fixed reward of a screen-out"


@dataclass(frozen=True)
class Ending:
    """Who ends so, what the platform does then, and the reason that it gives them."""

    who: str
    action: str
    reason: str = ""


ACTIONS = {
    NO_CONSENT: Ending("does not want to take part", ASKED_TO_RETURN, "Did not consent to taking part"),
    INCOMPATIBLE_DEVICE: Ending("was refused by the device check", ASKED_TO_RETURN, "The device does not fit"),
    STOPPED: Ending("stopped before the end", ASKED_TO_RETURN, "Stopped before the end"),
    WITHDRAWN: Ending("had all their data deleted", ASKED_TO_RETURN, "Withdrew from the study"),
    FAILED_CHECKS: Ending("answered everything, but failed two attention checks or more", REVIEWED),
    SCREENED_OUT: Ending("was turned away by the screening", ASKED_TO_RETURN, "Does not fit the study"),
    QUOTA_FULL: Ending("was one too many with their answer", ASKED_TO_RETURN, "Enough people gave this answer"),
    TOOK_PART: Ending("took part in an earlier study", ASKED_TO_RETURN, "Took part in an earlier study"),
    NO_PLACE: Ending("came when the study was full, paused or closed", ASKED_TO_RETURN, "The study had no place left"),
}
OUTCOMES = tuple(ACTIONS)
MAY_BE_PAID = (*TURNED_AWAY, NO_PLACE)
"""Outcomes for which a platform may have a fixed reward of its own."""
CODE_TYPES = {
    NO_CONSENT: "NO_CONSENT",
    INCOMPATIBLE_DEVICE: "INCOMPATIBLE_DEVICE",
    FAILED_CHECKS: "FAILED_ATTENTION_CHECK",
}
"""Prolific's own words for some of them; the others are its OTHER."""


def endings(codes: Mapping[str, str], is_paid: bool = False) -> tuple[tuple[str, Ending], ...]:
    """(code, what it means) for each outcome that has a code. `codes`: code of each outcome.

    `is_paid`: people who are turned away get the platform's reward for it.
    """
    return tuple((code, _ending(outcome, is_paid)) for outcome, code in codes.items())


def _ending(outcome: str, is_paid: bool) -> Ending:
    found = ACTIONS[outcome]
    return replace(found, action=SCREENED) if is_paid and outcome in MAY_BE_PAID else found
