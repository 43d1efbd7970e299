"""Section `[data]` of a study definition: until when the data of people are kept in the database."""

import calendar
from datetime import date
from typing import Annotated, Literal, Self

from babel.dates import format_date
from babel.units import format_unit
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from study.pay import locale_of

STUDY, IDS = "study", "recruitment-ids"


def _a_date(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise ValueError('write a date as "2031-12-31", in quotation marks') from None
    return text


class DataConfig(BaseModel):
    """How long data are kept; `./manage.py retention` lists what is due and deletes it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    keep_until: Annotated[str, AfterValidator(_a_date)] | None = Field(
        None, description='the last day on which data are kept, as "2031-12-31"; none: no date'
    )
    keep_months: Annotated[int, Field(ge=1, le=600)] | None = Field(
        None, description="months for which data are kept after the study is closed; none: no such time"
    )
    delete: Literal["study", "recruitment-ids"] = Field(
        "study", description="what is deleted then: all data of the study in the database, or the recruitment ids alone"
    )
    on_sheet: bool = Field(True, description="the information sheet says it, below the `retention` of the definition")

    @model_validator(mode="after")
    def _one_time(self) -> Self:
        if self.keep_until and self.keep_months:
            raise ValueError("keep_until and keep_months both say how long; keep one of them")
        return self

    def last_day(self, closed_on: date | None) -> date | None:
        """The last day on which data are kept; None where there is none, or where it is not known yet."""
        if self.keep_until:
            return date.fromisoformat(self.keep_until)
        return after_months(closed_on, self.keep_months) if self.keep_months and closed_on else None


def after_months(day: date, months: int) -> date:
    """The same day of a later month, or that month's last day."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def written_date(day: date, language: str) -> str:
    """The day as the language writes it: December 31, 2031."""
    return format_date(day, "long", locale=locale_of(language))


def written_months(months: int, language: str) -> str:
    """The time as the language writes it: 6 months."""
    return format_unit(months, "duration-month", locale=locale_of(language))
