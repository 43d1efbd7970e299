"""How taking part can end other than by the last answer, for platforms that want a completion code for each.

FAILED_CHECKS is the exception: all questions were answered, but fewer attention checks than the platform asks for.
"""

NO_CONSENT, INCOMPATIBLE_DEVICE, STOPPED = "no-consent", "incompatible-device", "stopped"
WITHDRAWN, FAILED_CHECKS = "withdrawn", "failed-checks"
TURNED_AWAY = SCREENED_OUT, QUOTA_FULL, TOOK_PART = ("screened-out", "quota-full", "took-part-before")
OUTCOMES = (NO_CONSENT, INCOMPATIBLE_DEVICE, STOPPED, WITHDRAWN, FAILED_CHECKS, *TURNED_AWAY)
