"""A link handed out by the researchers themselves; the participant notes the completion code."""

from study.errors import RecruitmentError
from study.recruitment.provider import Parameters, Provider, Recruited
from study.security import is_token


def identify(parameters: Parameters) -> Recruited | None:
    """The consent form carries a random `visit`, so that a form sent twice makes one participant."""
    visit = parameters.get("visit")
    if visit is None:
        return None
    if not is_token(visit):
        raise RecruitmentError("this link is damaged; open the study's address again")
    return Recruited("plain", visit, {"visit": visit})


PLAIN = Provider(
    "plain",
    "a link",
    ("visit",),
    identify,
    shares_code=False,
    departure=lambda code, parameters, completion_url: None,
)
