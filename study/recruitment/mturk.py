"""Mechanical Turk's ExternalQuestion: our pages in a frame of the worker's page, a form posted back at the end."""

import re
from collections.abc import Mapping

from study.errors import RecruitmentError
from study.recruitment.accounts import ADDRESS, required
from study.recruitment.platform import Platform
from study.recruitment.provider import Departure, Parameters, Provider, Recruited

ID_VARIABLE, SECRET_VARIABLE = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"
PARAMETERS = ("assignmentId", "hitId", "workerId", "turkSubmitTo")
SUBMIT_HOSTS = ("https://www.mturk.com", "https://workersandbox.mturk.com")
FRAMES = (*SUBMIT_HOSTS, "https://worker.mturk.com")
_PREVIEW = "ASSIGNMENT_ID_NOT_AVAILABLE"
_ID = re.compile(r"[A-Za-z0-9]{1,64}")


def is_preview(parameters: Parameters) -> bool:
    """A worker looks at the task before accepting it: nobody is named, and nothing may be written."""
    return parameters.get("assignmentId") == _PREVIEW


def identify(parameters: Parameters) -> Recruited | None:
    """A person is their workerId, whichever assignment they come with. Only Mechanical Turk is submitted to."""
    if is_preview(parameters):
        return None
    given = {name: parameters[name] for name in PARAMETERS if name in parameters}
    ids = [given.get(name, "") for name in ("assignmentId", "workerId")] + [given.get("hitId", "none")]
    if not all(_ID.fullmatch(value) for value in ids):
        raise RecruitmentError("please accept the task on Mechanical Turk: your worker id is missing from this address")
    given["turkSubmitTo"] = given.get("turkSubmitTo", "").rstrip("/")
    if given["turkSubmitTo"] not in SUBMIT_HOSTS:
        raise RecruitmentError("this link would hand your work to somebody other than Mechanical Turk")
    return Recruited("mturk", given["workerId"], given)


def leave(code: str, parameters: Parameters, completion_url: str | None) -> Departure | None:
    """None when the researchers have deleted the ids already."""
    if parameters.get("turkSubmitTo") not in SUBMIT_HOSTS:
        return None
    fields = {"assignmentId": parameters["assignmentId"], "completion_code": code}
    return Departure(f"{parameters['turkSubmitTo']}/mturk/externalSubmit", fields)


def open_account(environment: Mapping[str, str], sandbox: bool) -> Platform:
    from study.recruitment import mturk_api  # loads urllib and ssl, which participants' pages do without

    signer = mturk_api.Signer(required(environment, ID_VARIABLE), required(environment, SECRET_VARIABLE))
    own = mturk_api.SANDBOX if sandbox else mturk_api.PRODUCTION
    return mturk_api.MTurk(signer, environment.get(ADDRESS, own))


MTURK = Provider(
    "mturk",
    "Mechanical Turk",
    PARAMETERS,
    identify,
    shares_code=False,
    leave=leave,
    is_preview=is_preview,
    frame_ancestors=FRAMES,
    form_targets=SUBMIT_HOSTS,
    open_account=open_account,
)
