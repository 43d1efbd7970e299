"""What metrics of the explanations, computed without people, have to do with what people answered.

Within each method and network, so that differences between methods do not count. Two numbers for each metric and task:

- Spearman's rank correlation of the metric with the mean answer to a picture. Its interval is a percentile bootstrap of
  the ranks over images.
- The slope of single answers on the metric, per standard deviation, with the two-way clustered variance of the primary
  estimates (participants and images crossed; docs/adr/050).
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from analysis.data.export import Export, Task
from analysis.estimation.clusters import degrees_of_freedom
from analysis.estimation.estimates import Estimate, Variance, floored, with_interval
from analysis.notes import NO_NOTE, Note, marked
from contracts.tasks import KINDS

FEWEST_IMAGES, FEWEST_PEOPLE = 3, 2
SAMPLES, SEED = 2000, 1
COLUMNS = [
    *("task", "kind", "metric", "label", "items", "images", "participants", "responses"),
    *("correlation", "correlation_low", "correlation_high", "value", "low", "high", "p", "note"),
]
LABELS = (
    *(marked("Localization error, top 1"), marked("Localization error, top 5")),
    *(marked("Classification error, top 1"), marked("Classification error, top 5")),
    *(marked("Known-class localization accuracy"), marked("Overlap of the box")),
    *(marked("Maximum in a box"), marked("Maximum in a box or near it")),
    *(marked("Maximum in a box or near it, difficult photographs"), marked("Maximum in the category's mask")),
    *(marked("Energy in the box"), marked("Energy in the mask"), marked("Overlap of the seed with the mask")),
    *(marked("Resemblance with the scores' layer random"), marked("Resemblance with all layers random")),
    marked("Rank correlation with occlusion"),
    marked("Deletion to the mean colour, area"),
    marked("Insertion on the mean colour, area"),
    marked("Deletion to a blurred picture, area"),
    marked("Insertion on a blurred picture, area"),
    marked("ROAD, most relevant first: accuracy"),
    marked("ROAD, least relevant first: accuracy"),
    marked("ROAD, most relevant first: probability"),
    marked("ROAD, least relevant first: probability"),
    marked("Max-sensitivity"),
    marked("Change of the score, region minus random regions (mean colour)"),
    marked("Change of the score without the region (mean colour)"),
    marked("Change of the score without a random region (mean colour)"),
    marked("Score rises without the region (mean colour)"),
    marked("Change of the score, region minus random regions (blur)"),
    marked("Change of the score without the region (blur)"),
    marked("Change of the score without a random region (blur)"),
    marked("Score rises without the region (blur)"),
    marked("Change of the score, region minus random regions (inpainting)"),
    marked("Change of the score without the region (inpainting)"),
    marked("Change of the score without a random region (inpainting)"),
    marked("Score rises without the region (inpainting)"),
)
"""Names of the metrics, as the report translates them."""


def metric_table(export: Export, trials: pd.DataFrame) -> pd.DataFrame:
    """A row for each task and metric that some of its pictures have."""
    found = [row for task in export.tasks for row in _of_task(export, task, trials[trials["task"] == task.name])]
    return pd.DataFrame(found, columns=COLUMNS)


def _of_task(export: Export, task: Task, trials: pd.DataFrame) -> Iterator[dict[str, Any]]:
    answered = trials[trials[KINDS[task.kind].value].notna()]
    if export.metrics.empty or answered.empty:
        return
    for metric, values in export.metrics.groupby("metric", sort=False):
        of_picture = values.set_index("stimulus_id")["value"]
        rows = _rows(answered, task, of_picture)
        if not rows.empty:
            about = {"task": task.name, "kind": task.kind, "metric": metric, "label": values["label"].iloc[0]}
            yield about | _related(rows, export.config.confidence)


def _rows(trials: pd.DataFrame, task: Task, of_picture: pd.Series) -> pd.DataFrame:
    """A row for each answer: `x` the metric, `y` the answer, the `cell` in which they are compared, `item`."""
    kind = KINDS[task.kind]
    if kind.pictures == 1:
        x, cell = trials["stimulus_id"].map(of_picture), trials["method"] + "\x1f" + trials["network"]
    else:
        is_first = trials["left_network"] == task.networks[0]
        left, right = (trials[f"{side}_stimulus_id"].map(of_picture) for side in ("left", "right"))
        x, cell = (left - right).where(is_first, right - left), trials["method"]
    rows = pd.DataFrame(
        {
            "x": x,
            "y": trials[kind.value].astype(float),
            "cell": cell,
            "item": trials["item_id"],
            "image": trials["image_id"],
            "participant": trials["participant_id"],
        }
    )
    return rows.dropna(subset=["x"])


def _related(rows: pd.DataFrame, confidence: float) -> dict[str, Any]:
    items = rows.groupby("item").agg(
        x=("x", "first"), y=("y", "mean"), cell=("cell", "first"), image=("image", "first")
    )
    images, people = rows["image"].nunique(), rows["participant"].nunique()
    counts = {"items": len(items), "images": images, "participants": people, "responses": len(rows)}
    without = dict.fromkeys(("correlation", "correlation_low", "correlation_high", "value", "low", "high", "p"), np.nan)
    if images < FEWEST_IMAGES or people < FEWEST_PEOPLE:
        return counts | without | {"note": Note("Fewer than 3 images, or one person.")}
    if not _centred(items["x"], items["cell"]).any():
        return counts | without | {"note": Note("The metric is the same for all pictures of a method.")}
    correlation, low, high = rank_correlation(items, confidence)
    line = slope(rows, confidence)
    told = {"correlation": correlation, "correlation_low": low, "correlation_high": high}
    numbers = {
        name: np.nan if (value := getattr(line, name)) is None else value for name in ("value", "low", "high", "p")
    }
    return counts | told | numbers | {"note": line.note or NO_NOTE}


def rank_correlation(items: pd.DataFrame, confidence: float) -> tuple[float, float, float]:
    """Spearman's, of `x` and `y` within each `cell`, pooled; its interval over images. NaN where one is constant."""
    ranks = [_centred(items.groupby("cell")[name].rank(), items["cell"]).to_numpy() for name in ("x", "y")]
    products = np.stack([ranks[0] * ranks[1], ranks[0] ** 2, ranks[1] ** 2], axis=1)
    codes, names = pd.factorize(items["image"])
    sums = np.stack([np.bincount(codes, column, len(names)) for column in products.T], axis=1)
    drawn = np.random.default_rng(SEED).multinomial(len(names), np.full(len(names), 1 / len(names)), SAMPLES)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = [part[:, 0] / np.sqrt(part[:, 1] * part[:, 2]) for part in (sums.sum(0)[None], drawn @ sums)]
    if np.isnan(found[0][0]):
        return np.nan, np.nan, np.nan
    tails = (1 - confidence) / 2
    low, high = np.nanquantile(found[1], (tails, 1 - tails))
    return float(found[0][0]), float(low), float(high)


def slope(rows: pd.DataFrame, confidence: float) -> Estimate:
    """Of `y` on `x` within each `cell`, for one standard deviation of `x` there; participants and images crossed."""
    x, y = (_centred(rows[name], rows["cell"]).to_numpy() for name in ("x", "y"))
    x = x / np.sqrt((x**2).mean())
    value = float(x @ y / (x @ x))
    influence = x * (y - value * x) / (x @ x)
    codes = [pd.factorize(rows[name])[0] for name in ("participant", "image")]
    codes.append(pd.factorize(codes[0].astype(np.int64) * (codes[1].max() + 1) + codes[1])[0])
    of_people, of_images, of_pairs = (_clustered(influence, code) for code in codes)
    df = min(degrees_of_freedom(len(n), len(rows), float((n**2).sum())) for n in map(np.bincount, codes[:2]))
    people, images = (int(code.max()) + 1 for code in codes[:2])
    spread: Variance = floored(of_people, of_images, of_pairs, df, len(rows), people, images)
    return with_interval(value, spread, confidence)


def _clustered(influence: np.ndarray, code: np.ndarray) -> float:
    """The one-way variance of a sum of `influence`, with G/(G − 1) for its number of clusters."""
    sums = np.bincount(code, influence)
    return float(sums @ sums) * len(sums) / max(len(sums) - 1, 1)


def _centred(values: pd.Series, cell: pd.Series) -> pd.Series:
    return values - values.groupby(cell).transform("mean")
