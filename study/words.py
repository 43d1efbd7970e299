"""The words of a task, as languages/*/tasks.toml and a definition's `[tasks.words.<language>]` have them.

Both have the same keys. A definition gives those that it changes; the task's `wording` gives the others.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

Text = Annotated[str, Field(min_length=1, max_length=2000)]
Labels = tuple[Annotated[str, Field(min_length=1, max_length=200)], ...]


class _Texts(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CheckQuestion(_Texts):
    """A question about the instructions."""

    text: Text = Field(description="the question")
    options: Annotated[Labels, Field(min_length=2, max_length=10)] = Field(description="answers to choose from")
    right: Annotated[int, Field(ge=1, le=10)] = Field(description="place of the right option, from 1")
    why: str = Field("", description="what people who chose another option are told")


class AttentionCheck(_Texts):
    """The question of an attention check, which says itself what to choose."""

    text: Text = Field(description="the question; “{option}” becomes the answer to choose")
    choose: Annotated[int, Field(ge=1, le=9)] | None = Field(
        None, description="place of the answer to choose among those shown, from 1; none: any wrong one, at random"
    )


class FurtherQuestion(_Texts):
    """A question behind a trial's first, such as confidence or reason."""

    text: Text = Field(description="the question")
    options: Labels = Field((), description="labels of its answers in order; a question for a text has none")
    step: str = Field("", description="the step of the built-in instructions that announces it")


class LearningWords(_Texts):
    """What is said beside an example with the network's answer."""

    prompt: Text = Field(description="the network's answer, which is {category}")
    question: Text = Field(description="what people do with the example")
    option: Annotated[str, Field(min_length=1, max_length=200)] = Field(description="the button behind it")


class ExampleWords(_Texts):
    """The texts of the kind's worked example: a note for each of its marks; `right` is the place of the right one of
    `options`, from 1, None where none is."""

    title: str
    image_labels: tuple[str, ...] = ()
    image_alts: tuple[str, ...]
    notes: tuple[str, ...]
    options: tuple[str, ...]
    right: int | None = None
    conclusion: str


class Picture(_Texts):
    """A picture of the instructions: its content as a `data:` address, its size in pixels."""

    content: str
    width: int
    height: int


class OwnWords(_Texts):
    """What a study says in a task in place of the built-in words."""

    question: Text | None = Field(None, description="the task's question")
    prompt: Text | None = Field(
        None,
        description="what is written before the question; {category} is what was predicted, and {confidence} how"
        " sure the network was in per cent, where the kind of task may tell it",
    )
    learning: LearningWords | None = Field(None, description="what is said beside examples to learn from")
    options: Labels = Field((), description="labels of the answers, where these are no categories; their number stays")
    image_labels: Labels = Field(
        (),
        description="labels of a trial's pictures; of explanations to choose from {number} is the place and {class}"
        " what is explained",
    )
    image_alts: Labels = Field((), description="descriptions of a trial's pictures for screen readers")
    sentence: Text | None = Field(
        None, description="how a sentence of names is told: {for} and {against} are those for and against a decision"
    )
    title: Text | None = Field(None, description="heading of the instructions")
    instructions: Annotated[str, Field(min_length=1)] | None = Field(
        None,
        description="a Markdown file beside the definition in place of the built-in instructions and their example;"
        " its pictures are PNG, JPEG or WebP files beside it",
    )
    pictures: SkipJsonSchema[dict[str, Picture]] = {}  # of the instructions, by name; the loader fills this in
    intro: Text | None = Field(None, description="first paragraph of the built-in instructions")
    steps: tuple[Text, ...] = Field((), description="steps of the built-in instructions")
    right: Text | None = Field(
        None, description="said after a right answer in practice; {truth} is the right one, {chosen} the chosen one"
    )
    wrong: Text | None = Field(None, description="said after a wrong one")
    comprehension: Annotated[tuple[CheckQuestion, ...], Field(max_length=20)] = Field(
        (), description="questions about the instructions, where the task asks comprehension"
    )
    attention: tuple[AttentionCheck, ...] = Field(
        (), description="the task's attention checks in order; where it has more checks, from the first again"
    )
    questions: dict[str, FurtherQuestion] = Field({}, description="further questions by name: confidence, reason")
    categories: dict[str, Text] = Field(
        {}, description="names of the categories as people read them; the others: as built in or in dataset.categories"
    )
    words: dict[str, str] = Field({}, description='words that the built-in texts use, such as actor = "robot"')

    @property
    def given(self) -> frozenset[str]:
        """Its keys that are given, those of `questions` with their names."""
        keys = self.model_fields_set - {"pictures", "questions", "categories"}
        return frozenset(keys) | {f"questions.{name}" for name in self.questions}


class Wording(OwnWords):
    """The texts of one kind of task in one wording and language, whole.

    `options` label the first question's values, and are empty where these are categories. `title`, `intro`, `example`
    and `steps` are the instructions, unless there are `instructions`.
    """

    question: str
    image_alts: tuple[str, ...]
    title: str
    intro: str
    steps: tuple[str, ...]
    example: ExampleWords | None = None
