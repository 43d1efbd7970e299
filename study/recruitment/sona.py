"""SONA: an anonymous survey code in the study link, credit by a link at the end.

Study link: `https://…/s/<slug>?id=%SURVEY_CODE%`. The definition's `sona_completion_url` is the client-side
completion address that SONA shows for the study; its `survey_code` is filled in for each participant.
"""

import re
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from contracts import provider_names
from study.errors import RecruitmentError
from study.recruitment.provider import Departure, Parameters, Provider, Recruited

_CODE = re.compile(r"[A-Za-z0-9_-]{1,64}")


def identify(parameters: Parameters) -> Recruited:
    code = parameters.get("id", "")
    if not _CODE.fullmatch(code):
        raise RecruitmentError("please come through the link on SONA: your survey code is missing from this address")
    return Recruited(provider_names.SONA, code, {"id": code})


def departure(code: str, parameters: Parameters, completion_url: str | None) -> Departure | None:
    """None when the researchers have deleted the survey code, or give credit by hand."""
    if not completion_url or "id" not in parameters:
        return None
    address = urlsplit(completion_url)
    query = dict(parse_qsl(address.query)) | {"survey_code": parameters["id"]}
    return Departure(urlunsplit(address._replace(query=urlencode(query))))


SONA = Provider(
    provider_names.SONA,
    provider_names.TITLES[provider_names.SONA],
    ("id",),
    identify,
    shares_code=False,
    departure=departure,
    knows_people=False,
)
