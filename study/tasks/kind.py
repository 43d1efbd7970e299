"""What study/ must know of a kind of task in addition to the facts of contracts/tasks.py."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from study.config import TaskConfig
from study.database.schema import Item, Stimulus

_ABOVE = 6  # percent of the picture's side: half a number is as high in the smallest pictures


class Shown(Protocol):
    """An item as it was shown, or the row of a query that has at least these columns."""

    @property
    def category(self) -> str: ...
    @property
    def foil(self) -> str: ...


class Answered(Shown, Protocol):
    """A trial with the answer to its first question."""

    @property
    def response(self) -> str: ...
    @property
    def left_network(self) -> str: ...
    @property
    def right_network(self) -> str: ...


@dataclass(frozen=True)
class Mark:
    """Something to be seen in an example's picture `picture`: where its number is, and the rings (x, y, radius) round
    it. All are percentages of the picture's side, from its upper left corner."""

    picture: int
    x: float
    y: float
    rings: tuple[tuple[float, float, float], ...] = ()


def ringed(picture: int, x: float, y: float, radius: float) -> Mark:
    """One thing in the picture with a ring round it, and its number on top of the ring, so that it hides nothing."""
    return Mark(picture, x, y - radius - _ABOVE, ((x, y, radius),))


@dataclass(frozen=True)
class Example:
    """A worked example for the instructions: files in study/static/examples, and what is to be seen in them. No study
    rates these pictures. Its words are in the languages' tasks.toml. `recipes` draw pictures that look like these."""

    files: tuple[str, ...]
    marks: tuple[Mark, ...]
    recipes: tuple[str, ...] = ("paper-v1", "signed-v1")


@dataclass(frozen=True)
class StudyKind:
    """A kind of task: its items, and what their answers mean.

    `items`: from the stimuli that a task asked for; raises OpeningError where one is lacking. `options`: the values of
    the first question, in the order before any exchange. `truth`: the right ones of them; empty where none is.
    `value`: what an answer counts in the analysis. `balanced`: how the dashboard calls what is shown first half of the
    time; None where nothing changes places. `example`: for the instructions; None: they have none. `foils`: all that
    may be wrong to say of an item; empty where this is a category. `sort`: of a balanced
    kind, of which sort an item is.
    """

    items: Callable[[TaskConfig, Sequence[Stimulus]], list[Item]]
    options: Callable[[Shown], tuple[str, ...]]
    truth: Callable[[Shown], tuple[str, ...]]
    value: Callable[[Answered, TaskConfig], Any]
    balanced: str | None
    example: Example | None = None
    foils: tuple[str, ...] = ()
    sort: Callable[[Shown], str] = lambda shown: shown.foil
