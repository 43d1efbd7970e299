"""As many wrong predictions of one kind of error as of the other."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from contracts.class_groups import OUTSIDE, WITHIN
from models.photographs import Photograph
from stimuli.config import StimulusRequest
from stimuli.errors import SelectionError
from stimuli.produce.candidate import Candidate

Order = Callable[[Candidate], bytes]


def of_both_kinds(
    request: StimulusRequest,
    candidates: Sequence[Candidate],
    kind: Callable[[Photograph], str],
    wanted: int,
    order: Order,
) -> list[Candidate]:
    """`candidates` with `wanted` wrong predictions, half of each kind, each from explained categories by turns.

    Where `wanted` is odd, the more frequent kind has one more. `kind` is empty of right predictions. Those that are
    kept have their kind as group, so that any smaller choice is divided alike.

    Raises SelectionError where one kind has too few, with the numbers and what to change.
    """
    wrong = {name: [c for c in candidates if kind(c.image) == name] for name in (WITHIN, OUTSIDE)}
    rarer, other = sorted(wrong, key=lambda name: len(wrong[name]))
    if min(len(wrong[rarer]), wanted) < max(wanted // 2, 1) or len(wrong[other]) < wanted - wanted // 2:
        raise SelectionError(_too_few(request, {name: len(found) for name, found in wrong.items()}, wanted))
    kept = _by_turns(wrong[rarer], wanted // 2, order) + _by_turns(wrong[other], wanted - wanted // 2, order)
    return [c for c in candidates if not kind(c.image)] + [replace(c, group=(kind(c.image),)) for c in kept]


def _too_few(request: StimulusRequest, counts: dict[str, int], wanted: int) -> str:
    least, most = sorted(counts.values())
    fitting = 2 * (2 * least + (most > least)) if least else 0  # as many right ones
    remedy = f"lower its images to {fitting}, or take" if fitting else "take"
    there = " and ".join(f"{count} {name}" for name, count in counts.items())
    return (
        f"task {request.task!r} shows {wanted} wrong predictions, half of each kind of error, and network"
        f" {' and '.join(request.networks)} has {there}; {remedy} a larger split, other groups in error_groups, or"
        " another network"
    )


def _by_turns(candidates: Sequence[Candidate], wanted: int, order: Order) -> list[Candidate]:
    left, kept, uses = sorted(candidates, key=order), [], Counter[tuple[str, ...]]()
    for _ in range(wanted):
        best = min(left, key=lambda c: uses[c.categories])
        left.remove(best)
        uses[best.categories] += 1
        kept.append(best)
    return kept
