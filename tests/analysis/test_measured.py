"""Metrics against answers: correlations and slopes against scipy, plain loops, and data made so that nothing goes along."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from analysis.measured import LABELS, rank_correlation, slope
from languages.extract import marked_in_sources
from stimuli.evaluate.metrics.registry import METRICS


def made(rng, images=30, people=20, effect=0.0):
    """Answers of all people to one picture of each image, in two cells; people and images vary."""
    of_image, of_person = rng.normal(0, 0.5, images), rng.normal(0, 0.5, people)
    metric = rng.normal(0, 1, images)
    rows = [
        {"image": i, "participant": p, "item": str(i), "cell": i % 2, "x": metric[i] + 5 * (i % 2)}
        | {"y": effect * metric[i] + 3 * (i % 2) + of_image[i] + of_person[p] + rng.normal()}
        for i in range(images)
        for p in range(people)
    ]
    return pd.DataFrame(rows)


def items_of(rows):
    return rows.groupby("item").agg(x=("x", "first"), y=("y", "mean"), cell=("cell", "first"), image=("image", "first"))


def test_the_correlation_is_spearmans_in_one_cell_and_ignores_differences_between_cells():
    items = items_of(made(np.random.default_rng(1), effect=0.3))
    one = items.assign(cell=0)
    assert rank_correlation(one, 0.95)[0] == pytest.approx(spearmanr(one["x"], one["y"]).statistic)
    moved = items.assign(x=items["x"] + 100 * items["cell"], y=items["y"] - 100 * items["cell"])
    assert rank_correlation(moved, 0.95) == rank_correlation(items, 0.95)


def test_a_constant_answer_has_no_correlation():
    items = items_of(made(np.random.default_rng(1))).assign(y=1.0)
    assert np.isnan(rank_correlation(items, 0.95)).all()


@pytest.mark.slow
def test_intervals_hold_zero_as_often_as_they_should_where_nothing_goes_along():
    rng, held = np.random.default_rng(5), np.zeros(2)
    for _ in range(150):
        rows = made(rng, images=24, people=6)
        _, low, high = rank_correlation(items_of(rows), 0.95)
        line = slope(rows, 0.95)
        held += [low <= 0 <= high, line.low <= 0 <= line.high]
    assert (held / 150 >= 0.9).all()


def test_the_slope_is_that_of_least_squares_with_the_variance_of_plain_loops():
    rows = made(np.random.default_rng(2), images=8, people=5, effect=0.4)
    line = slope(rows, 0.95)
    x = rows["x"] - rows.groupby("cell")["x"].transform("mean")
    x = (x / np.sqrt((x**2).mean())).to_numpy()
    design = np.column_stack([x, rows["cell"] == 0, rows["cell"] == 1]).astype(float)
    fitted = np.linalg.lstsq(design, rows["y"], rcond=None)[0]
    assert line.value == pytest.approx(fitted[0])
    influence = x * (rows["y"] - design @ fitted).to_numpy() / (x @ x)

    def one_way(*names):
        groups = [influence[index].sum() ** 2 for index in rows.groupby(list(names)).indices.values()]
        return sum(groups) * len(groups) / (len(groups) - 1)

    by = [one_way("participant"), one_way("image")]
    two_way = by[0] + by[1] - one_way("participant", "image")
    assert line.se == pytest.approx(np.sqrt(max(two_way, min(by))))


def test_every_metric_has_a_name_that_the_report_translates():
    labels = {column.label for metric in METRICS.values() for column in metric.columns}
    assert labels <= set(LABELS)
    assert set(LABELS) <= marked_in_sources("report")
