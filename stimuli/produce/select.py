"""Which images a task shows: eligible ones, balanced over their categories, always the same for one seed."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from typing import Any

from models.photographs import Photograph
from stimuli.config import StimulusRequest
from stimuli.errors import SelectionError
from stimuli.produce.balance import balanced, order
from stimuli.produce.candidate import Candidate
from stimuli.produce.sheets import Sheets, foils_of_sheets, sheets_of
from stimuli.produce.tables import PictureTable
from stimuli.tasks.kind import Eligibility, Predicted, Predictions
from stimuli.tasks.kinds import STIMULI_KINDS

Tables = Mapping[str, PictureTable]
NO_TABLES: Tables = {}
NO_PREDICTIONS: Predictions = {}


@dataclass(frozen=True)
class Selection:
    """The images of one task."""

    request: StimulusRequest
    chosen: tuple[Candidate, ...]  # sorted by image_id
    eligible: int  # by its conditions, before sorts are balanced
    drawn_from: int  # of them, after sorts are balanced
    removed: dict[str, int]  # condition → images that the conditions before it left and that it removed
    foils: Mapping[tuple[str, str, str], str]  # (image id, category, network) explained → the wrong option; empty: none
    shared: int  # images that another task shows too, because there were not enough for disjoint tasks
    tiles: Mapping[tuple[str, str], tuple[str, ...]] = field(
        default_factory=dict
    )  # (image id, network) → tiles' classes
    recorded: Mapping[str, Any] = field(default_factory=dict)  # of all images, by the task's kind
    sheets: Sheets = field(default_factory=dict)  # where a trial shows several images


def select(
    requests: Sequence[StimulusRequest],
    images: Sequence[Photograph],
    categories: Sequence[str],
    predictions: Predictions,
    seed: int,
    tables: Tables = NO_TABLES,
) -> tuple[Selection, ...]:
    """Choose the images of every request, in the order of `requests`.

    A task takes the images that its kind finds eligible, only its `image_ids` where it names some, whose explained
    categories are all among `categories`, and of which `tables` (method → its pictures made elsewhere) hold all that
    the task shows.
    `predictions` must hold the networks of every task whose kind needs them.

    Within a task the groups (pairs of categories; for trust the top category) are used equally as far as they reach,
    then single categories, then the order that a hash of seed, task and image gives, so that the choice does not
    depend on the order of `images`. Tasks show different images where there are enough: the task with the fewest to
    spare chooses first, and each takes images that no earlier one took before any other.

    Where a kind names sorts of image, a task shows equally many of each; matched tasks show them of like confidence.

    Raises SelectionError when a task has too few eligible images: how many there are and which condition removed how
    many.
    """
    found = [_candidates(request, images, categories, predictions, tables) for request in requests]
    eligible = [len(candidates) for candidates, _ in found]
    found = [
        (balanced(request, candidates, STIMULI_KINDS[request.kind].eligible(request, predictions), seed), removed)
        for request, (candidates, removed) in zip(requests, found, strict=True)
    ]
    taken: set[str] = set()
    chosen: dict[int, tuple[Candidate, ...]] = {}
    first = [place for place, request in enumerate(requests) if not request.repeats]
    for place in sorted(first, key=lambda p: len(found[p][0]) - requests[p].images):
        chosen[place] = _choose(found[place][0], requests[place], taken, seed)
        taken |= {candidate.image.image_id for candidate in chosen[place]}
    uses = Counter(candidate.image.image_id for task in chosen.values() for candidate in task)
    _require_disjoint(requests, chosen, uses)
    places = {request.task: place for place, request in enumerate(requests)}
    chosen |= {p: chosen[places[request.repeats]] for p, request in enumerate(requests) if request.repeats}
    return tuple(
        Selection(
            request,
            tuple(sorted(chosen[place], key=lambda c: c.image.image_id)),
            eligible[place],
            len(candidates),
            removed,
            _foils(request, chosen[place], predictions, images),
            sum(uses[candidate.image.image_id] > 1 for candidate in chosen[place]),
            _tiles(request, chosen[place], predictions),
            STIMULI_KINDS[request.kind].eligible(request, predictions).recorded(_possible_images(request, images)),
            sheets_of(request, chosen[place], predictions),
        )
        for place, (request, (candidates, removed)) in enumerate(zip(requests, found, strict=True))
    )


def at_most_eligible(
    requests: Sequence[StimulusRequest],
    images: Sequence[Photograph],
    categories: Sequence[str],
    tables: Tables = NO_TABLES,
    told: Predictions = NO_PREDICTIONS,
) -> dict[str, tuple[int, dict[str, int]]]:
    """Task → how many images it can choose from at most, and what each condition removed, with nothing computed.

    A kind that needs predictions has those `told`; else as if all its networks name one of the task's classes, or an
    annotated category of the study, for each, and of pictures made elsewhere one of any category will do. Raises
    SelectionError, as `select`, when even these are too few.
    """
    tops = {image.image_id: next((c for c in image.categories if c in categories), "") for image in images}
    found = {}
    for r in requests:
        right = {name: Predicted(r.classes[0] if r.classes else top, (top,)) for name, top in tops.items()}
        guessed = set(r.networks) - set(told) if r.facts.needs_predictions else set()
        known = dict.fromkeys(r.networks, right) | {**told}
        found[r.task] = _candidates(r, images, categories, known, tables, guessed)
    return {task: (len(candidates), removed) for task, (candidates, removed) in found.items()}


def _require_disjoint(
    requests: Sequence[StimulusRequest], chosen: Mapping[int, Sequence[Candidate]], uses: Mapping[str, int]
) -> None:
    """What people learn from in one task, no other may ask. Raises SelectionError."""
    learning = [p for p in chosen if requests[p].facts.learns]
    shared = sum(uses[candidate.image.image_id] > 1 for place in learning for candidate in chosen[place])
    if shared:
        wanted, there = sum(len(chosen[p]) for p in chosen), len(uses)
        names = ", ".join(repr(requests[place].task) for place in learning)
        raise SelectionError(
            f"the tasks show {wanted} images and {there} different ones fit; nothing that people learned from may be"
            f" asked in another task ({names}): lower their images by {wanted - there} in all, or name a larger split"
        )


def _foils(
    request: StimulusRequest, chosen: Sequence[Candidate], predictions: Predictions, images: Sequence[Photograph]
) -> dict[tuple[str, str, str], str]:
    if request.explanations > 1:
        return foils_of_sheets(request, sheets_of(request, chosen, predictions))
    kind = STIMULI_KINDS[request.kind]
    foil_of, explains = kind.foil(request, predictions, images), kind.eligible(request, predictions).explains
    return {
        (c.image.image_id, category, network): foil_of(c.image, category, network)
        for c in chosen
        for category in c.categories
        for network in request.networks
        if explains(c.image, category, network)
    }


def _tiles(
    request: StimulusRequest, chosen: Sequence[Candidate], predictions: Predictions
) -> dict[tuple[str, str], tuple[str, ...]]:
    found = STIMULI_KINDS[request.kind].eligible(request, predictions).tiles
    pairs = product((c.image for c in chosen), request.networks)
    return {(image.image_id, network): tiles for image, network in pairs if (tiles := found(image, network))}


def _candidates(
    request: StimulusRequest,
    images: Sequence[Photograph],
    categories: Sequence[str],
    predictions: Predictions,
    tables: Tables,
    guessed: Collection[str] = (),
) -> tuple[list[Candidate], dict[str, int]]:
    """The eligible images of a request, and what each condition removed; SelectionError when they are too few.

    Which category a picture of a `guessed` network has to explain is not known.
    """

    found = STIMULI_KINDS[request.kind].eligible(request, predictions)
    named = _named_images(request, images)
    conditions: dict[str, Callable[[Photograph], bool]] = {
        **({"one of its image_ids": lambda image: image.image_id in named} if named else {}),
        **found.conditions,
        **(
            {"only categories of the study": partial(_is_studied, set(categories), request, found)}
            if found.in_study
            else {}
        ),
        **{
            _pictured(method, tables[method]): partial(_is_made, tables[method], request, found, guessed)
            for method in request.methods
            if method in tables
        },
    }
    left, removed = list(images), {}
    for name, holds in conditions.items():
        before = len(left)
        left = [image for image in left if holds(image)]
        removed[name] = before - len(left)
    if len(left) < request.images:
        losses = "; ".join(f"'{name}' removed {count}" for name, count in removed.items())
        if unknown := _unknown(request, tables, images, categories):
            raise SelectionError(f"task {request.task!r}: {len(left)} of {len(images)} images are eligible; {unknown}")
        raise SelectionError(
            f"task {request.task!r} asks for {request.words}, but {len(left)} of {len(images)} are eligible"
            f" ({losses}{found.counts(images)}); {_remedy(request, found, tables, left, removed)}"
        )
    explained = [(image, found.explained(image)) for image in left]
    return [Candidate(image, names, group=names) for image, names in explained], removed


def _remedy(
    request: StimulusRequest,
    found: Eligibility,
    tables: Tables,
    left: Sequence[Photograph],
    removed: Mapping[str, int],
) -> str:
    """What makes more images eligible, or the task ask for fewer."""
    possible = _possible(left, found) // request.explanations
    sets = " sets" if request.explanations > 1 else ""
    lower = f"lower its images to {possible}{sets}" if possible else ""
    short = [tables[m].path.name for m in request.methods if m in tables and removed[_pictured(m, tables[m])]]
    add = f"add pictures to {' and '.join(dict.fromkeys(short))}" if short else ""
    ways = ", ".join(filter(None, (lower, found.remedy, add)))
    return f"{ways}, or name a larger split or more dataset.categories".removeprefix(", or ")


def _pictured(method: str, table: PictureTable) -> str:
    return f"a picture of {method} in {table.path.name}"


def _unknown(request: StimulusRequest, tables: Tables, images: Sequence[Photograph], categories: Sequence[str]) -> str:
    """What of the request's networks and the study's categories a table of pictures writes otherwise; or nothing."""
    known = {*categories, *(name for image in images for name in image.categories)}
    for table in (tables[method] for method in request.methods if method in tables):
        networks, _, named = (set(part) for part in zip(*table.entries, strict=True))
        if lost := [network for network in request.networks if network not in networks]:
            there = ", ".join(sorted(networks))
            return f"{table.path} has no rows for network {lost[0]!r}; its column network has {there}: write one name"
        strange = sorted(named - known)
        if strange and not named.issuperset(categories):  # else it serves other studies, too
            return f"{table.path} names {strange[0]!r}, which no photograph shows: write dataset.categories' names"
    return ""


def _possible(left: Sequence[Photograph], found: Eligibility) -> int:
    """How many of these images a task can show: as many of each sort where there are sorts."""
    of_sorts = [sum(map(holds, left)) for holds in found.sorts.values()]
    return len(of_sorts) * min(of_sorts) if of_sorts else len(left)


def _possible_images(request: StimulusRequest, images: Sequence[Photograph]) -> Sequence[Photograph]:
    """Those that a request names; all where it names none."""
    named = _named_images(request, images)
    return [image for image in images if image.image_id in named] if named else images


def _named_images(request: StimulusRequest, images: Sequence[Photograph]) -> set[str]:
    """The ids that a request names; SelectionError where the split lacks one."""
    named = set(request.image_ids)
    if lost := sorted(named - {image.image_id for image in images}):
        raise SelectionError(
            f"task {request.task!r}: image_ids names {len(lost)} images that the split does not have, such as"
            f" {lost[0]!r}; name images of dataset.split"
        )
    return named


def _is_studied(categories: set[str], request: StimulusRequest, found: Eligibility, image: Photograph) -> bool:
    return {*found.explained(image), *filter(None, [request.foils.get(image.image_id)])} <= categories


def _is_made(
    table: PictureTable, request: StimulusRequest, found: Eligibility, guessed: Collection[str], image: Photograph
) -> bool:
    pairs = product((n for n in request.networks if n not in guessed), found.explained(image))
    made = all(table.find(n, image, c) is not None for n, c in pairs if found.explains(image, c, n))
    return made and all(table.shows(n, image) for n in guessed)


def _choose(
    candidates: Sequence[Candidate], request: StimulusRequest, taken: set[str], seed: int
) -> tuple[Candidate, ...]:
    """Take one candidate at a time, always from the sort, and in it from the group, used least so far."""
    left = sorted(candidates, key=lambda c: order(seed, request.task, c.image.image_id))
    sorts: Counter[str] = Counter()
    groups: Counter[tuple[str, tuple[str, ...]]] = Counter()
    singles: Counter[str] = Counter()
    chosen = []
    for _ in range(request.images):
        best = min(
            left,
            key=lambda c: (
                sorts[c.sort],
                c.image.image_id in taken,
                groups[c.sort, c.group],
                sum(singles[category] for category in c.categories),
            ),
        )
        left.remove(best)
        sorts[best.sort] += 1
        groups[best.sort, best.group] += 1
        singles.update(best.categories)
        chosen.append(best)
    return tuple(chosen)
