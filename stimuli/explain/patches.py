"""The part of a feature map that a window over the picture reaches, and running a program on such parts alone.

A window changes a rectangle of each feature map; the rest is as without it. An operation is computed on the rectangle
that it reaches, with as much of the unchanged map around it as it looks at. This is exact. Where nearly all of a map
is reached, all of it is computed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor

from stimuli.explain.operations import Operation, Stencil
from stimuli.explain.program import Program

NEARLY_ALL = 0.7
"""Share of a feature map from which on all of it is computed."""

Places = Sequence[tuple[int, int]]
"""For each of V windows the numbers of its row and its column."""


@dataclass(frozen=True)
class Span:
    """For each place of a window along one axis the first cell of `size`, in a map of `extent` cells."""

    starts: tuple[int, ...]
    size: int
    extent: int

    @property
    def is_all(self) -> bool:
        return self.size == self.extent and not any(self.starts)

    @property
    def margins(self) -> tuple[int, int]:
        """How many cells before the first and behind the last one of the map are meant."""
        return max(0, -min(self.starts)), max(0, max(self.starts) + self.size - self.extent)

    def all(self) -> "Span":
        return Span((0,) * len(self.starts), self.extent, self.extent)


@dataclass(frozen=True)
class Unchanged:
    """What an operation gives for the picture without a window: maps (1, K, H, W), or any shape."""

    maps: Tensor
    _surrounded: dict[tuple[float, tuple[int, ...]], Tensor] = field(default_factory=dict)

    def surrounded(self, wanted: tuple[Span, Span], outside: float) -> tuple[Tensor, int, int]:
        """The map (H, W, K) with the value `outside` around it, as far as `wanted` goes, and the rows above and the
        columns left of it."""
        above, below, left, right = (margin for span in wanted for margin in span.margins)
        key = (outside, (above, below, left, right))
        if key not in self._surrounded:
            padded = F.pad(self.maps, (left, right, above, below), value=outside)
            self._surrounded[key] = padded[0].permute(1, 2, 0).contiguous()
        return self._surrounded[key], above, left


@dataclass(frozen=True)
class Patch:
    """The changed rectangles (V, K, h, w) of V windows in the map `base` of the unchanged picture."""

    base: Unchanged
    data: Tensor
    spans: tuple[Span, Span] | None  # None: all of it, which may have any shape


def reached(span: Span, stencil: Stencil, axis: int, extent: int) -> Span:
    """The cells of an operation's result, `extent` in all, that see any cell of `span`."""
    stride, padding = stencil.stride[axis], stencil.padding[axis]
    reach = (stencil.kernel[axis] - 1) * stencil.dilation[axis]
    ends = [
        (max(0, -((reach - padding - start) // stride)), min(extent, (start + span.size - 1 + padding) // stride + 1))
        for start in span.starts
    ]
    return _of_one_size(ends, extent)


def seen(span: Span, stencil: Stencil, axis: int, extent: int) -> Span:
    """The cells of an operation's input that the cells of `span` see; some may be outside of its `extent`."""
    stride, padding = stencil.stride[axis], stencil.padding[axis]
    reach = (stencil.kernel[axis] - 1) * stencil.dilation[axis]
    starts = tuple(start * stride - padding for start in span.starts)
    return Span(starts, (span.size - 1) * stride + reach + 1, extent)


def together(spans: Sequence[Span]) -> Span:
    """The least cells that hold all of `spans`, place by place."""
    by_place = zip(*(span.starts for span in spans), strict=True)
    ends = [
        (min(starts), max(start + span.size for start, span in zip(starts, spans, strict=True))) for starts in by_place
    ]
    return _of_one_size(ends, spans[0].extent)


def _of_one_size(ends: Sequence[tuple[int, int]], extent: int) -> Span:
    size = max(1, *(last - first for first, last in ends))
    return Span(tuple(max(0, min(first, extent - size)) for first, _ in ends), size, extent)


def run(program: Program, values: Sequence[Unchanged], window: Patch, places: Places) -> Tensor:
    """The answers (V, …) to a picture whose `values` are known, with `window` over it at V `places`."""
    patches = [window]
    last_use = {number: step for step, operation in enumerate(program.operations) for number in operation.takes}
    for step, operation in enumerate(program.operations):
        taken = [patches[number] for number in operation.takes]
        patches.append(_computed(operation, taken, values[step + 1], places))
        for number in set(operation.takes):
            if last_use[number] == step:
                patches[number] = window  # lets the memory go
    return patches[-1].data


def _computed(operation: Operation, taken: Sequence[Patch], base: Unchanged, places: Places) -> Patch:
    if operation.stencil is not None and taken[0].spans is not None:
        return _through(operation, operation.stencil, taken[0], taken[0].spans, base, places)
    if operation.is_local and all(patch.spans is not None for patch in taken):
        spans = [patch.spans for patch in taken if patch.spans is not None]
        rows, columns = (together([pair[axis] for pair in spans]) for axis in (0, 1))
        if all(pair[0].extent == rows.extent and pair[1].extent == columns.extent for pair in spans):
            found = _or_all((rows, columns))
            return Patch(base, operation.compute(*(cropped(patch, found, places) for patch in taken)), found)
    whole = operation.compute(*(_whole(patch, places) for patch in taken))
    return Patch(base, whole, None)


def _through(
    operation: Operation, stencil: Stencil, patch: Patch, spans: tuple[Span, Span], base: Unchanged, places: Places
) -> Patch:
    rows, columns = (reached(spans[axis], stencil, axis, operation.shape[axis + 2]) for axis in (0, 1))
    found = _or_all((rows, columns))
    if found[0].is_all and found[1].is_all:
        return Patch(base, operation.compute(_whole(patch, places)), found)
    rows, columns = (seen(found[axis], stencil, axis, patch.base.maps.shape[axis + 2]) for axis in (0, 1))
    return Patch(base, stencil.unpadded(cropped(patch, (rows, columns), places, stencil.outside)), found)


def _or_all(spans: tuple[Span, Span]) -> tuple[Span, Span]:
    rows, columns = spans
    if rows.size * columns.size < NEARLY_ALL * rows.extent * columns.extent:
        return spans
    return rows.all(), columns.all()


def _whole(patch: Patch, places: Places) -> Tensor:
    if patch.spans is None:
        return patch.data
    return cropped(patch, (patch.spans[0].all(), patch.spans[1].all()), places)


def cropped(patch: Patch, wanted: tuple[Span, Span], places: Places, outside: float = 0.0) -> Tensor:
    """The cells `wanted` (V, K, h, w) of the changed maps; what is outside of the map has the value `outside`."""
    assert patch.spans is not None
    if wanted == patch.spans:
        return patch.data
    found = _unchanged(patch.base, wanted, places, outside)
    offsets = [_offset(patch.spans, wanted, place) for place in places]
    for part in _alike(offsets):
        (to_row, from_row), (to_column, from_column) = (
            _overlap(offset, changed.size, span.size)
            for offset, changed, span in zip(offsets[part.start], patch.spans, wanted, strict=True)
        )
        found[part, :, to_row, to_column] = patch.data[part, :, from_row, from_column]
    return found


def _unchanged(base: Unchanged, wanted: tuple[Span, Span], places: Places, outside: float) -> Tensor:
    """The cells `wanted` as they are without a window. Whole rows of them are taken, each a stretch of memory."""
    maps, above, left = base.surrounded(wanted, outside)
    (rows, columns), (height, width, channels) = wanted, maps.shape
    stretches = maps.as_strided((height * width - columns.size + 1, columns.size * channels), (channels, 1))
    first = [(rows.starts[row] + above) * width + columns.starts[column] + left for row, column in places]
    steps = torch.arange(0, rows.size * width, width, device=maps.device)
    index = torch.tensor(first, device=maps.device).unsqueeze(1) + steps
    found = stretches.index_select(0, index.flatten())
    return found.view(len(places), rows.size, columns.size, channels).permute(0, 3, 1, 2)


def _offset(changed: tuple[Span, Span], wanted: tuple[Span, Span], place: tuple[int, int]) -> tuple[int, ...]:
    """Where the changed rectangle begins in the wanted one; (row, column)."""
    return tuple(ours.starts[at] - theirs.starts[at] for ours, theirs, at in zip(changed, wanted, place, strict=True))


def _alike(offsets: Sequence[tuple[int, ...]]) -> Iterator[slice]:
    """Stretches of equal offsets, to be copied together."""
    first = 0
    for number in range(1, len(offsets) + 1):
        if number == len(offsets) or offsets[number] != offsets[first]:
            yield slice(first, number)
            first = number


def _overlap(offset: int, changed: int, wanted: int) -> tuple[slice, slice]:
    """The cells along an axis that are changed and wanted, among the wanted ones and among the changed ones."""
    first, last = max(0, offset), max(0, offset, min(wanted, offset + changed))
    return slice(first, last), slice(first - offset, last - offset)
