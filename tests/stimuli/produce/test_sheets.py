"""Several explanations of one network together: pictures below each other that are those of the photographs alone."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from contracts import stimulus_set
from contracts.methods import PHOTOGRAPH
from contracts.sheets import Sheet
from stimuli.config import StimuliConfig, StimulusRequest
from stimuli.errors import SelectionError
from stimuli.method_config import MethodConfig
from stimuli.produce.select import select
from stimuli.tasks.kind import Predicted
from tests.stimuli.sample_set import CATEGORIES, make, pictures

RATING = StimulusRequest("rating", "rating", 4, ("grad-cam", "gradient"), ("strong", "weak"))


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return pictures(tmp_path_factory.mktemp("photographs"))


def made(folder, images, request, **changes):
    rows = stimulus_set.read_stimuli(make(folder / "set", images, requests=(request,), **changes))
    return {row: np.array(Image.open(folder / "set" / row.file).convert("RGB")) for row in rows}


@pytest.fixture(scope="module")
def alone(tmp_path_factory, images):
    """(image, network, method) → the picture where a trial shows one explanation, of all ten photographs."""
    found = made(tmp_path_factory.mktemp("alone"), images, replace(RATING, images=10))
    return {(row.image_id, row.network, row.method): (row.category, pixels) for row, pixels in found.items()}


@pytest.mark.parametrize("together", [2, 4])
def test_a_sheet_holds_the_pictures_of_its_photographs_alone(together, tmp_path, images, alone):
    rows = made(tmp_path, images, replace(RATING, images=2 * together, explanations=together))
    assert len(rows) == 2 * 2 * 3, "two sets for two networks, by two methods and as photographs"
    sets = set()
    for row, pixels in rows.items():
        held = Sheet.read(row.foil).held
        assert (row.image_id, row.category) == (held[0][1], held[0][0])
        assert pixels.shape == (32 * together, 32, 3) == (row.height, row.width, 3)
        assert (row.logit, row.probability, row.is_correct) == (None, None, None)
        for (category, image), part in zip(held, np.split(pixels, together), strict=True):
            of_one, single = alone[image, row.network, row.method]
            assert category == of_one, "the network's own prediction"
            assert np.abs(part.astype(int) - single).max() <= 1, "drawn on its own scale; batches differ by rounding"
        sets.add(tuple(image for _, image in held))
    assert len(sets) == 2, "networks and methods show the same sets"
    assert len(set().union(*sets)) == 2 * together, "no photograph is in two sets"


def test_finished_pictures_are_put_below_each_other_too(tmp_path, images):
    """No network is needed: numpy concatenates what the files hold."""
    pixels = {image.image_id: np.full((32, 32, 3), 20 * place, np.uint8) for place, image in enumerate(images)}
    lines = ["image,category,network,file,prediction"]
    for image in images:
        Image.fromarray(pixels[image.image_id]).save(tmp_path / f"{image.image_id}-lime.png")
        lines.append(f"{image.image_id},{image.categories[0]},strong,{image.image_id}-lime.png,{image.categories[0]}")
    (tmp_path / "lime.csv").write_text("\n".join(lines) + "\n")
    request = replace(RATING, methods=("lime",), networks=("strong",), images=4, explanations=2)
    config = StimuliConfig(output=tmp_path / "set", device="cpu", recipes={"lime": "as-is"})
    methods = {"lime": MethodConfig(pictures=tmp_path / "lime.csv")}
    rows = made(tmp_path, images, request, config=config, methods=methods, networks={})
    shown = {row: found for row, found in rows.items() if row.method != PHOTOGRAPH}
    assert len(shown) == len(rows) - len(shown) == 2
    for row, found in shown.items():
        held = [image for _, image in Sheet.read(row.foil).held]
        assert (found == np.concatenate([pixels[image] for image in held])).all()


def test_too_few_photographs_are_told_with_counts_and_remedy(images):
    told = {image.image_id: Predicted(image.categories[0], ()) for image in images}
    request = replace(RATING, networks=("strong",), images=12, explanations=4)
    with pytest.raises(
        SelectionError,
        match=r"asks for 12 images \(3 sets of 4\), but 10 of 10 are eligible.*; lower its images to 2 sets",
    ):
        select([request], images, CATEGORIES, {"strong": told}, seed=0)


def test_names_that_a_foil_cannot_tell_are_refused(images):
    told = {image.image_id: Predicted("cat|cow", ()) for image in images}
    request = replace(RATING, networks=("strong",), images=4, explanations=2)
    with pytest.raises(SelectionError, match=r"shows 2 photographs together, and 'cat\|cow' holds '\|'; rename them"):
        select([request], images, CATEGORIES, {"strong": told}, seed=0)
