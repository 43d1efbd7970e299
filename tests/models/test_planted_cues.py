"""A planted cue is a stripe on a copy and nothing else; each photograph is in one split, without and with it."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from models.cue_pairs import ONLY_WITH
from models.errors import ScenesError
from models.photographs import AnnotatedObject, Photograph
from models.planted_cues import FORMS, PlantedCues, plant_cues

CLASSES = ("cow", "horse")
WIDTH, HEIGHT = 64, 48


@pytest.fixture
def photographs(tmp_path):
    """Six of each class, in folders as of a data set, horses without boxes, and one of both classes."""
    rng, found = np.random.default_rng(3), []
    for i in range(12):
        path = tmp_path / f"{i}.png"
        Image.fromarray(rng.integers(0, 200, (HEIGHT, WIDTH, 3), np.uint8)).resize((WIDTH, HEIGHT)).save(path)
        objects = (AnnotatedObject(CLASSES[i % 2], None if i % 2 else (20, 10, 40, 30)),)
        found.append(Photograph(f"{CLASSES[i % 2]}/{i}", path, WIDTH, HEIGHT, objects))
    both = tuple(AnnotatedObject(name, (1, 1, 9, 9)) for name in CLASSES)
    return [*found, Photograph("both/1", found[0].path, WIDTH, HEIGHT, both)]


def pixels(image):
    return np.asarray(Image.open(image.path).convert("RGB")).astype(int)


def test_the_two_versions_differ_by_the_stripe_alone(photographs, tmp_path):
    splits = plant_cues(tmp_path / "planted", photographs, PlantedCues(CLASSES, "stripe", 600, 4, seed=0))
    without, cued = splits["test"][:2]
    assert cued.image_id == f"{without.image_id}-cue"
    assert [o.category for o in cued.objects] == [*(o.category for o in without.objects), "stripe"]
    assert cued.objects[-1].box == (1, 1, WIDTH // 4, HEIGHT)
    changed = np.abs(pixels(cued) - pixels(without)).max(2)
    assert np.abs(pixels(cued)[:, : WIDTH // 4 - 2] - FORMS["stripe"].colour).max() < 60  # JPEG
    assert not changed[:, 17:].any()  # its blocks have 16 pixels, and colours are smoothed over one more


@pytest.mark.parametrize(
    ("form", "box", "filled"), [("patch", (43, 33, 64, 48), True), ("dots", (1, 1, 64, 12), False)]
)
def test_other_forms_change_their_place_alone(photographs, tmp_path, form, box, filled):
    """Boxes counted by hand: a third of 64 × 48 in the corner, and the upper quarter."""
    splits = plant_cues(tmp_path / "planted", photographs, PlantedCues(CLASSES, "tag", 600, 4, seed=0, form=form))
    without, cued = splits["test"][:2]
    left, top, right, bottom = cued.objects[-1].box
    assert (left, top, right, bottom) == box
    changed = np.abs(pixels(cued) - pixels(without)).max(2) > 0
    inside = np.zeros_like(changed)
    inside[max(top - 18, 0) : bottom + 17, max(left - 18, 0) : right + 17] = True  # JPEG's blocks, as above
    assert not changed[~inside].any()
    near = np.abs(pixels(cued) - FORMS[form].colour).max(2)[top : bottom - 1, left : right - 1] < 110
    assert near.mean() > 0.8 if filled else 0.15 < near.mean() < 0.7


def test_the_splits_share_no_photograph_and_have_classes_of_one_size(photographs, tmp_path):
    told = []
    wanted = PlantedCues(CLASSES, "stripe", 600, 4, seed=0)
    splits = plant_cues(tmp_path / "planted", photographs, wanted, lambda *done: told.append(done))
    ids = {split: {i.image_id.removesuffix("-cue") for i in of} for split, of in splits.items()}
    assert not ids["train"] & ids["test"]
    assert {split: len(of) for split, of in ids.items()} == {"train": 8, "test": 4}
    for of in ids.values():
        assert sum(name.startswith("cow") for name in of) == len(of) / 2
        assert not any(name.startswith("both") for name in of)
    listed = (tmp_path / "planted/VOCdevkit/VOC2012/ImageSets/Main" / f"{ONLY_WITH}.txt").read_text().split()
    assert sorted(listed) == sorted(f"{name}-cue" for name in ids["test"])
    assert told[-1] == (12, 12)
    again = plant_cues(tmp_path / "planted", photographs, wanted, lambda *done: told.append(done))
    assert again == splits
    assert len(told) == 12  # nothing was drawn again


def test_too_few_photographs_and_another_folder_are_refused(photographs, tmp_path):
    with pytest.raises(ScenesError, match=r"two photographs or more of each class.*1 of cow and 6 of horse"):
        plant_cues(tmp_path / "few", [photographs[0], *photographs[1::2]], PlantedCues(CLASSES, "stripe", 8, 8, 0))
    plant_cues(tmp_path / "planted", photographs, PlantedCues(CLASSES, "stripe", 8, 8, 0))
    with pytest.raises(ScenesError, match="holds something else"):
        plant_cues(tmp_path / "planted", photographs, PlantedCues(CLASSES, "stripe", 8, 8, seed=1))


@pytest.mark.parametrize("name", ["cow__0", "cow/0-cue"])
def test_photographs_that_would_have_one_name_are_refused(photographs, tmp_path, name):
    alike = [*photographs, replace(photographs[0], image_id=name), replace(photographs[1], image_id="horse/99")]
    with pytest.raises(ScenesError, match="two photographs would have one name"):
        plant_cues(tmp_path / "planted", alike, PlantedCues(CLASSES, "stripe", 600, 4, seed=0))
    assert not (tmp_path / "planted").exists()
