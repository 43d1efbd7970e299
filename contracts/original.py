"""Section `[original]` of a study definition: the published study that this one repeats, as its source tells it."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Said = Annotated[str, Field(min_length=1, max_length=600)]


Number = Annotated[float, Field(ge=-1_000_000, le=1_000_000)]
Spread = Annotated[float, Field(ge=0, le=1_000_000)] | None
People = Annotated[int, Field(ge=2, le=1_000_000)] | None
Mark = Literal["", "2nd"]
SECOND_HAND = "2nd: known from somebody else's account of the paper"


def _spread_of_people(sd: float | None, people: int | None) -> None:
    """Raises ValueError for a spread over nobody knows how many."""
    if sd is not None and people is None:
        raise ValueError("sd is over people; say also how many people")


class PublishedCell(BaseModel):
    """One published number, and the row of this study's own tables that estimates the same."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    task: str = Field(description="task of this study that repeats it")
    table: str = Field(description="its table in results.json, such as accuracy, scores or predictions")
    row: dict[str, str] = Field(description='the row of that table: { method = "grad-cam", prediction = "wrong" }')
    label: Said = Field(description="what the number is of, for the report")
    value: Number = Field(description="in the unit of the table: shares from 0 to 1")
    sd: Spread = Field(
        None, description="published standard deviation over people, in the same unit; none: no interval is drawn"
    )
    people: People = Field(None, description="number of people of the standard deviation")
    mark: Mark = Field("", description=SECOND_HAND)

    @model_validator(mode="after")
    def _spread(self) -> "PublishedCell":
        _spread_of_people(self.sd, self.people)
        return self


class PublishedAnswer(BaseModel):
    """The published mean answer to a question, and the question of this study that asks the same."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    questionnaire: str = Field("", description="questionnaire of this study that asks it; empty: it is not asked here")
    item: str = Field("", description="its question, of kind likert or number")
    label: Said = Field(description="what the number is of, for the report")
    value: Number = Field(description="mean over people, in steps of the scale or in the unit of the number")
    sd: Spread = Field(
        None, description="published standard deviation over people, in the same unit; none: no interval is given"
    )
    people: People = Field(None, description="number of people of the standard deviation")
    mark: Mark = Field("", description=SECOND_HAND)
    minus: Number = Field(
        0, description="taken from this study's answers first, such as the accuracy that the published number is above"
    )

    @model_validator(mode="after")
    def _spread(self) -> "PublishedAnswer":
        _spread_of_people(self.sd, self.people)
        if bool(self.questionnaire) != bool(self.item):
            raise ValueError("questionnaire and item name one question together; write both, or neither")
        return self


class OriginalConfig(BaseModel):
    """A published study: what it measured, what its source tells, what had to be chosen, and its numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Said | Literal[""] = Field("", description="of the published study")
    source: Said | Literal[""] = Field("", description="where its numbers and its design are published")
    measures: Said | Literal[""] = Field("", description="what it measured, in a few words")
    people: Said | Literal[""] = Field("", description="how many people took part, as published")
    time: Said | Literal[""] = Field("", description="how long it took, as published; empty: not told")
    cost: Said | Literal[""] = Field("", description="what people were paid, as published; empty: not told")
    told: tuple[Said, ...] = Field((), description="what the source tells and this study does alike")
    chosen: tuple[Said, ...] = Field(
        (), description="what the source does not tell, or tells otherwise: choices made here"
    )
    cells: tuple[PublishedCell, ...] = Field(
        (), description="published numbers that the report puts beside this study's"
    )

    answers: tuple[PublishedAnswer, ...] = Field(
        (),
        description="published answers to questions that the report puts beside those of this study's questionnaires",
    )

    @model_validator(mode="after")
    def _sourced(self) -> "OriginalConfig":
        if self.model_fields_set and not (self.name and self.source):
            raise ValueError("name and source of the published study are needed: each number has its source")
        return self


def unknown_tasks(original: OriginalConfig, tasks: Sequence[str]) -> list[str]:
    """Cells whose task the definition does not have, in words."""
    return [
        f"original: cell {number} ({cell.label}): task: no task {cell.task!r}; there are {', '.join(tasks)}"
        for number, cell in enumerate(original.cells, start=1)
        if cell.task not in tasks
    ]


def unknown_questions(original: OriginalConfig, asked: Mapping[str, Sequence[str]]) -> list[str]:
    """Published answers whose question the definition does not ask, in words. `asked`: questionnaire → its questions
    that are answered by a number."""
    return [
        f"original: answer {number} ({answer.label}): item: no question {answer.item!r} with numbers in questionnaire"
        f" {answer.questionnaire!r}; there are {_questions(asked)}"
        for number, answer in enumerate(original.answers, start=1)
        if answer.questionnaire and answer.item not in asked.get(answer.questionnaire, ())
    ]


def _questions(asked: Mapping[str, Sequence[str]]) -> str:
    return ", ".join(f"{name}: {item}" for name, items in asked.items() for item in items) or "none"
