"""Who rates what: exactly k ratings for every item, no image twice for anyone, conditions balanced within a person.

Pure functions on plain data; study/taking_part/enrolment.py calls them inside the transaction that stores the plan.
"""

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from operator import itemgetter

import numpy as np
from scipy.optimize import linear_sum_assignment


@dataclass(frozen=True)
class Candidate:
    """An item of a task as the assignment sees it. At most one item of an image is in a cell."""

    item_id: int
    image_id: str
    cell: Hashable  # method × category slot × network or networks
    wanted: int  # k
    load: int  # ratings given plus ratings promised by live leases
    sort: Hashable = None  # of its image; everybody gets equally many of each


def choose(candidates: Sequence[Candidate], trials: int, rng: np.random.Generator) -> list[Candidate]:
    """Pick `trials` items of different images, in random order; fewer only where fewer images need ratings.

    First the images that need most ratings, of each sort in turn: their needs stay level, so that the last
    participants still find as many different images as they have trials. Then one cell for each image, as a
    transportation problem: each cell at most ⌈trials / cells⌉ times, items with few ratings preferred, full ones
    forbidden. Where the open items of the last participants cannot be balanced so, the cells' capacity grows by one
    until everybody's trials exist.
    """
    needs: dict[str, int] = defaultdict(int)
    for candidate in candidates:
        needs[candidate.image_id] += max(0, candidate.wanted - candidate.load)
    needy = [image for image, need in sorted(needs.items()) if need]
    rng.shuffle(needy)
    images = in_turn(sorted(needy, key=lambda image: -needs[image]), {c.image_id: c.sort for c in candidates})[:trials]
    if not images:
        return []
    row = {image: i for i, image in enumerate(images)}
    column = {cell: j for j, cell in enumerate(dict.fromkeys(candidate.cell for candidate in candidates))}
    cost = np.full((len(images), len(column)), np.inf)
    at = {}
    for candidate in candidates:
        if candidate.load < candidate.wanted and candidate.image_id in row:
            place = row[candidate.image_id], column[candidate.cell]
            cost[place] = candidate.load**2 + rng.random()
            at[place] = candidate
    chosen = [at[place] for place in _transport(cost)]
    rng.shuffle(chosen)
    return chosen


def in_turn(images: Sequence[str], sorts: Mapping[str, Hashable]) -> list[str]:
    """One image of each sort after another, each sort in the order of `images`."""
    place: dict[Hashable, count[int]] = defaultdict(count)
    return [image for _, image in sorted([(next(place[sorts[image]]), image) for image in images], key=itemgetter(0))]


def _transport(cost: np.ndarray) -> list[tuple[int, int]]:
    """Cheapest (row, column) for every row; columns are used equally often as far as infinite costs allow it."""
    rows, columns = cost.shape
    for capacity in count(-(-rows // columns)):
        try:
            chosen_rows, chosen_columns = linear_sum_assignment(np.repeat(cost, capacity, axis=1))
        except ValueError:  # infeasible at this capacity; at capacity = rows every row has its own place
            continue
        return [(int(i), int(j) // capacity) for i, j in zip(chosen_rows, chosen_columns, strict=True)]
    raise AssertionError("unreachable: count() does not end")


def alternate(cells: Sequence[Hashable], rng: np.random.Generator) -> list[bool]:
    """A coin for each trial (left or right, this or that option first) that is fair within each cell and over all.

    Heads and tails differ by at most one over all trials, and by at most one within each cell.
    """
    order = rng.permutation(len(cells))
    first_seen = {cell: i for i, cell in enumerate(dict.fromkeys(cells[i] for i in order))}
    coins = [False] * len(cells)
    side = bool(rng.integers(2))
    for i in sorted(order, key=lambda i: first_seen[cells[i]]):
        coins[i] = side
        side = not side
    return coins
