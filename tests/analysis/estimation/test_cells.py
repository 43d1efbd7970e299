"""From frames of responses to tables, against pandas' own grouping and the estimators called by hand."""

import numpy as np
import pandas as pd
import pytest

from analysis.estimation.cells import cells_by, estimate_table, mean, of_all, share, table
from analysis.estimation.estimates import Estimate, no_estimate, proportion
from analysis.estimation.limits import MOST_RESPONSES, too_many
from analysis.notes import Note

FIELDS = ["value", "low", "high", "se", "df", "p", "responses", "participants", "images", "rule", "note"]


@pytest.fixture
def trials():
    """120 responses of 6 people to 5 images by two methods and three networks."""
    rng = np.random.default_rng(8)
    columns = {"participant_id": 6, "image_id": 5, "method": 2, "network": 3}
    return pd.DataFrame({name: [f"{name[0]}{k}" for k in rng.integers(n, size=120)] for name, n in columns.items()})


@pytest.fixture
def right(trials):
    return np.random.default_rng(9).integers(2, size=len(trials))


CROSSED = {"method": ["m1", "m0"], "network": ["n2", "n0", "n1"]}


def test_cells_are_the_crossing_in_the_order_given_with_pandas_means(trials, right):
    cells = cells_by(trials, right, CROSSED)
    assert cells.labels == tuple((m, n) for m in ("m1", "m0") for n in ("n2", "n0", "n1"))
    grouped = trials.assign(right=right).groupby(["method", "network"])["right"]
    assert cells.means == pytest.approx([grouped.mean()[label] for label in cells.labels])
    assert cells.counts.tolist() == [grouped.size()[label] for label in cells.labels]
    whole = np.arange(6)
    assert (len(cells.by_participant.sizes(whole).each), len(cells.by_image.sizes(whole).each)) == (6, 5)
    assert cells.means.dtype == float


def test_values_may_be_any_numbers_of_python(trials, right):
    """As pandas' nullable columns have them."""
    objects = pd.Series(right).astype("Int64").astype(object).to_numpy()
    assert cells_by(trials, objects, CROSSED).means == pytest.approx(cells_by(trials, right, CROSSED).means)


def test_a_single_column_has_its_levels_for_labels_and_keeps_empty_ones(trials, right):
    cells = cells_by(trials, right, {"method": ["m0", "never", "m1"]})
    assert cells.labels == ("m0", "never", "m1")
    assert cells.counts[1] == 0
    assert cells.counts.sum() == 120


def test_a_table_has_a_row_a_cell_with_what_the_estimator_says(trials, right):
    got = table(trials, right, CROSSED, share(0.9, null=0.5))
    assert got.columns.tolist() == ["method", "network", *FIELDS]
    cells = cells_by(trials, right, CROSSED)
    for row, label in zip(got.itertuples(), cells.labels, strict=True):
        expected = proportion(cells, label, 0.9, 0.5)
        assert (row.method, row.network) == label
        assert (row.value, row.low, row.high, row.p, row.responses) == (
            expected.value,
            expected.low,
            expected.high,
            expected.p,
            expected.responses,
        )


def test_without_a_null_a_share_has_no_p(trials, right):
    assert table(trials, right, {"method": ["m0", "m1"]}, share(0.9))["p"].isna().all()


def test_a_mean_on_a_scale_has_the_interval_of_its_share_of_the_scale(trials, right):
    """Scores from −2 to 2 are shares of a scale of length 4: the logit interval of the share, stretched."""
    levels = {"method": ["m0", "m1"]}
    got = table(trials, 4 * right - 2, levels, mean(0.95, (-2.0, 2.0), null=-1.0))
    shares = table(trials, right, levels, share(0.95, null=0.25))
    for column in ("value", "low", "high"):
        assert got[column].to_numpy() == pytest.approx(4 * shares[column].to_numpy() - 2)
    assert got["p"].to_numpy() == pytest.approx(shares["p"].to_numpy())
    assert got["se"].to_numpy() == pytest.approx(4 * shares["se"].to_numpy())


def test_all_rows_together_are_one_cell(trials, right):
    got = of_all(trials, right, share(0.95))
    assert (got.value, got.responses, got.participants, got.images) == (pytest.approx(right.mean()), 120, 6, 5)


def test_what_an_estimate_lacks_is_no_number_in_a_table():
    whole = Estimate(0.5, 0.4, 0.6, 0.05, 3, 0.2, 16, 4, 5, "two-way", Note("note"))
    got = estimate_table({"a": whole, "b": no_estimate(Note("none."))}, ["method"])
    assert got.columns.tolist() == ["method", *FIELDS]
    assert got.iloc[0].tolist() == ["a", 0.5, 0.4, 0.6, 0.05, 3, 0.2, 16, 4, 5, "two-way", Note("note")]
    assert got.iloc[1][["value", "low", "high", "se", "p"]].isna().all()
    assert set(got[["value", "low", "high", "se", "p"]].dtypes.map(str)) == {"float64"}
    assert estimate_table({}, ["method"]).columns.tolist() == ["method", *FIELDS]
    pairs = estimate_table({("a", "b"): whole}, ["one", "other"])
    assert pairs[["one", "other"]].iloc[0].tolist() == ["a", "b"]
    with pytest.raises(ValueError, match="zip"):
        estimate_table({("a", "b", "c"): whole}, ["one", "other"])


def test_an_analysis_that_would_take_minutes_is_left_out_from_one_response_more_than_the_limit():
    assert MOST_RESPONSES == 100_000
    assert too_many(range(100_000)) is None
    assert too_many(range(100_001)) == no_estimate(Note("Not computed: more than 100,000 responses."))


def test_the_mean_of_a_scale_is_held_against_nought(trials, right):
    levels = {"method": ["m0", "m1"]}
    found = [
        table(trials, 4 * right - 2, levels, mean(0.95, (-2.0, 2.0), *null))["p"].tolist() for null in ((), (0.0,))
    ]
    assert found[0] == found[1]
