"""Explanations in words, as people choose between them: names that speak for a category, and names against it.

A sentence is written “name, name / name, name”; what people read is made of it in their language.
"""

from collections.abc import Iterable, Sequence

from contracts.foil_text import BETWEEN, LONGEST_FOIL

LONGEST = (LONGEST_FOIL - len(BETWEEN)) // 2  # characters
_SIDES, _NAMES = " / ", ", "
_RESERVED = (_SIDES, _NAMES, BETWEEN, ";")


def written(high: Sequence[str], low: Sequence[str]) -> str:
    """The sentence of the names for, and against, a category; empty where a side has none or it cannot be stored."""
    text = _SIDES.join(_NAMES.join(names) for names in (high, low))
    is_possible = high and low and len(text) <= LONGEST
    return text if is_possible and not any(mark in name for name in (*high, *low) for mark in _RESERVED) else ""


def sides(sentence: str) -> tuple[list[str], list[str]]:
    """The names for, and against. Raises ValueError where it is no sentence."""
    high, low = sentence.split(_SIDES)
    return high.split(_NAMES), low.split(_NAMES)


def names_in(foils: Iterable[str]) -> set[str]:
    """All names of pairs of sentences."""
    sentences = [sentence for foil in foils for sentence in foil.split(BETWEEN)]
    return {name for sentence in sentences for side in sides(sentence) for name in side}


def is_pair(foil: str) -> bool:
    """Whether it has two different sentences, “wrong|right”."""
    both = foil.split(BETWEEN)
    try:
        return len(both) == 2 and both[0] != both[1] and all(all(map(all, sides(text))) for text in both)
    except ValueError:
        return False
