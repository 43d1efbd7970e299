"""From records to the table: means over maps with bootstrap intervals over photographs, gathered row by row.

The Poisson bootstrap draws how often each photograph counts in each sample from its id alone (Chamandy et al. 2012,
"Estimating uncertainty for massive data streams"), so nothing of a photograph is kept and all its maps count alike.
"""

import hashlib
import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from contracts.metrics import MetricColumn
from stimuli.evaluate.metrics.metric import BASELINES, Best, Column, Curve, Metric, Reported
from stimuli.evaluate.work import Row

BOUNDS = (2.5, 97.5)
SHOWN = 3  # best and worst pictures of each number


@dataclass(frozen=True, order=True)
class Shown:
    """A map that a number is best or worst for."""

    value: float
    tie: float
    image: str
    category: str


@dataclass(frozen=True)
class Estimate:
    """A mean with its 95 % interval; without bounds where it is of one photograph."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Figure:
    """A row of the table: one number of one network and method. `at`: the x of each curve at which it is best."""

    column: MetricColumn
    network: str
    method: str
    estimate: Estimate
    maps: int
    images: int
    reported: tuple[Reported, ...] = ()
    best: tuple[Shown, ...] = ()
    worst: tuple[Shown, ...] = ()
    at: tuple[float, ...] = ()


@dataclass(frozen=True)
class Line:
    """A curve of one network and method, each y with its interval."""

    curve: Curve
    network: str
    method: str
    y: tuple[Estimate, ...]


@dataclass(frozen=True)
class Summary:
    """Of one metric. `missing`: reason → number of maps without a value; `undefined`: the same for each column."""

    metric: Metric
    figures: tuple[Figure, ...]
    lines: tuple[Line, ...]
    missing: dict[str, int]
    undefined: dict[str, int]


class Resamples:
    """How often each photograph counts in each bootstrap sample; the first one is the data themselves."""

    def __init__(self, samples: int, seed: int) -> None:
        self._samples, self._seed, self._last = samples, seed, ("", np.ones(1))

    def __call__(self, image_id: str) -> np.ndarray:
        """(1 + samples,)."""
        if self._last[0] != image_id:
            digest = hashlib.sha256(f"{self._seed}\x1f{image_id}".encode()).digest()
            drawn = np.random.default_rng(int.from_bytes(digest[:8])).poisson(1, self._samples)
            self._last = image_id, np.concatenate([[1], drawn]).astype(float)
        return self._last[1]


@dataclass
class _Mean:
    """Sums over maps, one of each bootstrap sample; a value may be several numbers, those of a curve."""

    totals: Any = 0.0
    counts: Any = 0.0
    maps: int = 0
    images: int = 0
    last: str = ""

    def add(self, value: float | np.ndarray, image: str, weights: np.ndarray) -> None:
        self.totals = self.totals + np.multiply.outer(weights, value)
        self.counts = self.counts + weights
        self.maps += 1
        self.images += image != self.last
        self.last = image

    def means(self) -> np.ndarray:
        """(1 + samples, …); NaN where a sample has no map."""
        counts = self.counts.reshape(-1, *[1] * (self.totals.ndim - 1))
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(self.totals / counts)


def _estimate(means: np.ndarray, images: int) -> Estimate:
    low, high = np.nanpercentile(means[1:], BOUNDS) if images > 1 else (None, None)
    return Estimate(float(means[0]), low if low is None else float(low), high if high is None else float(high))


@dataclass
class _Extremes:
    """The SHOWN largest and smallest."""

    most: list[tuple[Any, ...]] = field(default_factory=list)
    least: list[tuple[Any, ...]] = field(default_factory=list)

    def add(self, shown: Shown) -> None:
        for heap, key in ((self.most, (shown.value, shown.tie)), (self.least, (-shown.value, -shown.tie))):
            heapq.heappush(heap, (key, shown.image, shown.category, shown))
            if len(heap) > SHOWN:
                heapq.heappop(heap)

    def sorted(self, better: str) -> tuple[tuple[Shown, ...], tuple[Shown, ...]]:
        """Best and worst, the most extreme first."""
        most, least = (tuple(row[-1] for row in sorted(heap, reverse=True)) for heap in (self.most, self.least))
        return (least, most) if better == "lower" else (most, least)


def summarised(metric: Metric, options: Any, rows: Iterable[tuple[str, Row]], resamples: Resamples) -> Summary:
    """Of the rows (network, row) of a metric, photograph after photograph."""
    means: dict[tuple[str, str, str], _Mean] = defaultdict(_Mean)
    curves: dict[tuple[str, str, str], _Mean] = defaultdict(_Mean)
    extremes: dict[tuple[str, str, str], _Extremes] = defaultdict(_Extremes)
    missing: Counter[str] = Counter()
    undefined: Counter[str] = Counter()
    columns = {column.name: column for column in metric.columns}
    for network, row in rows:
        if "missing" in row:
            missing[row["missing"]] += row["method"] not in BASELINES
            continue
        image, method, weights = row["image"], row["method"], resamples(row["image"])
        for name, column in columns.items():
            key, value = (name, network, method), row["values"].get(name)
            if value is None:
                undefined[name] += method not in BASELINES
                continue
            means[key].add(value, image, weights)
            extremes[key].add(Shown(value, _tie(column, columns, row), image, row["category"]))
        for name, found in row["curves"].items():
            curves[name, network, method].add(np.asarray(found), image, weights)
    known = {curve.name: curve for curve in metric.curves(options)}
    figures = [
        _figure(columns[name], network, method, mean, extremes[name, network, method])
        for (name, network, method), mean in means.items()
    ]
    best = [row for one in metric.best for row in _best(one, known, curves)]
    lines = [_line(known[name], network, method, mean) for (name, network, method), mean in curves.items()]
    return Summary(
        metric, tuple(_ordered(metric, [*figures, *best])), tuple(lines), _counted(missing), _counted(undefined)
    )


def _tie(column: Column, columns: dict[str, Column], row: Row) -> float:
    """The value by which maps with equal numbers are ordered, turned so that it points the way of the column."""
    if not column.by:
        return 0.0
    sign = 1 if columns[column.by].better == column.better else -1
    return sign * float(row["values"].get(column.by) or 0)


def _figure(column: Column, network: str, method: str, mean: _Mean, extremes: _Extremes) -> Figure:
    best, worst = extremes.sorted(column.better) if method not in BASELINES else ((), ())
    estimate = _estimate(mean.means(), mean.images)
    reported = _published(column.reported, method)
    return Figure(column, network, method, estimate, mean.maps, mean.images, reported, best, worst)


def _published(reported: Sequence[Reported], method: str) -> tuple[Reported, ...]:
    """Those of a method; what is of any method is not a baseline's."""
    return tuple(r for r in reported if r.method == method or not (r.method or method in BASELINES))


def _best(best: Best, known: dict[str, Curve], curves: dict[tuple[str, str, str], _Mean]) -> Iterator[Figure]:
    for network, method in [key[1:] for key in curves if key[0] == best.curves[0]]:
        means = [curves[name, network, method] for name in best.curves]
        found = [mean.means() for mean in means]
        at = tuple(known[name].x[int(of[0].argmax())] for name, of in zip(best.curves, found, strict=True))
        estimate = _estimate(np.mean([of.max(1) for of in found], axis=0), means[0].images)
        reported = _published(best.reported, method)
        yield Figure(best.column, network, method, estimate, means[0].maps, means[0].images, reported, at=at)


def _line(curve: Curve, network: str, method: str, mean: _Mean) -> Line:
    means = mean.means()
    return Line(curve, network, method, tuple(_estimate(means[:, x], mean.images) for x in range(means.shape[1])))


def _ordered(metric: Metric, figures: Sequence[Figure]) -> Iterator[Figure]:
    """Number after number, in each the networks, in each the methods before the baselines; best of curves last."""
    names = [column.name for column in metric.columns]
    place = {
        name: number
        for number, name in enumerate(
            [*names, *dict.fromkeys(f.column.name for f in figures if f.column.name not in names)]
        )
    }
    yield from sorted(figures, key=lambda f: (place[f.column.name], f.network, f.method in BASELINES, f.method))


def _counted(found: Counter[str]) -> dict[str, int]:
    return {name: count for name, count in found.most_common() if count}
