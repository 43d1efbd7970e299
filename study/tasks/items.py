"""Items from the stimuli that a task asked for."""

from collections.abc import Sequence
from itertools import combinations

from contracts.methods import PHOTOGRAPH
from contracts.tasks import KINDS
from study.config import TaskConfig
from study.database.schema import Item, Stimulus
from study.errors import OpeningError

REMEDY = "run `./manage.py generate-stimuli` again"


def one_picture_each(task: TaskConfig, rows: Sequence[Stimulus]) -> list[Item]:
    """An item for each image, category, method and network, with the photograph where the kind shows it."""
    by_cell = {(row.image_id, row.category, row.method, row.network): row for row in rows}
    pairs = sorted({(row.image_id, row.category) for row in rows})
    items = []
    for image_id, category in pairs:
        for method in task.methods:
            for network in task.networks:
                row = _required(by_cell, (image_id, category, method, network), task)
                if KINDS[task.kind].has_truth and not row.foil:
                    raise OpeningError(f"task {task.name!r}: stimulus {row.stimulus_id} names no foil; {REMEDY}")
                photograph = None
                if KINDS[task.kind].shows_photograph and method != PHOTOGRAPH:
                    photograph = _required(by_cell, (image_id, category, PHOTOGRAPH, network), task)
                items.append(_item(row, photograph, row.foil))
    return items


def pairs_of_networks(task: TaskConfig, rows: Sequence[Stimulus]) -> list[Item]:
    """An item for each image, category, method and pair of the task's networks, with a picture of each in order."""
    by_cell = {(row.image_id, row.category, row.method, row.network): row for row in rows}
    pairs = sorted({(row.image_id, row.category) for row in rows})
    return [
        _item(
            _required(by_cell, (image_id, category, method, first), task),
            _required(by_cell, (image_id, category, method, second), task),
            foil="",
        )
        for image_id, category in pairs
        for method in task.methods
        for first, second in combinations(task.networks, 2)
    ]


def _required(
    by_cell: dict[tuple[str, str, str, str], Stimulus], cell: tuple[str, str, str, str], task: TaskConfig
) -> Stimulus:
    if cell not in by_cell:
        image_id, category, method, network = cell
        raise OpeningError(
            f"task {task.name!r}: the stimulus set has no {method} of network {network!r} for {category} in image"
            f" {image_id}; {REMEDY}"
        )
    return by_cell[cell]


def _item(a: Stimulus, b: Stimulus | None, foil: str) -> Item:
    return Item(
        image_id=a.image_id,
        category=a.category,
        foil=foil,
        method=a.method,
        stimulus_a_id=a.id,
        stimulus_b_id=b.id if b else None,
    )
