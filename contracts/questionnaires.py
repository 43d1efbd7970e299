"""Kinds of questions in questionnaires: what an item of each needs, and what may be answered."""

from dataclasses import dataclass

LIKERT, CHOICE, CHOICES, NUMBER, TEXT, LONG_TEXT = "likert", "choice", "choices", "number", "text", "long-text"
MAX_ANSWER = 4000  # characters of a stored answer
SEPARATOR = ";"  # between the options that were chosen of several


@dataclass(frozen=True)
class ItemKind:
    """`keys` of a definition that the kind knows beside name, text and required, and the one that it `needs`.

    `is_typed`: the answer is in the person's own words. `longest`: characters of an answer.
    """

    keys: tuple[str, ...] = ()
    needs: str = ""
    is_typed: bool = False
    longest: int = MAX_ANSWER


ITEM_KINDS = {
    LIKERT: ItemKind(("points", "ends", "labels", "reversed"), needs="points"),
    CHOICE: ItemKind(("options",), needs="options"),
    CHOICES: ItemKind(("options",), needs="options"),
    NUMBER: ItemKind(("minimum", "maximum"), longest=32),
    TEXT: ItemKind(is_typed=True, longest=500),
    LONG_TEXT: ItemKind(is_typed=True),
}
