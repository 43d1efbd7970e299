"""A link handed out by the researchers themselves; the participant notes the completion code.

Study link: `https://…/s/<slug>`, or `https://…/s/<slug>?pid=…` where a recruiter has an id for each person.
"""

import re

from contracts import provider_names
from study.errors import RecruitmentError
from study.recruitment.provider import Parameters, Provider, Recruited
from study.return_address import PID
from study.security import is_token

_PID = re.compile(r"[A-Za-z0-9._~@+:-]{1,128}")


def identify(parameters: Parameters) -> Recruited | None:
    """A person is their pid. Without one the consent form carries a random `visit`, so that a form sent twice makes
    one participant."""
    if PID in parameters:
        pid = parameters[PID]
        if not _PID.fullmatch(pid):
            raise RecruitmentError("the id in this link is empty or damaged; please come through the recruiter's link")
        return Recruited(provider_names.PLAIN, key_of(pid), {PID: pid})
    visit = parameters.get("visit")
    if visit is None:
        return None
    if not is_token(visit):
        raise RecruitmentError("this link is damaged; open the study's address again")
    return Recruited(provider_names.PLAIN, visit, {"visit": visit})


def key_of(pid: str) -> str:
    return f"pid:{pid}"


PLAIN = Provider(
    provider_names.PLAIN,
    provider_names.TITLES[provider_names.PLAIN],
    ("visit", PID),
    identify,
    shares_code=False,
    departure=lambda code, parameters, completion_url: None,
    key_of=key_of,
)
