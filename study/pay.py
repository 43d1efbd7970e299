"""What people are paid: an amount in a currency, written as each language writes it."""

from typing import Annotated

from babel import Locale, UnknownLocaleError
from babel.numbers import format_currency, list_currencies
from pydantic import BaseModel, ConfigDict, Field, field_validator


class PayConfig(BaseModel):
    """An amount of money for the whole study."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    amount: Annotated[float, Field(gt=0, le=10_000_000)] = Field(description="for the whole study, as 2.50")
    currency: str = Field(description="its code of three letters (ISO 4217), as GBP, USD, EUR or KRW")

    @field_validator("currency")
    @classmethod
    def _known(cls, code: str) -> str:
        if code in list_currencies():
            return code
        raise ValueError("no currency has this code; codes are such as GBP, USD, EUR or KRW")

    def written(self, language: str) -> str:
        """The amount, as £2.50 or 2,50 £."""
        return _written(self.amount, self.currency, language)

    def per_hour(self, minutes: float, language: str) -> str:
        """The amount for an hour of which the study takes this many minutes."""
        return _written(self.amount * 60 / minutes, self.currency, language)


def _written(amount: float, currency: str, language: str) -> str:
    return format_currency(amount, currency, locale=locale_of(language))


def locale_of(language: str) -> Locale:
    """How a language writes money, dates and times; English where that is not known."""
    try:
        return Locale.parse(language)
    except (UnknownLocaleError, ValueError):
        return Locale("en")
