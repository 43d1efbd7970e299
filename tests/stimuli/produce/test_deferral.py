"""Labels that are accepted without asking: nobody is shown them, and the stimulus set counts them."""

import pytest

from contracts.tasks import KINDS
from models.photographs import AnnotatedObject, Photograph
from stimuli.config import StimulusRequest
from stimuli.errors import SelectionError
from stimuli.produce.generate import _counts
from stimuli.produce.select import at_most_eligible, select
from stimuli.tasks.kind import Predicted
from study.config import TaskConfig

KIND = next(kind.name for kind in KINDS.values() if kind.tells_confidence)
SURE = {"right": (0.95, 0.9, 0.6, 0.5), "wrong": (0.92, 0.8, 0.3)}


def photograph(image_id: str, name: str) -> Photograph:
    return Photograph(image_id, f"{image_id}.png", 9, 9, (AnnotatedObject(name, None, False),))


IMAGES = [
    photograph(f"{sort}{n}", {"right": "cat", "wrong": "dog"}[sort]) for sort in SURE for n in range(len(SURE[sort]))
]
PREDICTED = {
    f"{sort}{n}": Predicted("cat", ("cat", "dog"), sure) for sort, given in SURE.items() for n, sure in enumerate(given)
}


def asking(images: int, deferral: float | None, **more) -> StimulusRequest:
    return StimulusRequest("t", KIND, images, ("cam",), ("n",), deferral=deferral, **more)


def test_labels_from_the_threshold_on_are_counted_and_not_shown():
    (found,) = select([asking(4, 0.9)], IMAGES, ("cat", "dog"), {"n": PREDICTED}, seed=1)
    assert {c.image.image_id for c in found.chosen} == {"right2", "right3", "wrong1", "wrong2"}
    counts = _counts([found])["t"]["deferral"]
    assert counts == {"right_accepted": 2, "right_asked": 2, "wrong_accepted": 1, "wrong_asked": 2}
    (whole,) = select([asking(6, None)], IMAGES, ("cat", "dog"), {"n": PREDICTED}, seed=1)
    assert "deferral" not in _counts([whole])["t"]


def test_only_images_that_the_task_may_show_are_counted():
    named = asking(2, 0.9, image_ids=("right0", "right2", "wrong2"))
    (found,) = select([named], IMAGES, ("cat", "dog"), {"n": PREDICTED}, seed=1)
    assert list(_counts([found])["t"]["deferral"].values()) == [1, 1, 0, 1]


def test_too_few_unsure_labels_are_refused_with_what_removed_them():
    with pytest.raises(SelectionError, match=r"'a confidence below 0\.9' removed 3"):
        select([asking(6, 0.9)], IMAGES, ("cat", "dog"), {"n": PREDICTED}, seed=1)
    with pytest.raises(SelectionError, match=r"lower its images to 4, raise its deferral, or name a larger split"):
        select([asking(6, 0.9)], IMAGES, ("cat", "dog"), {"n": PREDICTED}, seed=1)
    with pytest.raises(
        SelectionError, match=r"3 images predicted rightly and 2 .*; lower its images to 4, raise its deferral, or take"
    ):
        select([asking(5, 0.92)], IMAGES, ("cat", "dog"), {"n": PREDICTED}, seed=1)
    elsewhere = {image.image_id: Predicted("cat", ()) for image in IMAGES}
    with pytest.raises(SelectionError, match="deferral needs the confidence of a network in"):
        select([asking(2, 0.9)], IMAGES, ("cat", "dog"), {"n": elsewhere}, seed=1)
    assert at_most_eligible([asking(4, 0.9)], IMAGES, ("cat", "dog"))["t"][0] == 7, "nothing is computed yet"


def test_other_kinds_have_no_deferral():
    told = {"name": "t", "methods": ["cam"], "networks": ["n"], "images": 4, "ratings_per_item": 1, "deferral": 0.9}
    assert TaskConfig(kind=KIND, trials_per_participant=2, **told).deferral == 0.9
    with pytest.raises(ValueError, match="deferral is for kinds that tell the network's confidence, not agreement"):
        TaskConfig(kind="agreement", trials_per_participant=2, **told)
