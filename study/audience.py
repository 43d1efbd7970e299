"""`[recruitment]`: what a recruitment platform is asked for, and whom it shows the study to."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

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
    add_to_group: Annotated[str, Field(min_length=1, max_length=200)] | None = Field(
        None, description="Prolific: id of the participant group to which people who answered everything are added"
    )
    filters: tuple[dict[str, Any], ...] = Field(
        (), description="further filters of Prolific, or qualification requirements, in the platform's own words"
    )
    settings: dict[str, Any] = Field({}, description="any further field of the platform's request, in its own words")
    screen_out_reward: Annotated[int, Field(ge=10, le=100_000)] | None = Field(
        None,
        description="Prolific: cents for people who are turned away by the screening or find no place, where the"
        " workspace has fixed screen-out pay; none: they are asked to return",
    )
    screen_out_slots: Places | None = Field(
        None, description="Prolific: number of these people, for each reason, after which Prolific pauses the study"
    )
    with_study: bool = Field(
        False, description="`recruit pause`, `resume` and `stop` also pause, open and close the study here"
    )

    @model_validator(mode="after")
    def _screen_out_is_whole(self) -> "RecruitmentConfig":
        if (self.screen_out_reward is None) != (self.screen_out_slots is None):
            raise ValueError("screen_out_reward and screen_out_slots belong together; write both or neither")
        if self.screen_out_reward and self.reward and self.screen_out_reward >= self.reward:
            raise ValueError("screen_out_reward must be less than reward; Prolific takes no other")
        return self

    @property
    def screen_out(self) -> tuple[int, int] | None:
        """(cents, number of people for one reason) where people who are turned away are paid."""
        paid, slots = self.screen_out_reward, self.screen_out_slots
        return None if paid is None or slots is None else (paid, slots)
