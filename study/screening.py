"""Section `[screening]` of a study definition: who can take part, decided after consent and before a place is taken."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from study.information import Slug, Texts


class ScreeningQuestion(BaseModel):
    """A question with options before a place is taken; it must be answered."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Slug = Field(description="of the question in the export")
    text: Texts = Field(description="the question as people read it")
    options: Annotated[dict[Slug, Texts], Field(min_length=2)] = Field(
        description="the answers, by their names in the export"
    )
    admit: tuple[Slug, ...] = Field((), description="options with which people can take part; none: all")
    right: Slug | None = Field(None, description="entry test: the option that is right; none: not part of the test")
    quotas: dict[Slug, Annotated[int, Field(ge=1, le=1_000_000)]] = Field(
        {}, description="the greatest number of participants with an option; options without a number have no quota"
    )

    @model_validator(mode="after")
    def _known_options(self) -> "ScreeningQuestion":
        right = (self.right,) if self.right else ()
        for key, named in (("admit", self.admit), ("right", right), ("quotas", tuple(self.quotas))):
            if unknown := [name for name in named if name not in self.options]:
                raise ValueError(f"{key}: there is no option {unknown[0]!r}; there are {', '.join(self.options)}")
        if self.admit and (never := [name for name in self.quotas if name not in self.admit]):
            raise ValueError(f"quotas: admit leaves {never[0]!r} out; remove its quota, or admit it")
        return self


class ScreeningConfig(BaseModel):
    """Who can take part. People who are turned away take no place; the reason is stored, their answers are not."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    introduction: Texts = Field({}, description="a text above the questions")
    questions: Annotated[tuple[ScreeningQuestion, ...], Field(max_length=50)] = Field(
        (), description="asked on one page after consent"
    )
    pass_mark: Annotated[int, Field(ge=1, le=50)] | None = Field(
        None, description="entry test: the smallest number of right answers with which people can take part; none: all"
    )
    not_after: tuple[Slug, ...] = Field(
        (), description="slugs of studies in the same database: people who joined one of them are turned away"
    )

    @property
    def test(self) -> tuple[ScreeningQuestion, ...]:
        """The questions of the entry test."""
        return tuple(question for question in self.questions if question.right)

    @property
    def needed(self) -> int:
        """Right answers with which people can take part."""
        return len(self.test) if self.pass_mark is None else self.pass_mark

    def texts(self) -> Iterator[tuple[str, Texts]]:
        """(key, the text in each language that it has) of all that people read."""
        if self.introduction:
            yield "introduction", self.introduction
        for question in self.questions:
            yield f'question "{question.name}": text', question.text
            yield from ((f'question "{question.name}": options.{o}', text) for o, text in question.options.items())

    @model_validator(mode="after")
    def _possible(self) -> "ScreeningConfig":
        names = [question.name for question in self.questions]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two questions are named {twice[0]!r}; rename one")
        if self.pass_mark is not None and self.pass_mark > len(self.test):
            raise ValueError(
                f"pass_mark = {self.pass_mark} needs as many questions with `right`, and there are {len(self.test)};"
                " lower it, or say which options are right"
            )
        return self


def problems(screening: ScreeningConfig, languages: tuple[str, ...], slug: str, knows_people: bool) -> list[str]:
    """What the section alone cannot see. `knows_people`: the provider sends the same id in each study."""
    found = [
        f"screening: {key} has no text for language {', '.join(missing)}; add it"
        for key, texts in screening.texts()
        if (missing := [code for code in languages if code not in texts])
    ]
    if slug in screening.not_after:
        found.append(f"screening.not_after: {slug} is this study; people take part in it only once anyway")
    if screening.not_after and not knows_people:
        found.append(
            "screening.not_after: this provider sends another id of a person in each study, so nobody would be known"
            " again; ask a screening question instead"
        )
    return found
