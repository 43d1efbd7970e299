"""Options of methods: what each may be. A value that cannot be used is refused in words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import signature
from math import inf, isfinite
from typing import Annotated, Any, get_type_hints

import torch
from torch import Tensor

from stimuli.errors import ExplanationError

Baseline = float | Tensor
"""What a picture is compared with: one value, or a picture (3, H, W), in the network's normalised space."""


@dataclass(frozen=True)
class Within:
    """The numbers that an option may be, as the annotation of its parameter: those above `above`, up to `up_to`."""

    above: float
    up_to: float = inf
    whole: bool = False

    def __contains__(self, value: object) -> bool:
        kind = int if self.whole else int | float
        return isinstance(value, kind) and not isinstance(value, bool) and self.above < value <= self.up_to

    def __str__(self) -> str:
        if self.whole:
            return f"a whole number of {self.above + 1:g} or more"
        return f"a number above {self.above:g}" + (f", up to {self.up_to:g}" if self.up_to < inf else "")


Count = Annotated[int, Within(0, whole=True)]
Pixels = Annotated[int | None, Within(0, whole=True)]
Seed = Annotated[int, Within(-1, 2**63, whole=True)]
Positive = Annotated[float, Within(0)]
Share = Annotated[float, Within(0, 1)]


def check_options(maps: Callable[..., Tensor], options: Mapping[str, Any]) -> None:
    """Raise ExplanationError for an option that the method `maps` does not take, or a value that it cannot be."""
    known = [name for name, told in signature(maps).parameters.items() if told.kind is told.KEYWORD_ONLY]
    if unknown := [name for name in options if name not in known]:
        takes = f"it takes {', '.join(known)}" if known else "it takes none"
        raise ExplanationError(f"no option {', '.join(unknown)}; {takes}")
    hints = get_type_hints(getattr(maps, "func", maps), include_extras=True)
    for name, value in options.items():
        for allowed in getattr(hints.get(name), "__metadata__", ()):
            if value not in allowed:
                raise ExplanationError(f"option {name} must be {allowed}; this is {value!r}")


def baseline_of(images: Tensor, baseline: object) -> Tensor:
    """`baseline` as a picture (1, 3, H, W) like `images` (R, 3, H, W). Raises ExplanationError where it is none."""
    picture = images.shape[1:]
    if isinstance(baseline, Tensor):
        if baseline.shape in (picture, (1, *picture)) and baseline.isfinite().all():
            return baseline.detach().to(images).reshape(1, *picture)
    elif isinstance(baseline, int | float) and isfinite(baseline):
        return images.new_full((1, *picture), baseline)
    found = f"a tensor of shape {tuple(baseline.shape)}" if isinstance(baseline, Tensor) else repr(baseline)
    raise ExplanationError(
        f"option baseline must be a finite number or a picture of finite numbers, {tuple(picture)}; this is {found}"
    )


def seeded(seed: int) -> torch.Generator:
    """A generator on the CPU, so that its random numbers are the same for each device."""
    return torch.Generator().manual_seed(seed)
