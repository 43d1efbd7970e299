"""Equally many images of each sort that a kind names, such as right and wrong predictions; matched where asked for."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from stimuli.config import StimulusRequest
from stimuli.errors import SelectionError
from stimuli.produce.candidate import Candidate
from stimuli.produce.error_balance import of_both_kinds
from stimuli.tasks.kind import Eligibility


def order(seed: int, task: str, image_id: str) -> bytes:
    """By which a task's images are tried."""
    return hashlib.sha256(f"{seed}\x1f{task}\x1f{image_id}".encode()).digest()


def balanced(
    request: StimulusRequest, candidates: Sequence[Candidate], found: Eligibility, seed: int
) -> list[Candidate]:
    """`candidates` of the sorts, with their sort; of a matched task only as many of each group as it takes of it.

    Raises SelectionError where a sort has too few, with the numbers and what to change.
    """
    if not found.sorts:
        return list(candidates)
    sorts = ((c, next((sort for sort, holds in found.sorts.items() if holds(c.image)), "")) for c in candidates)
    sorted_ = [replace(candidate, sort=sort) for candidate, sort in sorts if sort]
    counts = Counter(c.sort for c in sorted_)
    _require(request, {sort: counts[sort] for sort in found.sorts}, "", found.remedy)
    if found.error is not None:

        def at_random(candidate: Candidate) -> bytes:
            return order(seed, request.task, candidate.image.image_id)

        return of_both_kinds(request, sorted_, found.error, _each(request, found.sorts), at_random)
    if found.matched_by is None:
        return sorted_
    grouped = [replace(c, group=(found.matched_by(c.image),)) for c in sorted_]
    in_group = Counter((c.group, c.sort) for c in grouped)
    shared = {group: min(in_group[group, s] for s in found.sorts) for group in sorted({c.group for c in grouped})}
    told = f" of like confidence ({', '.join(f'{n} at {group[0]}' for group, n in shared.items())})"
    _require(request, dict.fromkeys(found.sorts, sum(shared.values())), told, found.remedy)
    room = Counter({(g, s): n for g, n in _quotas(shared, _each(request, found.sorts)).items() for s in found.sorts})
    kept = []
    for candidate in sorted(grouped, key=lambda c: order(seed, request.task, c.image.image_id)):
        if room[candidate.group, candidate.sort]:
            room[candidate.group, candidate.sort] -= 1
            kept.append(candidate)
    return kept


def _each(request: StimulusRequest, sorts: Mapping[str, object]) -> int:
    return -(-request.images // len(sorts))


def _require(request: StimulusRequest, counts: Mapping[str, int], told: str, own: str) -> None:
    """Raise SelectionError where a sort has too few; `told` of the numbers, `own`: the kind's own remedy."""
    if min(counts.values()) >= _each(request, counts):
        return
    possible = len(counts) * min(counts.values())
    there = " and ".join(f"{count} images {sort}" for sort, count in counts.items())
    ways = ", ".join(filter(None, (f"lower its images to {possible}" if possible else "", own)))
    other = "other classes" if request.classes else "more categories that look alike"
    asked = "of each sort" if len(counts) > 1 else " and ".join(counts)
    raise SelectionError(
        f"task {request.task!r} shows {_each(request, counts)} images {asked}, and network"
        f" {' and '.join(request.networks)} has {there}{told};{f' {ways}, or' if ways else ''} take a larger split,"
        f" {other}, or another network"
    )


def _quotas(shared: Mapping[tuple[str, ...], int], wanted: int) -> Counter[tuple[str, ...]]:
    """`wanted` images divided over groups as equally as what they hold allows."""
    quotas: Counter[tuple[str, ...]] = Counter()
    while quotas.total() < wanted:
        quotas[min((g for g in shared if quotas[g] < shared[g]), key=lambda g: quotas[g])] += 1
    return quotas
