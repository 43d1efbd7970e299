"""Fewer operations with the same answer: what can be computed together with a convolution, and sums for joined maps."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from stimuli.explain.operations import Convolution, Operation, Scaling, Sum, convolved


def folded(operations: Sequence[Operation]) -> tuple[Operation, ...]:
    """Batch norms and activations made parts of the convolutions whose results nothing else takes."""
    users = Counter(number for operation in operations for number in operation.takes)
    found: list[Operation] = []
    source = [0]  # where the value of each number is now
    for operation in operations:
        before = operation.takes[0]
        joined = _joined(found[source[before] - 1], operation) if before and users[before] == 1 else None
        if joined is not None:
            found[source[before] - 1] = joined
        else:
            found.append(replace(operation, takes=tuple(source[number] for number in operation.takes)))
        source.append(source[before] if joined is not None else len(found))
    return tuple(found)


def _joined(before: Operation, after: Operation) -> Operation | None:
    """Both as one, where `before` is a convolution without an activation."""
    convolution = before.compute
    if not isinstance(convolution, Convolution) or convolution.activation is not None:
        return None
    if isinstance(after.compute, Scaling):
        return convolved(before.takes, before.shape, after.compute.after(convolution))
    if after.activation is not None:
        return convolved(before.takes, before.shape, replace(convolution, activation=after.activation))
    return None


def without_joined_maps(operations: Sequence[Operation]) -> tuple[Operation, ...]:
    """Convolutions of maps side by side made sums of one for each, where these have fewer channels than the maps.

    The maps are then not copied into one, and a window's patches of them need not have one size.
    """
    found: list[Operation] = []
    source: list[tuple[int, ...]] = [(0,)]  # the values that are now side by side in the place of each number
    for number, operation in enumerate(operations, start=1):
        taken = [part for before in operation.takes for part in source[before]]
        if operation.joins_channels and 0 not in taken and _ends_in_a_sum(number, operations):
            source.append(tuple(taken))
        else:
            source.append(_appended(found, operation, taken))
    return tuple(found)


def _ends_in_a_sum(number: int, operations: Sequence[Operation]) -> bool:
    """Whether the value `number` is taken by a convolution alone, or by one that a pooling comes before."""
    users = [(step, operation) for step, operation in enumerate(operations, start=1) if number in operation.takes]
    if len(users) != 1 or users[0][1].stencil is None:
        return False
    step, user = users[0]
    if not isinstance(user.compute, Convolution):
        return _ends_in_a_sum(step, operations)
    return user.compute.groups == 1 and 2 * user.shape[1] <= user.compute.weight.shape[1]


def _appended(found: list[Operation], operation: Operation, taken: list[int]) -> tuple[int, ...]:
    """Append `operation` to `found`, for each of the values `taken` where they were joined; the results' numbers."""
    if len(taken) == len(operation.takes):
        found.append(replace(operation, takes=tuple(taken)))
        return (len(found),)
    convolution, first, parts = operation.compute, 0, []
    for number in taken:
        channels = found[number - 1].shape[1]
        if isinstance(convolution, Convolution):
            found.append(convolved((number,), operation.shape, convolution.of_channels(first, channels)))
        else:
            found.append(replace(operation, takes=(number,), shape=(1, channels, *operation.shape[2:])))
        parts.append(len(found))
        first += channels
    if not isinstance(convolution, Convolution):
        return tuple(parts)
    found.append(Operation(tuple(parts), Sum(convolution.activation), operation.shape, is_local=True))
    return (len(found),)
