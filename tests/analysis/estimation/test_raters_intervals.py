"""The interval of Krippendorff's α: images drawn anew, against units copied out as often as they were drawn.

α itself is held to its author's examples elsewhere; here it serves as the oracle for the faster bootstrap.
"""

import numpy as np
import pandas as pd
import pytest

from analysis.estimation.raters import alpha, distances, raters

DRAWS, SEED = 1000, 2019


def trials_of(ratings, image_of):
    """`ratings`: item → values of its raters; `image_of`: item → image."""
    rows = [
        (item, f"p{rater}", value, image_of[item], "cam")
        for item, values in ratings.items()
        for rater, value in enumerate(values)
    ]
    return pd.DataFrame(rows, columns=["item_id", "participant_id", "value", "image_id", "method"])


def counts_of(ratings, values):
    return np.array([[row.count(value) for value in values] for row in ratings], float)


def copied_out(ratings, image_of, values, metric):
    """α of each of the 1,000 draws, the units of a drawn image copied as often as it was drawn."""
    images = list(dict.fromkeys(image_of[item] for item in ratings))
    draws = np.random.default_rng(SEED).multinomial(len(images), [1 / len(images)] * len(images), size=DRAWS)
    found = []
    for draw in draws:
        times = dict(zip(images, draw, strict=True))
        units = [row for item, row in ratings.items() for _ in range(times[image_of[item]])]
        found.append(alpha(counts_of(units, values), metric))
    return np.array(found)


MANY = {f"item{k}": [int(v) for v in np.random.default_rng(k).integers(-1, 3, 2 + k % 4)] for k in range(14)}
MANY["item0"] = [0, 2]
IMAGE_OF = {item: f"image{k // 2}" for k, item in enumerate(MANY)}
LEVELS = (-1, 0, 1, 2)


@pytest.mark.parametrize("metric", ["nominal", "ordinal", "interval"])
def test_an_estimate_has_the_quantiles_and_the_spread_of_the_drawn_alphas(metric):
    alone = {"alone": [2]}  # one rating agrees with nothing and is left out
    trials = trials_of(MANY | alone, IMAGE_OF | {"alone": "image99"})
    row = raters(trials, ["cam"], trials["value"].to_numpy(), metric, 0.9).iloc[0]
    assert list(trials["value"].unique()) not in (sorted(LEVELS), sorted(LEVELS, reverse=True)), "the order must matter"
    drawn = copied_out(MANY, IMAGE_OF, LEVELS, metric)
    assert row["value"] == pytest.approx(alpha(counts_of(MANY.values(), LEVELS), metric))
    assert (row["low"], row["high"]) == pytest.approx(tuple(np.quantile(drawn, [0.05, 0.95])))
    assert row["se"] == pytest.approx(np.std(drawn, ddof=1))
    assert (row["df"], row["responses"], row["images"]) == (6, sum(map(len, MANY.values())), 7)
    assert (row["participants"], row["rule"], str(row["note"])) == (max(map(len, MANY.values())), "bootstrap", "")
    assert np.isnan(row["p"])


def test_draws_in_which_nothing_can_disagree_have_no_alpha_and_are_left_out():
    ratings = {"a": [1, 1], "b": [1, 1, 1], "c": [1, 0]}
    image_of = {"a": "x", "b": "y", "c": "z"}
    trials = trials_of(ratings, image_of)
    row = raters(trials, ["cam"], trials["value"].to_numpy(), "nominal", 0.95).iloc[0]
    drawn = copied_out(ratings, image_of, (0, 1), "nominal")
    assert np.isnan(drawn).any()
    assert (row["low"], row["high"]) == pytest.approx(tuple(np.nanquantile(drawn, [0.025, 0.975])))
    assert row["se"] == pytest.approx(np.nanstd(drawn, ddof=1))


def test_methods_have_rows_of_their_own_trials_and_the_last_row_is_of_all():
    one = trials_of(MANY, IMAGE_OF)
    other = trials_of({f"o{k}": [k % 2, k % 2] for k in range(4)}, {f"o{k}": f"m{k}" for k in range(4)})
    both = pd.concat([one, other.assign(method="grad-cam")], ignore_index=True)
    table = raters(both, ["grad-cam", "cam"], both["value"].to_numpy(), "nominal", 0.95).set_index("method")
    assert list(table.index) == ["grad-cam", "cam", "all"]
    assert table.loc["grad-cam", "value"] == 1
    assert table.loc["cam", "value"] == pytest.approx(alpha(counts_of(MANY.values(), LEVELS), "nominal"))
    assert table["responses"].tolist() == [8, len(one), len(both)]
    everything = [*MANY.values(), *([k % 2, k % 2] for k in range(4))]
    assert table.loc["all", "value"] == pytest.approx(alpha(counts_of(everything, LEVELS), "nominal"))


def test_two_images_are_enough_for_an_interval():
    ratings = {"a": [1, 0], "b": [1, 1], "c": [0, 0], "d": [1, 0]}
    image_of = {"a": "x", "b": "x", "c": "y", "d": "y"}
    trials = trials_of(ratings, image_of)
    row = raters(trials, ["cam"], trials["value"].to_numpy(), "nominal", 0.95).iloc[0]
    assert (row["df"], row["images"], row["rule"]) == (1, 2, "bootstrap")


@pytest.mark.parametrize(
    ("ratings", "value", "note"),
    [
        ({"a": [1], "b": [0]}, None, "No item has two responses."),
        ({"a": [1, 1], "b": [1, 1]}, None, "All responses are the same, so there is nothing to agree on."),
        ({"a": [1, 0, 1]}, 0.0, "No interval: one image."),
    ],
)
def test_what_cannot_be_told_is_not_and_the_note_says_why(ratings, value, note):
    """Three ratings 1 0 1 of one unit: observed and expected disagreement are both 2/3, so α is 0."""
    trials = trials_of(ratings, {item: item for item in ratings})
    row = raters(trials, ["cam"], trials["value"].to_numpy(), "nominal", 0.95).iloc[0]
    assert str(row["note"]) == note
    assert row["rule"] == "none"
    assert row[["low", "high", "se", "p"]].isna().all()
    if value is None:
        assert np.isnan(row["value"])
        assert (row["responses"], row["participants"], row["images"], row["df"]) == (0, 0, 0, 0)
    else:
        assert row["value"] == pytest.approx(value)
        assert (row["responses"], row["participants"], row["images"], row["df"]) == (3, 3, 1, 0)


def test_distances_are_those_of_the_metric():
    """Krippendorff (2019), ch. 12: ordinal δ counts the ranks between two values, half of their own included."""
    frequencies = np.array([2.0, 4.0, 6.0])
    assert distances(frequencies, "nominal").tolist() == [[0, 1, 1], [1, 0, 1], [1, 1, 0]]
    assert distances(frequencies, "interval").tolist() == [[0, 1, 4], [1, 0, 1], [4, 1, 0]]
    assert distances(frequencies, "ordinal").tolist() == [[0, 9, 64], [9, 0, 25], [64, 25, 0]]
