"""Krippendorff's α against the worked examples of its author, and its limits."""

import numpy as np
import pandas as pd
import pytest

from analysis.estimation.raters import alpha, raters

# Krippendorff, "Computing Krippendorff's alpha-reliability" (2011), the data with four observers and missing values.
FOUR_OBSERVERS = """
1 2 3 3 2 1 4 1 2 . . .
1 2 3 3 2 2 4 1 2 5 . 3
. 3 3 3 2 3 4 2 2 5 1 .
1 2 3 3 2 4 4 1 2 5 1 .
"""
# The same paper, two observers, nominal and binary.
TWO_CODERS = """
a a b b d c c c e d d a
b a b b b c c c e d d d
"""
TWO_BINARY = """
0 1 0 0 0 0 0 0 1 0
1 1 1 0 0 1 0 0 0 0
"""


def counted(text):
    rows = [line.split() for line in text.strip().splitlines()]
    values = sorted({v for row in rows for v in row} - {"."})
    return np.array([[sum(row[u] == v for row in rows) for v in values] for u in range(len(rows[0]))], float)


@pytest.mark.parametrize(
    ("data", "metric", "published"),
    [
        (FOUR_OBSERVERS, "nominal", 0.743),
        (FOUR_OBSERVERS, "ordinal", 0.815),
        (FOUR_OBSERVERS, "interval", 0.849),
        (TWO_CODERS, "nominal", 0.692),
        (TWO_BINARY, "nominal", 0.095),
    ],
)
def test_alpha_is_the_published_one(data, metric, published):
    assert alpha(counted(data), metric) == pytest.approx(published, abs=5e-4)


def test_perfect_agreement_is_one_and_no_variation_has_no_alpha():
    assert alpha(np.array([[3.0, 0.0], [0.0, 4.0]]), "nominal") == 1.0
    assert np.isnan(alpha(np.array([[3.0, 0.0], [4.0, 0.0]]), "ordinal"))


def frame(ratings):
    rows = [(f"i{u}", f"p{r}", v) for u, unit in enumerate(ratings) for r, v in enumerate(unit)]
    table = pd.DataFrame(rows, columns=["item_id", "participant_id", "value"])
    return table.assign(image_id=table["item_id"], method="cam")


def test_the_table_has_a_row_a_method_and_one_for_all_and_draws_images_for_its_interval():
    rng = np.random.default_rng(3)
    trials = frame(rng.integers(2, size=(40, 6)) | (np.arange(40) % 2)[:, None])
    table = raters(trials, ["cam", "grad-cam"], trials["value"].to_numpy(), "nominal", 0.95)
    assert table["method"].tolist() == ["cam", "grad-cam", "all"]
    row = table.iloc[0]
    units = np.stack(
        [(trials.groupby("item_id", sort=False)["value"].agg(lambda v, k=k: (v == k).sum())) for k in (0, 1)], 1
    )
    assert row["value"] == pytest.approx(alpha(units.astype(float), "nominal"))
    assert row["low"] < row["value"] < row["high"]
    assert str(table.iloc[1]["note"]) == "No item has two responses."


@pytest.mark.parametrize(
    ("ratings", "words"),
    [
        ([[1], [0]], "No item has two responses."),
        ([[1, 1], [1, 1]], "All responses are the same"),
        ([[1, 0, 1]], "one image"),
    ],
)
def test_what_has_no_alpha_or_no_interval_says_why(ratings, words):
    trials = frame(ratings)
    assert words in str(raters(trials, ["cam"], trials["value"].to_numpy(), "nominal", 0.95).iloc[0]["note"])
