"""Pictures that stand in for stimuli that are not made yet: drawn, and labelled as what they are."""

import hashlib
import random
from collections.abc import Iterator, Sequence
from itertools import product

from contracts.foil_text import BETWEEN
from contracts.label_choice import LABELS, LabelChoice
from contracts.methods import PHOTOGRAPH
from contracts.sheets import Sheet
from contracts.stimulus_set import Stimulus
from contracts.tasks import KINDS
from contracts.tiles import TILES, Tiled
from study.config import TaskConfig
from study.tasks.kinds import STUDY_KINDS

STAND_IN = "stand-in"  # in the place of a file's name, with how many pictures it has: stand-in-2
_EDGE = 448  # pixels


def stand_ins(tasks: Sequence[TaskConfig], categories: Sequence[str]) -> tuple[Stimulus, ...]:
    """A row for each stimulus that the tasks ask for; images show the study's categories by turns."""
    return tuple(row for task in tasks for row in _of_task(task, categories))


def _of_task(task: TaskConfig, categories: Sequence[str]) -> Iterator[Stimulus]:
    kind = KINDS[task.kind]
    shown = dict.fromkeys((*task.methods, *((PHOTOGRAPH,) if kind.shows_photograph else ())))
    several = max(kind.categories, kind.classes, 1 + kind.has_advice)
    for number in range(task.images):
        names = _shown(task.classes or categories, number)[:several]
        image = f"{task.repeats or task.name}-{number:03}"
        for place, category in enumerate(names[: kind.explained(task.foil)]):
            other = names[1 - place] if len(names) > 1 else ""
            foil = _foil(task, number, category, other, categories)
            for network, method in product(task.networks, shown):
                yield _row(task.name, image, category, foil, network, method)


def _foil(task: TaskConfig, number: int, category: str, other: str, categories: Sequence[str]) -> str:
    """What the stimuli of the task's kind tell as wrong; networks are right and wrong by turns."""
    kind = KINDS[task.kind]
    if task.explanations > 1:
        return _sheet(f"{task.name}-{number:03}", category, categories, task.explanations)
    if kind.labels:
        return _misnamed(category, categories)
    if kind.tiles:
        return _tiled(category, categories, number)
    foil = _by_turns(STUDY_KINDS[task.kind].foils, number) or other
    if kind.has_advice:
        return BETWEEN.join((foil, category) if number % 2 else (category, foil))
    return foil


def _tiled(category: str, categories: Sequence[str], number: int) -> str:
    names = _first(TILES, category, categories)
    return str(Tiled.of(category, names[number % 2], names))


def _sheet(image: str, category: str, categories: Sequence[str], several: int) -> str:
    names = _first(several, category, categories)
    return str(Sheet(tuple((name, f"{image}{'abcd'[place] if place else ''}") for place, name in enumerate(names))))


def _misnamed(category: str, categories: Sequence[str]) -> str:
    _, shown, *others = _first(1 + LABELS, category, categories)
    return str(LabelChoice(shown, tuple(others)))


def _first(number: int, category: str, categories: Sequence[str]) -> list[str]:
    """`category` and further ones, made up where there are too few."""
    return list(dict.fromkeys((category, *categories, *(f"class {n}" for n in range(1, number)))))[:number]


def _by_turns(foils: Sequence[str], number: int) -> str:
    """One of `foils` by turns; empty where there are none."""
    return foils[number % len(foils)] if foils else ""


def _shown(categories: Sequence[str], number: int) -> list[str]:
    """Two categories, other ones from image to image; the only one where there is one."""
    count = len(categories)
    first, further = number % count, 1 + number // count % max(1, count - 1)
    return list(dict.fromkeys((categories[first], categories[(first + further) % count])))


def _row(task: str, image: str, category: str, foil: str, network: str, method: str) -> Stimulus:
    name = hashlib.sha256("|".join((task, image, category, network, method)).encode()).hexdigest()[:32]
    sheet = Sheet.found(foil)
    parts = len(sheet.held) if sheet else 1
    told = (None, None, None) if sheet else (0.0, 0.5, True)
    file, height = f"{STAND_IN}-{parts}", _EDGE * parts
    return Stimulus(name, (task,), image, category, foil, network, method, file, "", _EDGE, height, *told)


def parts_of(file: str) -> int:
    """How many pictures below each other a stand-in has; 0 for the file of a picture."""
    name, _, parts = file.rpartition("-")
    return int(parts) if name == STAND_IN and parts.isdecimal() else 0


def drawn(stimulus_id: str, parts: int = 1) -> str:
    """An SVG picture of faint circles, a different one for each stimulus, with the words that it is a stand-in.

    `parts`: how many of them are below each other.
    """
    each = "".join(
        f'<g transform="translate(0 {_EDGE * part})">{_circles(f"{stimulus_id} {part}")}</g>' for part in range(parts)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_EDGE}" height="{_EDGE * parts}"'
        f' viewBox="0 0 {_EDGE} {_EDGE * parts}">{each}</svg>'
    )


def _circles(seed: str) -> str:
    rng = random.Random(seed)
    marks = "".join(
        f'<circle cx="{rng.gauss(224, 70):.0f}" cy="{rng.gauss(224, 70):.0f}" r="{rng.uniform(8, 48):.0f}"'
        f' stroke="hsl({rng.randrange(360)} 45% {rng.choice((35, 65))}%)"/>'
        for _ in range(24)
    )
    return (
        f'<rect width="{_EDGE}" height="{_EDGE}" fill="#808080"/><g fill="none" stroke-width="3">{marks}</g>'
        f'<rect y="396" width="{_EDGE}" height="52" fill="#000" opacity="0.6"/>'
        '<text x="224" y="432" fill="#fff" font-family="sans-serif" font-size="28" text-anchor="middle">stand-in</text>'
    )
