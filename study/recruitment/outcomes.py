"""How taking part can end other than by the last answer, for platforms that want a completion code for each."""

from study.recruitment.providers import PROVIDERS
from study.security import new_completion_code

NO_CONSENT, INCOMPATIBLE_DEVICE, WITHDRAWN = "no-consent", "incompatible-device", "withdrawn"
OUTCOMES = (NO_CONSENT, INCOMPATIBLE_DEVICE, WITHDRAWN)


def new_outcome_codes(provider: str) -> dict[str, str]:
    """outcome → code; empty where every participant has a code of their own."""
    return {outcome: new_completion_code() for outcome in OUTCOMES} if PROVIDERS[provider].shares_code else {}
