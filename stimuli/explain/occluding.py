"""What a network answers to pictures with a window over them, at each of many places."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor, nn

from stimuli.explain.batches import in_parts_that_fit
from stimuli.explain.bound import of_rows
from stimuli.explain.convolutions import layout_of
from stimuli.explain.heap import top_of_the_heap
from stimuli.explain.patches import Patch, Places, Span, Unchanged, run
from stimuli.explain.program import Program, agree, recorded

AT_ONCE = {"cpu": 16}
"""How many places are looked at together; elsewhere than on a CPU, 128. More do not fit a core's caches, and fewer make
torch's operations small."""


@dataclass(frozen=True)
class Grid:
    """The places of a window: each of its rows with each of its columns, row by row."""

    rows: Span
    columns: Span

    @property
    def places(self) -> list[tuple[slice, slice]]:
        """In pixels."""
        rows, columns = self.rows, self.columns
        return [
            (slice(top, top + rows.size), slice(left, left + columns.size))
            for top in rows.starts
            for left in columns.starts
        ]

    @property
    def numbers(self) -> Places:
        """Those of the row and the column."""
        return list(product(range(len(self.rows.starts)), range(len(self.columns.starts))))


def occluded_answers(
    network: nn.Module, images: Tensor, grid: Grid, fill: float, known: Tensor | None = None
) -> Tensor:
    """(places, N, …): the answers to `images` (N, 3, H, W) with the window filled with `fill` at each place of `grid`.

    Only what the window reaches is computed, where the network's operations are known, and whole pictures otherwise.
    `known` are the network's answers (N, …) to the images as they are, where they have been asked for before.
    """
    with torch.no_grad():
        answers = []
        for row, image in enumerate(images.detach().split(1)):
            of_row = of_rows(network, row)
            plain = of_row(image) if known is None else known[row : row + 1].detach()
            answers.append(_of_picture(of_row, image, plain, grid, fill))
    return torch.stack(answers, 1)


Answers = Callable[[slice], Tensor]
"""From some of the places to the answers there."""


def _of_picture(network: nn.Module, image: Tensor, plain: Tensor, grid: Grid, fill: float) -> Tensor:
    found = _by_patches(network, image, plain, grid, fill)
    if found is not None:
        return found
    return _in_parts(lambda part: network(_masked(image, grid.places[part], fill)), image, grid)


def _in_parts(answers: Answers, image: Tensor, grid: Grid) -> Tensor:
    count, at_once = len(grid.places), AT_ONCE.get(image.device.type, 128)
    parts = max(1, count // at_once)
    return torch.cat(list(in_parts_that_fit(answers, count, -(-count // parts))))


def _by_patches(network: nn.Module, image: Tensor, plain: Tensor, grid: Grid, fill: float) -> Tensor | None:
    """None where the network has no program, or one that answers otherwise than the network.

    The program is recorded from the picture with the window at the middle place, so two of the network's answers are
    there to be compared: that one, and `plain` to the picture as it is.
    """
    middle = len(grid.places) // 2
    try:
        program, expected = recorded(network, _masked(image, [grid.places[middle]], fill))
        values = program.values(image)
        if not agree(values[-1], plain):
            return None
        kept = top_of_the_heap(image.device)
        found = _in_parts(_answers_of_program(program, values, image, grid, fill), image, grid)
        del kept
    except torch.OutOfMemoryError:
        raise
    except Exception:  # whatever it is, the network can be run as it is
        return None
    return found if agree(found[middle : middle + 1], expected) else None


def _answers_of_program(program: Program, values: Sequence[Tensor], image: Tensor, grid: Grid, fill: float) -> Answers:
    unchanged = [Unchanged(value) for value in values]
    numbers, size = grid.numbers, (grid.rows.size, grid.columns.size)

    def answers(part: slice) -> Tensor:
        hidden = image.new_full((len(numbers[part]), image.shape[1], *size), fill)
        window = Patch(unchanged[0], hidden.contiguous(memory_format=torch.channels_last), (grid.rows, grid.columns))
        return run(program, unchanged, window, numbers[part])

    return answers


def _masked(image: Tensor, places: list[tuple[slice, slice]], fill: float) -> Tensor:
    masked = image.repeat(len(places), 1, 1, 1).contiguous(memory_format=layout_of(image))
    for picture, (rows, columns) in zip(masked, places, strict=True):
        picture[:, rows, columns] = fill
    return masked
