"""Prolific: three ids in the study link, a completion link at the end.

Study link: `https://…/s/<slug>?PROLIFIC_PID={{%PROLIFIC_PID%}}&STUDY_ID={{%STUDY_ID%}}&SESSION_ID={{%SESSION_ID%}}`.
Where Prolific also sends a signed token, `identity.py` checks it.
"""

import re
from urllib.parse import urlencode

from study.config import ParticipantsConfig
from study.errors import RecruitmentError
from study.recruitment.provider import Departure, Parameters, Provider, Recruited

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


def leave(code: str, parameters: Parameters, config: ParticipantsConfig) -> Departure:
    return Departure(f"https://app.prolific.com/submissions/complete?{urlencode({'cc': code})}")


PROLIFIC = Provider("prolific", PARAMETERS, identify, shares_code=True, leave=leave)
