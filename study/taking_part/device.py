"""What a participant's browser says of its device and window, kept with the participant."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from study.database.find import find_participant
from study.taking_part.bodies import read_body

Pixels = Annotated[int, Field(ge=0, le=100_000)]
Problem = Literal["phone", "pointer", "window"]
MOST_KEPT = 20  # reports of one participant: endless reloading must not fill the disk


class DeviceReport(BaseModel):
    """The JSON that the browser posts: sizes in CSS pixels, and which of the definition's wishes were not met."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    width: Pixels
    height: Pixels
    screen_width: Pixels
    screen_height: Pixels
    pixel_ratio: Annotated[float, Field(ge=0, le=100)]
    touch: bool
    pointer: Literal["fine", "coarse", "none"]
    fullscreen: bool
    problems: Annotated[tuple[Problem, ...], Field(max_length=3)] = ()


def record_device(session: Session, token: str, body: bytes, now: datetime) -> None:
    """Add the report to the participant's, unless it says what the last one said. The caller commits.

    Raises UnknownError, MalformedAnswerError.
    """
    participant = find_participant(session, token, locked=True)
    report = read_body(DeviceReport, body).model_dump(mode="json")
    reports = (participant.device or {}).get("reports", [])
    if reports and {**reports[-1], "at": None} == {**report, "at": None}:
        return
    kept = [*reports, report | {"at": now.isoformat()}][-MOST_KEPT:]
    participant.device = {"reports": kept}
