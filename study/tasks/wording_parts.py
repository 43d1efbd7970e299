"""The shape of the texts that participants read in the tasks."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """A question about the instructions; `right` is the place of the right option."""

    text: str
    options: tuple[str, ...]
    right: int


@dataclass(frozen=True)
class FurtherQuestion:
    """A question behind a trial's first; `options` are the labels of its values."""

    text: str
    options: tuple[str, ...]


@dataclass(frozen=True)
class Wording:
    """`{category}` in `prompt` is what both networks predicted. `instructions` are pages of our own HTML."""

    question: str
    prompt: str | None
    image_labels: tuple[str | None, ...]
    image_alts: tuple[str, ...]
    option_labels: tuple[str, ...]  # of the first question's values; empty where these are categories
    instructions: tuple[str, ...]
    comprehension: tuple[Question, ...]
