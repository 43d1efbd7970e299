"""Four classes on one picture: HIVE's rule chooses them, one scale draws them, and controls tell nothing."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from contracts.methods import PHOTOGRAPH
from contracts.stimulus_set import read_stimuli
from contracts.tiles import TILES, Tiled
from models.catalogue import preprocess
from models.image_files import read_image
from models.photographs import AnnotatedObject, Photograph
from stimuli.config import StimuliConfig, StimulusRequest
from stimuli.errors import SelectionError
from stimuli.evaluate.observers import Question, answers, box_energy_observer
from stimuli.explain.engine import explain
from stimuli.produce.array_recipes import draw
from stimuli.produce.generate import generate
from stimuli.produce.select import at_most_eligible, select
from stimuli.produce.tiling import cut
from stimuli.tasks.distinction import offered, tiled
from stimuli.tasks.kind import Predicted
from tests.stimuli.sample_set import CATEGORIES, loaded_networks, pictures

METHODS = ("grad-cam", "blank", "centred-blob", "shuffled-grad-cam")


def photograph(*names: str) -> Photograph:
    return Photograph("a", "a.png", 9, 9, tuple(AnnotatedObject(name, None, False) for name in names))


@pytest.mark.parametrize(
    ("annotated", "leading", "correct", "names"),
    [
        (["ant"], "ant bee cat dog elk", "ant", "ant bee cat dog"),  # right: the four strongest
        (["elk"], "ant bee cat dog elk", "elk", "ant bee cat elk"),  # wrong: the three strongest and the correct one
        (["bee"], "ant bee cat dog elk", "bee", "ant bee cat dog"),  # wrong, and the correct one is among the four
        (["fox"], "ant bee cat dog elk", "fox", "ant bee cat fox"),  # far down
        (["dog", "bee"], "ant bee cat dog elk", "bee", "ant bee cat elk"),  # one annotated class alone is offered
    ],
)
def test_the_four_classes_are_those_of_hive(annotated, leading, correct, names):
    """Kim et al. (2022), supplement, section B: top-4 of right predictions; of wrong ones top-3 and the truth."""
    leading = tuple(leading.split())
    found = tiled(photograph(*annotated), Predicted(leading[0], (), 0.5, leading))
    assert (found.predicted, found.correct, found.names) == ("ant", correct, tuple(names.split()))
    assert Tiled.read(str(found)) == found


@pytest.mark.parametrize("foil", ["", "dog", "5|1|a|b|c|d", "0|1|a|b|c|d", "1|1|a|b|c", "1|1|a|a|c|d|e", "x|1|a|b|c|d"])
def test_no_other_foil_is_read_as_tiles(foil):
    assert Tiled.found(foil) is None
    with pytest.raises(ValueError, match=r"."):
        Tiled.read(foil)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiles")
    images, network = pictures(folder), loaded_networks()["strong"]
    config = StimuliConfig(output=folder / "set", recipe="heat-v1", device="cpu")
    requests = [
        StimulusRequest("choosing", "distinction", 2, METHODS, ("strong",)),
        StimulusRequest("agreeing", "agreement", 6, ("grad-cam",), ("strong",)),
    ]
    generate(config, requests, images, {"strong": network}, CATEGORIES, "r")
    rows = read_stimuli(folder / "set")
    return folder / "set", [row for row in rows if "choosing" in row.tasks], images, network, config


def pixels(folder, row) -> np.ndarray:
    return np.array(Image.open(folder / row.file).convert("RGB"))


def maps_of(network, image, names, method) -> np.ndarray:
    targets = [[network.categories.index(name) for name in names]]
    seen = preprocess(read_image(image.path), network.transform)[None]
    return explain(network.module, seen, targets, (method,), network.target_layer).maps[method].numpy()


def test_the_tiles_of_a_picture_are_drawn_on_one_scale(made):
    """The numpy recipe draws the four maps below each other as one: its parts are the tiles."""
    folder, rows, images, network, config = made
    by_id = {image.image_id: image for image in images}
    shown = [row for row in rows if row.method == "grad-cam"]
    assert len(shown) == 2
    for row in shown:
        found = maps_of(network, by_id[row.image_id], Tiled.read(row.foil).names, "grad-cam")
        together = draw(np.concatenate(found, axis=1), config.rendering_of("grad-cam"), np.zeros(1))
        tiles = cut(torch.from_numpy(pixels(folder, row))).numpy()
        assert np.abs(np.concatenate(tiles).astype(int) - together).max() <= 4, "a level of the colours"
        assert len({tile.tobytes() for tile in tiles}) > 1


def test_the_photograph_is_one_picture_and_rows_say_what_is_right(made):
    folder, rows, images, _, _ = made
    annotated = {image.image_id: image.categories for image in images}
    for row in rows:
        found = Tiled.read(row.foil)
        assert row.category == found.predicted
        assert found.is_right == (row.category in annotated[row.image_id]) == row.is_correct
        side = 32 if row.method == PHOTOGRAPH else 64
        assert pixels(folder, row).shape == (side, side, 3)
    assert {row.is_correct for row in rows} == {True, False}, "half of the predictions are right"


def test_controls_show_the_same_in_all_tiles_or_exchange_them(made):
    folder, rows, images, network, _ = made
    by_id = {image.image_id: image for image in images}
    for row in rows:
        tiles = cut(torch.from_numpy(pixels(folder, row)))
        if row.method in ("blank", "centred-blob"):
            assert all(torch.equal(tile, tiles[0]) for tile in tiles)
    exchanged = []
    for row in (row for row in rows if row.method == "shuffled-grad-cam"):
        strengths = maps_of(network, by_id[row.image_id], Tiled.read(row.foil).names, row.method).sum((1, 2, 3))
        tiles = cut(torch.from_numpy(pixels(folder, row))).double().mean((1, 2, 3)).numpy()
        exchanged.append((strengths.argsort() == tiles.argsort()).all())
    assert not all(exchanged), "strengths do not tell the class"


@pytest.mark.slow
def test_a_machine_takes_the_strongest_tile_and_guesses_at_controls(made):
    _, rows, images, _, config = made
    shown = [row for row in rows if row.method == "grad-cam"]
    observe = box_energy_observer({image.image_id: image for image in images}, config.rendering_of)
    levels = draw(np.array([[[3.0, 0, 1, 2]]]), config.rendering_of("grad-cam"), np.zeros(1))[0]

    def picture(_row):
        return torch.from_numpy(np.kron(levels.reshape(2, 2, 3), np.ones((8, 8, 1), np.uint8)))

    questions = [Question(f"{n}-{row.image_id}", "p", (row,), "distinction") for n in range(400) for row in shown]
    rng = np.random.default_rng(1)
    assert set(answers(questions, observe, picture, rng).values()) == {"1"}
    for control in ("blank", "shuffled-category"):
        given = list(answers(questions, observe, picture, rng, control).values())
        for place in map(str, range(1, TILES + 1)):
            share = np.mean([answer == place for answer in given])
            assert abs(share - 0.25) < 3.5 * np.sqrt(0.25 * 0.75 / len(given)), (control, place)
    assert not answers(questions, observe, picture, rng, "identical-maps")


def test_a_network_of_three_classes_cannot_fill_the_tiles():
    request, leading = StimulusRequest("choosing", "distinction", 1, ("grad-cam",), ("strong",)), ("ant", "bee", "cat")
    told = {"strong": {"a": Predicted("ant", ("ant", "bee"), 0.9, leading)}}
    with pytest.raises(SelectionError, match=r"four classes.* removed 1; the network knows 3 classes.* need 4: take"):
        select([request], [photograph("ant")], ["ant", "bee"], told, seed=0)
    with pytest.raises(SelectionError, match=r"asks for 2 images, but 1 of 1 are eligible") as before:
        at_most_eligible([replace(request, images=2)], [photograph("ant")], ["ant", "bee"])
    assert "knows" not in str(before.value), "nothing is predicted before the stimuli are made"


def test_a_class_that_nobody_reads_needs_no_name():
    leading = ("output 7", "ant", "output 8", "bee")
    told = {"strong": {"a": Predicted("output 7", ("ant", "bee"), 0.9, leading)}}
    request = StimulusRequest("choosing", "distinction", 1, ("grad-cam",), ("strong",))
    found = offered(request, told)
    assert all(holds(photograph("ant")) for holds in found.conditions.values())
    assert found.tiles(photograph("ant"), "strong") == ("ant", "bee", "output 7", "output 8")


def test_too_few_wrong_predictions_or_classes_are_told_with_counts_and_remedy(tmp_path):
    images, network = pictures(tmp_path), loaded_networks()["strong"]

    def asked(**changes):
        request = StimulusRequest("choosing", "distinction", changes.pop("images", 2), ("grad-cam",), ("strong",))
        config = StimuliConfig(output=tmp_path / "set", recipe="heat-v1", device="cpu")
        generate(config, [request], images, {"strong": network}, CATEGORIES, "r")

    with pytest.raises(SelectionError, match=r"asks for 7 images, but 6 of 10 are eligible.*four classes.* removed 4"):
        asked(images=7)
    with pytest.raises(
        SelectionError, match=r"shows 3 images of each sort, and network strong has \d images predicted"
    ):
        asked(images=6)
