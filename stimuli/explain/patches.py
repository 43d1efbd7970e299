"""The part of a feature map that a window over the picture reaches, and running a program on such parts alone.

A window changes a rectangle of each feature map; the rest is as without it. An operation is computed on the rectangle
that it reaches, with as much of the unchanged map around it as it looks at. This is exact. Where nearly all of a map
is reached, all of it is computed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from stimuli.explain.program import Operation, Program, Stencil

NEARLY_ALL = 0.7
"""Share of a feature map from which on all of it is computed."""


@dataclass(frozen=True)
class Span:
    """For each place of a window along one axis the first cell of `size`, in a map of `extent` cells."""

    starts: tuple[int, ...]
    size: int
    extent: int

    @property
    def is_all(self) -> bool:
        return self.size == self.extent and not any(self.starts)

    def all(self) -> "Span":
        return Span((0,) * len(self.starts), self.extent, self.extent)


@dataclass(frozen=True)
class Unchanged:
    """What an operation gives for the picture without a window: maps (1, K, H, W), or any shape."""

    maps: Tensor
    _cells: dict[float, Tensor] = field(default_factory=dict)

    def cells(self, outside: float, changed: Tensor) -> Tensor:
        """The cells of the map, row by row, then one of the value `outside`, then those of `changed` (V, K, h, w)."""
        known, others = self.maps.shape[2] * self.maps.shape[3] + 1, _by_cell(changed)
        found = self._cells.get(outside)
        if found is None or len(found) < known + len(others):
            found = self.maps.new_full((known + len(others), self.maps.shape[1]), outside)
            found[: known - 1] = _by_cell(self.maps)
            self._cells[outside] = found
        found[known : known + len(others)] = others
        return found


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


def run(program: Program, values: Sequence[Unchanged], window: Patch, places: Tensor) -> Tensor:
    """The answers (V, …) to a picture whose `values` are known, with `window` over it at `places` (V, 2), numbers of
    the window's rows and columns."""
    patches = [window]
    last_use = {number: step for step, operation in enumerate(program.operations) for number in operation.takes}
    for step, operation in enumerate(program.operations):
        taken = [patches[number] for number in operation.takes]
        patches.append(_computed(operation, taken, values[step + 1], places))
        for number in set(operation.takes):
            if last_use[number] == step:
                patches[number] = window  # lets the memory go
    return patches[-1].data


def _computed(operation: Operation, taken: Sequence[Patch], base: Unchanged, places: Tensor) -> Patch:
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
    operation: Operation, stencil: Stencil, patch: Patch, spans: tuple[Span, Span], base: Unchanged, places: Tensor
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


def _whole(patch: Patch, places: Tensor) -> Tensor:
    if patch.spans is None:
        return patch.data
    return cropped(patch, (patch.spans[0].all(), patch.spans[1].all()), places)


def cropped(patch: Patch, wanted: tuple[Span, Span], places: Tensor, outside: float = 0.0) -> Tensor:
    """The cells `wanted` (V, K, h, w) of the changed maps; what is outside of the map has the value `outside`."""
    assert patch.spans is not None
    if wanted == patch.spans:
        return patch.data
    (height, width), channels = patch.base.maps.shape[2:], patch.base.maps.shape[1]
    row, row_changed = _cells(wanted[0], patch.spans[0], places[:, 0])
    column, column_changed = _cells(wanted[1], patch.spans[1], places[:, 1])
    nothing, first = height * width, height * width + 1
    unchanged = row.unsqueeze(2) * width + column.unsqueeze(1)
    is_outside = ((row < 0) | (row >= height)).unsqueeze(2) | ((column < 0) | (column >= width)).unsqueeze(1)
    changed = (row_changed.unsqueeze(2) * patch.spans[1].size) + column_changed.unsqueeze(1)
    each = patch.spans[0].size * patch.spans[1].size
    changed = changed + (first + each * torch.arange(len(places), device=places.device)).view(-1, 1, 1)
    is_changed = (row_changed >= 0).unsqueeze(2) & (column_changed >= 0).unsqueeze(1)
    index = torch.where(is_changed, changed, unchanged.masked_fill(is_outside, nothing))
    cells = patch.base.cells(outside, patch.data).index_select(0, index.flatten())
    return cells.view(len(places), wanted[0].size, wanted[1].size, channels).permute(0, 3, 1, 2)


def _cells(wanted: Span, changed: Span, places: Tensor) -> tuple[Tensor, Tensor]:
    """The cells (V, n) along an axis, and their numbers among the changed ones, −1 elsewhere."""
    starts = torch.tensor((wanted.starts, changed.starts), device=places.device)[:, places].unsqueeze(2)
    cells = starts[0] + torch.arange(wanted.size, device=places.device)
    inside = cells - starts[1]
    return cells, torch.where((inside >= 0) & (inside < changed.size), inside, -1)


def _by_cell(maps: Tensor) -> Tensor:
    return maps.permute(0, 2, 3, 1).reshape(-1, maps.shape[1])
