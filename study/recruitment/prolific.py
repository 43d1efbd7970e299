"""Prolific: three ids in the study link, a completion link at the end.

Study link: `https://…/s/<slug>?PROLIFIC_PID={{%PROLIFIC_PID%}}&STUDY_ID={{%STUDY_ID%}}&SESSION_ID={{%SESSION_ID%}}`.
Where Prolific also sends a signed token, `identity.py` checks it.
"""

import re
from collections.abc import Mapping
from urllib.parse import urlencode

from study.errors import ConfigurationError, RecruitmentError
from study.recruitment.accounts import ADDRESS, required
from study.recruitment.platform import Platform
from study.recruitment.provider import Departure, Parameters, Provider, Recruited

TOKEN_VARIABLE = "DISCERN_PROLIFIC_TOKEN"
PARAMETERS = ("PROLIFIC_PID", "STUDY_ID", "SESSION_ID")
_ID = re.compile(r"[A-Za-z0-9]{1,64}")


def identify(parameters: Parameters) -> Recruited:
    """A person is their PROLIFIC_PID, whichever session they come with."""
    given = {name: parameters[name] for name in PARAMETERS if name in parameters}
    if "PROLIFIC_PID" not in given or not all(_ID.fullmatch(value) for value in given.values()):
        raise RecruitmentError(
            "please come through the link on Prolific: your Prolific id is missing from this address"
        )
    return Recruited("prolific", given["PROLIFIC_PID"], given)


def leave(code: str, parameters: Parameters, completion_url: str | None) -> Departure:
    return Departure(f"https://app.prolific.com/submissions/complete?{urlencode({'cc': code})}")


def open_account(environment: Mapping[str, str], sandbox: bool) -> Platform:
    from study.recruitment import prolific_api  # loads urllib and ssl, which participants' pages do without

    if sandbox:
        raise ConfigurationError("Prolific has no sandbox; without --confirm nothing is sent there")
    token = required(environment, TOKEN_VARIABLE)
    return prolific_api.Prolific(token, environment.get(ADDRESS, prolific_api.PRODUCTION))


PROLIFIC = Provider(
    "prolific", "Prolific", PARAMETERS, identify, shares_code=True, leave=leave, open_account=open_account
)
