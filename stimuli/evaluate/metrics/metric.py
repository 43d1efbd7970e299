"""What a metric is: facts about it and one small function from a map to numbers."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from torch import Tensor

from contracts.metrics import MetricColumn
from models.photographs import Photograph

BOXES, MASK, NETWORK, PREDICTIONS = "boxes", "a mask", "the network", "the network's predictions"
"""What a metric may need of a map's photograph or network, in words."""

BASELINES = ("uniform", "centre", "random")
"""Maps that look at nothing, evaluated beside the methods as if they were some (`stimuli.evaluate.baselines`)."""

Edges = tuple[float, float, float, float]
"""x0, y0, x1, y1 of a box in the map's pixels, counted from 0; the last two are outside."""

Value = TypeVar("Value")


@dataclass(frozen=True)
class Reported:
    """A published figure of a column: `value` in the column's unit, `of` which data and network, `source` where."""

    value: float
    of: str
    source: str
    method: str = ""  # the method it is of, by its name; empty: any


@dataclass(frozen=True)
class Column(MetricColumn):
    """A number of each map. The page's table has its mean over maps, with an interval over photographs.

    `reported`: published figures. `by`: another column by which the best and worst pictures are chosen, where this one
    has ties.
    """

    reported: tuple[Reported, ...] = ()
    by: str = ""


@dataclass(frozen=True)
class Curve:
    """A number of each map for each of the values `x`, drawn as its mean over maps."""

    name: str
    label: str
    unit: str
    x: tuple[float, ...]
    x_label: str


@dataclass(frozen=True)
class Best:
    """A row of the table: of each of `curves` the largest mean over x, then their mean.

    One x for the whole set of photographs, not one for each; it is chosen anew in each bootstrap sample.
    """

    column: MetricColumn
    curves: tuple[str, ...]
    reported: tuple[Reported, ...] = ()


@dataclass(frozen=True)
class Measured:
    """Of one map: a number for each column and numbers for each curve. None, or a curve left out: not defined here."""

    values: Mapping[str, float | None] = field(default_factory=dict)
    curves: Mapping[str, Sequence[float]] = field(default_factory=dict)


class Network(Protocol):
    """A network as metrics ask it. Pictures are (N, 3, H, W) as it takes them, on its device; any N."""

    name: str
    device: Any
    module: Any
    """The torch module itself, for metrics that compute only a part of it; it must stay as it is."""

    def scores(self, pictures: Tensor) -> Tensor:
        """The logits (N, C), on the CPU."""

    def probabilities(self, pictures: Tensor) -> Tensor:
        """Softmax of the logits, or sigmoid where the network has several labels: (N, C), on the CPU."""

    def heat(self, pictures: Tensor, targets: Sequence[int], method: str) -> Tensor:
        """The method's maps for one target each, (N, H, W) as in `Sample.heat`, on the CPU."""

    def other(self, module: Any) -> "Network":
        """The same with another module in its place, such as a changed copy of its own."""

    def once(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """What `make` returns, made once for this network and worker."""


@dataclass(frozen=True)
class Sample:
    """One map: of a category of a photograph, by one method and one network.

    `heat` (H, W) float64 on the CPU, at the size of the network's picture, finite; a map in the picture's channels is
    the sum of their sizes, Σ|map|. Boxes and masks are those of the part of the photograph that the network sees.
    """

    image: Photograph
    category: str
    method: str  # or a baseline
    target: int  # the category's place in the scores
    heat: Tensor
    picture: Tensor  # (3, H, W) as the network takes it, on its device
    scores: Tensor  # (C,) logits of the photograph, on the CPU
    boxes: tuple[Edges, ...]  # of the category, in the map's pixels
    difficult: bool  # Zhang et al. 2016: the boxes are small, and the photograph holds another category
    mask: Tensor | None  # (H, W) bool
    boxes_by_place: Mapping[int, tuple[Edges, ...]]  # the same of each annotated category, by its place
    predicted: Mapping[int, Tensor]  # the strongest categories' places, the first first → their maps by this method
    annotated: frozenset[int]  # places of all categories that the photograph holds
    network: Network
    of_image: dict[Hashable, Any]  # what was computed for this photograph and network, shared by methods

    @property
    def is_baseline(self) -> bool:
        return self.method in BASELINES

    def once(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """What `make` returns, made once for this photograph, network and category: for what methods share."""
        place = (self.target, key)
        if place not in self.of_image:
            self.of_image[place] = make()
        return self.of_image[place]


@dataclass(frozen=True)
class Metric:
    """`measure(sample, options)` is a pure function, `options` being those of its name in `[evaluate]`.

    `needs`: what a photograph must have, else the metric is left out there and the page says so. `chosen(options)`: a
    sentence for each choice that the publication does not tell or that others make differently.
    """

    name: str
    title: str
    about: str  # what it is and where it is defined, one or two sentences
    measure: Callable[[Sample, Any], Measured]
    columns: tuple[Column, ...] = ()
    curves: Callable[[Any], tuple[Curve, ...]] = lambda _options: ()
    best: tuple[Best, ...] = ()
    needs: tuple[str, ...] = ()
    baselines: tuple[str, ...] = ()
    chosen: Callable[[Any], Sequence[str]] = lambda _options: ()
