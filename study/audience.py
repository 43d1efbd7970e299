"""`[recruitment]`: what a recruitment platform is asked for, and whom it shows the study to."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

_Words = tuple[Annotated[str, Field(min_length=1, max_length=200)], ...]
Cents = Annotated[int, Field(ge=1, le=100_000)]
Places = Annotated[int, Field(ge=1, le=10_000)]


class RecruitmentConfig(BaseModel):
    """How the study is offered on Prolific or Mechanical Turk. The commands' options come before these keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    places: Places | None = Field(None, description="people that the platform sends")
    reward: Cents | None = Field(None, description="for each of them, in cents of the account's currency")
    description: str = Field(
        "A study about pictures made by computers.", max_length=2000, description="below the title on the platform"
    )
    approval: Literal["by-hand", "at-once"] = Field(
        "by-hand", description="at-once: the platform pays everybody who answered everything, without a look"
    )
    longest_minutes: Annotated[int, Field(ge=5, le=10_000)] | None = Field(
        None, description="after which the platform takes the place away; none: four times the study's minutes"
    )
    project: str | None = Field(None, description="Prolific: the id of the project in which the study is made")
    countries: _Words = Field((), description="Prolific: names, as United Kingdom; Mechanical Turk: codes, as US")
    languages: _Words = Field((), description="Prolific: languages that people speak fluently, by their names")
    youngest: Annotated[int, Field(ge=18, le=100)] | None = Field(None, description="Prolific: age in years")
    oldest: Annotated[int, Field(ge=18, le=100)] | None = Field(None, description="Prolific: age in years")
    approval_percent: Annotated[int, Field(ge=0, le=100)] | None = Field(
        None, description="of people's earlier work that was approved, or more; Mechanical Turk: 95 where none is named"
    )
    approved_before: Annotated[int, Field(ge=0, le=100_000)] | None = Field(
        None, description="submissions that were approved, or more; Mechanical Turk: 100 where none is named"
    )
    not_after: _Words = Field((), description="Prolific: ids of earlier studies; who took part there is not invited")
    groups: _Words = Field((), description="ids of participant groups, or of qualifications, to which people belong")
    not_groups: _Words = Field((), description="ids of those to which people must not belong")
    filters: tuple[dict[str, Any], ...] = Field(
        (), description="further filters of Prolific, or qualification requirements, in the platform's own words"
    )
    settings: dict[str, Any] = Field({}, description="any further field of the platform's request, in its own words")
    with_study: bool = Field(
        False, description="`recruit pause`, `resume` and `stop` also pause, open and close the study here"
    )
