"""What a network answers to pictures with a window over them, at each of many places."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from stimuli.explain.batches import in_parts_that_fit
from stimuli.explain.bound import of_rows
from stimuli.explain.patches import Patch, Span, Unchanged, run
from stimuli.explain.program import Program, agree, program_of

AT_ONCE = {"cpu": 16}
"""How many places are looked at together; elsewhere than on a CPU, 128. torch's CPU convolutions of 1 × 1 are slow for
fewer than 16."""


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
    def numbers(self) -> Tensor:
        """(places, 2): the numbers of the row and the column."""
        return torch.cartesian_prod(torch.arange(len(self.rows.starts)), torch.arange(len(self.columns.starts)))


def occluded_answers(network: nn.Module, images: Tensor, grid: Grid, fill: float) -> Tensor:
    """(places, N, …): the answers to `images` (N, 3, H, W) with the window filled with `fill` at each place of `grid`.

    Only what the window reaches is computed, where the network's operations are known, and whole pictures otherwise.
    """
    with torch.no_grad():
        answers = [
            _of_picture(of_rows(network, row), image, grid, fill) for row, image in enumerate(images.detach().split(1))
        ]
    return torch.stack(answers, 1)


Answers = Callable[[slice], Tensor]
"""From some of the places to the answers there."""


def _of_picture(network: nn.Module, image: Tensor, grid: Grid, fill: float) -> Tensor:
    places, at_once = grid.places, AT_ONCE.get(image.device.type, 128)

    def of_whole_pictures(part: slice) -> Tensor:
        return network(_masked(image, places[part], fill))

    answers = _by_patches(network, image, grid, fill) or of_whole_pictures
    parts = max(1, len(places) // at_once)
    return torch.cat(list(in_parts_that_fit(answers, len(places), -(-len(places) // parts))))


def _by_patches(network: nn.Module, image: Tensor, grid: Grid, fill: float) -> Answers | None:
    """None where the network has no program, or one whose answer is another than the network's at the middle place."""
    middle = len(grid.places) // 2
    try:
        answers = _answers_of_program(program_of(network, image), image, grid, fill)
        found, expected = answers(slice(middle, middle + 1)), network(_masked(image, [grid.places[middle]], fill))
    except torch.OutOfMemoryError:
        raise
    except Exception:  # whatever it is, the network can be run as it is
        return None
    return answers if agree(found, expected) else None


def _answers_of_program(program: Program, image: Tensor, grid: Grid, fill: float) -> Answers:
    values = [Unchanged(value) for value in program.values(image)]
    numbers, size = grid.numbers.to(image.device), (grid.rows.size, grid.columns.size)

    def answers(part: slice) -> Tensor:
        hidden = image.new_full((len(numbers[part]), image.shape[1], *size), fill)
        window = Patch(values[0], hidden.contiguous(memory_format=torch.channels_last), (grid.rows, grid.columns))
        return run(program, values, window, numbers[part])

    return answers


def _masked(image: Tensor, places: list[tuple[slice, slice]], fill: float) -> Tensor:
    masked = image.repeat(len(places), 1, 1, 1)
    for picture, (rows, columns) in zip(masked, places, strict=True):
        picture[:, rows, columns] = fill
    return masked
