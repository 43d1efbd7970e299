"""The facts of the two kinds of the Grad-CAM paper (Selvaraju et al. 2017, section 5), and what follows from them."""

import pytest
from pydantic import TypeAdapter, ValidationError

from contracts.tasks import KINDS, SCORES, KindName

SEEING, TRUSTING = KINDS["class-discrimination"], KINDS["trust"]


def test_people_choose_between_two_categories_of_one_picture():
    """Section 5.1: one visualization, two options, so 50% is chance."""
    assert (SEEING.pictures, SEEING.categories, SEEING.networks) == (1, 2, None)
    assert (SEEING.has_truth, SEEING.needs_predictions, SEEING.swaps) == (True, False, "options")
    assert (SEEING.value, SEEING.bounds, SEEING.null) == ("correct", (0, 1), 0.5)
    assert (SEEING.length, SEEING.difference_bounds) == (1, (-1, 1))


def test_people_rate_two_networks_from_minus_two_to_two():
    """Section 5.2: both networks predict the same class, and answers lie from -2 to 2."""
    assert (TRUSTING.pictures, TRUSTING.categories, TRUSTING.networks) == (2, 1, 2)
    assert (TRUSTING.has_truth, TRUSTING.needs_predictions, TRUSTING.swaps) == (False, True, "pictures")
    assert (TRUSTING.value, TRUSTING.bounds, TRUSTING.null) == ("score", (-2, 2), 0)
    assert (TRUSTING.length, TRUSTING.difference_bounds) == (4, (-4, 4))
    assert [int(value) for value in TRUSTING.questions[0].values] == sorted(SCORES, reverse=True) == [2, 1, 0, -1, -2]


def test_confidence_is_asked_second_and_only_where_the_task_wants_it():
    response, confidence = SEEING.questions
    assert (response.name, response.values, response.asked_if) == ("response", (), None)
    assert (confidence.name, confidence.values, confidence.asked_if) == (
        "confidence",
        ("1", "2", "3", "4"),
        "confidence",
    )
    assert [question.name for question in TRUSTING.questions] == ["response"]


def test_an_image_has_an_item_for_each_category_method_and_network_of_its_own():
    """The paper: 90 pairs of an image and one of its two categories × 4 methods = 360 visualizations."""
    assert 45 * SEEING.items_per_image(methods=4, networks=1) == 360
    assert SEEING.items_per_image(methods=4, networks=3) == 24
    assert TRUSTING.items_per_image(methods=2, networks=2) == 2


def test_a_definition_may_name_these_kinds_only():
    known = TypeAdapter(KindName)
    assert known.validate_python("trust") == "trust"
    with pytest.raises(ValidationError, match="there are class-discrimination, trust"):
        known.validate_python("taste")
