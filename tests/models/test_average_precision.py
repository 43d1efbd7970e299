"""models.average_precision measures as VOC does since 2010: difficult objects aside, equal scores without luck."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, precision_recall_curve

from models.average_precision import average_precision, label_matrix, mean_average_precision
from models.photographs import AnnotatedObject, Photograph


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ([1, 1, 0, 0], 1.0),
        ([0, 0, 1, 1], 0.5),  # precision 1/3 at the first, 2/4 at the second, so 2/4 from the start
        ([1, 0, 1, 0], 0.5 * 1 + 0.5 * 2 / 3),
        ([0, 1, 1, 0, 1], 2 / 3 * 2 / 3 + 1 / 3 * 3 / 5),
        ([0, 0, 0, 1], 0.25),
    ],
)
def test_worked_by_hand(labels, expected):
    scores = -np.arange(len(labels), dtype=float)
    assert average_precision(scores, np.array(labels)) == pytest.approx(expected, abs=1e-12)


RANKINGS = st.lists(st.tuples(st.integers(-5, 5), st.sampled_from([0, 1])), min_size=1, max_size=40).filter(
    lambda rows: any(label for _, label in rows)
)


@given(RANKINGS)
def test_it_is_the_area_under_sklearns_curve_once_interpolated(rows):
    scores, labels = (np.array(column) for column in zip(*rows, strict=True))
    precision, recall, _ = precision_recall_curve(labels, scores)  # from recall 1 down to 0
    interpolated = np.maximum.accumulate(precision[:-1])
    expected = -np.sum(np.diff(recall) * interpolated)
    assert average_precision(scores.astype(float), labels) == pytest.approx(expected, abs=1e-12)


@given(RANKINGS)
def test_interpolation_never_lowers_sklearns_average_precision(rows):
    scores, labels = (np.array(column) for column in zip(*rows, strict=True))
    assert average_precision(scores.astype(float), labels) >= average_precision_score(labels, scores) - 1e-12


@given(RANKINGS, st.randoms())
def test_the_order_of_the_pictures_does_not_matter(rows, random):
    def measure(some):
        scores, labels = zip(*some, strict=True)
        return average_precision(np.array(scores, float), np.array(labels))

    shuffled = list(rows)
    random.shuffle(shuffled)
    assert measure(shuffled) == pytest.approx(measure(rows), abs=1e-12)


def test_random_scores_come_to_the_share_of_present():
    rng = np.random.default_rng(0)
    labels = (rng.random(20_000) < 0.1).astype(int)
    assert average_precision(rng.random(20_000), labels) == pytest.approx(0.1, abs=0.02)


def test_difficult_pictures_count_neither_for_nor_against():
    scores, labels = np.array([4.0, 3.0, 2.0, 1.0]), np.array([-1, 1, -1, 1])
    assert average_precision(scores, labels) == 1.0


def test_a_category_never_present_is_not_measured_and_not_averaged():
    assert average_precision(np.array([1.0, 2.0]), np.array([0, -1])) is None
    assert mean_average_precision([0.5, None, 1.0]) == 0.75
    assert mean_average_precision([None]) is None


def test_labels_follow_the_categories_and_a_plain_object_outweighs_a_difficult_one():
    def image(*objects):
        return Photograph("a", Path("a.jpg"), 10, 10, tuple(AnnotatedObject(c, (1, 1, 5, 5), d) for c, d in objects))

    images = [
        image(("dog", False), ("dog", True), ("sofa", False)),
        image(("dog", True), ("dog", False), ("cat", True)),
        image(("sofa", False)),
    ]
    assert label_matrix(images, ("cat", "dog")).tolist() == [[0, 1], [-1, 1], [0, 0]]
