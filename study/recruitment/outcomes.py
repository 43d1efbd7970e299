"""How taking part can end other than by the last answer, for platforms that want a completion code for each.

FAILED_CHECKS is the exception: somebody who answered everything, but fewer attention checks than the platform asks for.
"""

from study.recruitment.providers import PROVIDERS
from study.security import new_completion_code

NO_CONSENT, INCOMPATIBLE_DEVICE, STOPPED = "no-consent", "incompatible-device", "stopped"
WITHDRAWN, FAILED_CHECKS = "withdrawn", "failed-checks"
OUTCOMES = (NO_CONSENT, INCOMPATIBLE_DEVICE, STOPPED, WITHDRAWN, FAILED_CHECKS)


def new_outcome_codes(provider: str) -> dict[str, str]:
    """outcome → code; empty where every participant has a code of their own."""
    return {outcome: new_completion_code() for outcome in OUTCOMES} if PROVIDERS[provider].shares_code else {}
