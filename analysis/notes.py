"""Sentences that travel with numbers: in English where they are stored, in a reader's language where they are shown."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Note:
    """An English sentence with blanks, and what fills them: other notes, tuples of cells' labels, or texts as they are.

    A note is written in English by `str`, in another language by `Translation.note`. Without a sentence it is false.
    """

    template: str = ""
    values: Mapping[str, object] = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        return self.filled(self.template, str, str)

    def __bool__(self) -> bool:
        return bool(self.template)

    def filled(self, template: str, inner: Callable[["Note"], str], label: Callable[[str], str]) -> str:
        """`template` with the values: notes written by `inner`, each part of a cell's label by `label`."""
        return template.format(**{name: _written(value, inner, label) for name, value in self.values.items()})


NO_NOTE = Note()
OPEN_NOTE = Note("Too few participants or images: the interval holds every possible value.")


class NotedError(Exception):
    """A number cannot be computed; `note` says why in the table, in its place."""

    def __init__(self, note: Note) -> None:
        super().__init__(note)
        self.note = note


def marked(text: str) -> str:
    """`text` as it is: marks a constant that is translated where it is shown."""
    return text


def marked_plural(one: str, many: str) -> tuple[str, str]:
    """A constant of two forms, as `Translation.plural` takes them; marked like the texts of one form."""
    return one, many


def no_responses(cells: Iterable[Hashable]) -> Note:
    """That cells, by their labels, are empty."""
    return Note("No responses in {cells}.", {"cells": tuple(cells)})


def _written(value: object, inner: Callable[[Note], str], label: Callable[[str], str]) -> str:
    if isinstance(value, Note):
        return inner(value)
    if isinstance(value, tuple):
        return ", ".join(_label(cell, label) for cell in value)
    return str(value)


def _label(cell: object, label: Callable[[str], str]) -> str:
    return " × ".join(label(str(part)) for part in (cell if isinstance(cell, tuple) else (cell,)))
