"""Images to learn from and to ask about: as many of each answer, in one task alone, or the same in a task again."""

import pytest

from stimuli.config import StimulusRequest
from stimuli.errors import SelectionError
from stimuli.produce.select import at_most_eligible, select
from stimuli.tasks.kind import Predicted
from tests.stimuli.produce.test_select import ids, voc


def predicting(images, task="before", **changes):
    return StimulusRequest(task, "simulatability", images, ("cam",), ("net",), classes=("cat", "dog"), **changes)


def predicted(**counts):
    """Images by what they show and what is predicted for them: cat_dog=3 are three cats that are called dogs."""
    images, tops = [], {}
    for name, count in counts.items():
        shows, top = name.split("_")
        for i in range(count):
            images.append(voc(f"{name}-{i}", shows))
            tops[images[-1].image_id] = Predicted(top, (top,))
    return images, {"net": tops}


def test_each_answer_is_that_of_half_of_the_images_whatever_they_show():
    images, predictions = predicted(cat_cat=9, dog_dog=2, cat_dog=3, bird_bird=20)
    (selection,) = select([predicting(10)], images, ("cat", "dog", "bird"), predictions, seed=0)
    answers = sorted(name.split("-")[0].split("_")[1] for name in ids(selection))
    assert answers == ["cat"] * 5 + ["dog"] * 5
    assert {(category, foil) for (_, category, _), foil in selection.foils.items()} == {("cat", "dog"), ("dog", "cat")}


def test_of_a_matched_task_half_of_each_answer_is_true():
    images, predictions = predicted(cat_cat=9, dog_dog=9, cat_dog=2, dog_cat=3)
    (selection,) = select([predicting(8, matched=True)], images, ("cat", "dog"), predictions, seed=0)
    sorts = sorted(name.split("-")[0] for name in ids(selection))
    assert sorts == ["cat_cat"] * 2 + ["cat_dog"] * 2 + ["dog_cat"] * 2 + ["dog_dog"] * 2
    with pytest.raises(SelectionError, match="2 images predicted dog wrongly; lower its images to 8, or take a larger"):
        select([predicting(12, matched=True)], images, ("cat", "dog"), predictions, seed=0)


def test_too_few_images_are_refused_with_the_numbers_and_the_remedy():
    images, predictions = predicted(cat_cat=9, bird_bird=4)
    with pytest.raises(
        SelectionError, match=r"9 images predicted cat and 0 images predicted dog; take .* other classes"
    ):
        select([predicting(8)], images, ("cat", "dog", "bird"), predictions, seed=0)
    with pytest.raises(SelectionError, match="'a prediction of cat or dog' removed 4; predicted are cat 9, bird 4"):
        select([predicting(12)], images, ("cat", "dog", "bird"), predictions, seed=0)
    images, predictions = predicted(cat_cat=9, dog_dog=2)
    with pytest.raises(SelectionError, match=r"11 of 11 are eligible .*; lower its images to 4, or name"):
        select([predicting(12)], images, ("cat", "dog"), predictions, seed=0)
    images, predictions = predicted(cat_cat=9, bird_bird=4)
    told = at_most_eligible([predicting(12)], images, ("cat", "dog", "bird"))
    assert told["before"][0] == 13, "before anything is computed all may be predicted so"


def test_what_is_learned_in_one_task_is_asked_in_no_other():
    images, predictions = predicted(cat_cat=9, dog_dog=9)
    tasks = [predicting(8), predicting(8, task="after")]
    first, second = select(tasks, images, ("cat", "dog"), predictions, seed=0)
    assert not set(ids(first)) & set(ids(second))
    with pytest.raises(
        SelectionError, match=r"show 20 images and 18 different ones fit; .* lower their images by 2 in all"
    ):
        select([predicting(10), predicting(10, task="after")], images, ("cat", "dog"), predictions, seed=0)


def test_a_task_that_repeats_shows_the_images_of_the_other():
    images, predictions = predicted(cat_cat=6, dog_dog=6)
    tasks = [predicting(10), predicting(10, task="after", repeats="before")]
    first, second = select(tasks, images, ("cat", "dog"), predictions, seed=0)
    assert ids(first) == ids(second)
    assert (first.foils, first.shared) == (second.foils, second.shared)
