"""Wrong predictions of two kinds: of the group of the truth, and of another; counted by hand."""

import json
from collections import Counter
from dataclasses import replace

import pytest
from pydantic import ValidationError

from commands.stimuli import wrong_predictions
from contracts.class_groups import OUTSIDE, WITHIN, class_groups
from models.photographs import AnnotatedObject, Photograph
from stimuli.config import StimulusRequest
from stimuli.errors import SelectionError
from stimuli.produce.select import select
from stimuli.tasks.kind import Predicted
from study.config import TaskConfig

TABLE = "class,group\ncat,animal\ndog,animal\ncow,animal\nbus,vehicle\ncar,vehicle\n"
GROUPS = {"cat": "animal", "dog": "animal", "cow": "animal", "bus": "vehicle", "car": "vehicle"}
REQUEST = StimulusRequest("agreeing", "agreement", 12, ("cam",), ("strong",), error_groups=GROUPS)


def photographs(right, within, outside, odd=0):
    """Cats called cats, dogs or cows by turns, buses; `odd`: of a class without a group."""
    called = ["cat"] * right + ["dog", "cow"] * (within // 2) + ["dog"] * (within % 2) + ["bus"] * outside
    called += ["mug"] * odd
    images = [
        Photograph(f"{name}-{number}", "a.png", 9, 9, (AnnotatedObject("cat", None, False),))
        for number, name in enumerate(called)
    ]
    return images, {"strong": {i.image_id: Predicted(i.image_id.split("-")[0], ("cat", "dog"), 0.9) for i in images}}


def chosen(request, *counts):
    images, predictions = photographs(*counts)
    (selection,) = select([request], images, ["cat", "dog"], predictions, seed=3)
    return Counter(c.image.image_id.split("-")[0] for c in selection.chosen), selection


def test_a_table_tells_the_groups():
    assert class_groups(TABLE) == GROUPS


@pytest.mark.parametrize(
    ("images", "counts", "expected"),
    [
        (12, (20, 4, 40), {"cat": 6, "bus": 3, "dog or cow": 3}),
        (12, (20, 40, 3), {"cat": 6, "bus": 3, "dog or cow": 3}),
        (10, (20, 2, 3), {"cat": 5, "bus": 3, "dog or cow": 2}),  # five wrong ones: the more frequent kind has one more
        (4, (2, 1, 1), {"cat": 2, "bus": 1, "dog or cow": 1}),
    ],
)
def test_half_of_the_wrong_predictions_are_of_each_kind(images, counts, expected):
    found, _ = chosen(replace(REQUEST, images=images), *counts)
    assert {"cat": found["cat"], "bus": found["bus"], "dog or cow": found["dog"] + found["cow"]} == expected
    assert abs(found["dog"] - found["cow"]) <= 1, "within a kind predicted classes take turns"


def test_without_groups_errors_are_as_frequent_as_they_come():
    """The kinds of the predicted class are used equally, whatever the group: a third each of dog, cow and bus."""
    found, selection = chosen(replace(REQUEST, error_groups={}), 20, 4, 40)
    assert (found["bus"], found["dog"] + found["cow"]) == (2, 4)
    assert selection.recorded == {}


def test_classes_without_a_group_are_left_out_and_all_others_counted():
    _, selection = chosen(REQUEST, 20, 5, 7, 9)
    assert selection.removed["a group for the prediction and an annotated category"] == 9
    assert selection.recorded == {"wrong_predictions": {WITHIN: 5, OUTSIDE: 7}}


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        (
            (20, 2, 40),
            r"6 wrong predictions, half of each .* has 2 within .* and 40 in another group; lower its images to 10",
        ),
        ((20, 40, 0), r"40 within .* and 0 in another group; take a larger split, other groups in error_groups, or"),
    ],
)
def test_a_kind_that_is_too_rare_is_told_with_counts_and_remedy(counts, message):
    with pytest.raises(SelectionError, match=message):
        chosen(REQUEST, *counts)


def test_the_remedy_works():
    found, _ = chosen(replace(REQUEST, images=10), 20, 2, 40)
    assert found == {"cat": 5, "bus": 3, "dog": 1, "cow": 1}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"error_groups": "class,kind\ncat,a\n"}, "the columns class and group are expected; found: class, kind"),
        ({"error_groups": "class,group\ncat,a\ndog,a\n"}, "two groups or more are needed"),
        ({"error_groups": "class,group\ncat,a\ncat,b\n"}, "1 classes occur more than once"),
        ({"error_groups": "class,group\ncat,\ndog,b\n"}, "class 'cat' or its group is empty"),
        ({"error_groups": TABLE, "matched": True}, "keep one of them"),
        ({"error_groups": TABLE, "kind": "class-discrimination"}, "class-discrimination has none, so remove it"),
    ],
)
def test_what_cannot_be_divided_is_refused(changes, message):
    asked = {"name": "t", "kind": "agreement", "methods": ["cam"], "networks": ["n"], "images": 4}
    with pytest.raises(ValidationError, match=message):
        TaskConfig.model_validate(asked | {"ratings_per_item": 1, "trials_per_participant": 2} | changes)


def test_generate_stimuli_prints_the_counts(tmp_path):
    selection = {"a": {"wrong_predictions": {WITHIN: 5, OUTSIDE: 7}}, "b": {}}
    told = {"request_sha256": "r", "networks": {}, "selection": selection}
    (tmp_path / "provenance.json").write_text(json.dumps(told))
    line = "a: of all wrong predictions 5 are within the group of the truth and 7 are in another group"
    assert wrong_predictions(tmp_path) == [line]
