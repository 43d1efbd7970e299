"""Machine observers: what they know, and controls that must leave any of them at chance."""

import hashlib
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch

from contracts.stimulus_set import Stimulus
from models.photographs import AnnotatedObject, Photograph
from stimuli.errors import ObserverError, RenderingError
from stimuli.evaluate.box_energy import energy, share_in_boxes
from stimuli.evaluate.classifier import as_input, probabilities, train
from stimuli.evaluate.observers import Question, answers, box_energy_observer
from stimuli.evaluate.other_images import other_images
from stimuli.produce.render import render
from stimuli.rendering import Rendering

PAPER = Rendering("paper-v1")

pytestmark = pytest.mark.slow

GREY = torch.full((20, 40, 3), 128, dtype=torch.uint8)


def stimulus(image_id: str, category: str, network: str = "strong") -> Stimulus:
    name = hashlib.sha256(f"{image_id}{category}{network}".encode()).hexdigest()[:32]
    file = f"{name}.png"
    return Stimulus(
        name, ("seeing",), image_id, category, "", network, "guided-grad-cam", file, name * 2, 40, 20, 1.0, 0.7, True
    )


def square(rows: slice, columns: slice) -> torch.Tensor:
    picture = GREY.clone()
    picture[rows, columns] = torch.tensor([228, 28, 128], dtype=torch.uint8)
    return picture


# where the mark is, a box in an image of 80 × 40 (twice the picture) → the share that lies in it
SHARES = {
    "inside": ((slice(0, 10), slice(0, 10)), [(1, 1, 20, 20)], 1.0),
    "outside": ((slice(0, 10), slice(30, 40)), [(1, 1, 20, 20)], 0.0),
    "half": ((slice(0, 10), slice(5, 15)), [(1, 1, 20, 20)], 0.5),
    "two boxes that overlap count once": ((slice(0, 10), slice(0, 20)), [(1, 1, 20, 20), (11, 1, 20, 20)], 0.5),
}


@pytest.mark.parametrize(("mark", "boxes", "share"), SHARES.values(), ids=SHARES)
def test_energy_is_counted_in_the_union_of_the_boxes(mark, boxes, share):
    found = energy(square(*mark), "guided-backprop", PAPER)
    assert found.max() == 200
    assert share_in_boxes(found, boxes, 80, 40) == pytest.approx(share)


@pytest.mark.parametrize(
    ("rendering", "method"),
    [
        (PAPER, "grad-cam"),
        (Rendering("heat-v1", percentile=100), "guided-backprop"),
        (Rendering("signed-v1", percentile=100), "cam"),
    ],
)
def test_a_heat_map_s_energy_is_read_back_from_its_colours(rendering, method):
    levels = torch.rand(1, 1, 16, 16, generator=torch.Generator().manual_seed(3))
    levels = (levels - levels.min()) / (levels.max() - levels.min())
    read = energy(render(levels, rendering)[0], method, rendering)
    assert (read - levels[0, 0]).abs().max() < 0.02


def test_energy_is_not_read_from_a_photograph():
    with pytest.raises(RenderingError, match="overlay-v1, which draws over the photograph"):
        energy(GREY, "grad-cam", Rendering("overlay-v1"))


@pytest.mark.parametrize("method", ["grad-cam", "guided-backprop"])
def test_a_picture_of_one_colour_has_no_energy(method):
    assert share_in_boxes(energy(GREY, method, PAPER), [(1, 1, 80, 40)], 80, 40) == 0


def coloured(n: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Grey pictures with a mark in one of two colours, at random places: (N, 40, 40, 3), labels."""
    rng = np.random.default_rng(seed)
    pictures, labels = np.full((n, 40, 40, 3), 120, np.uint8), rng.integers(0, 2, n)
    for picture, label, (row, column) in zip(pictures, labels, rng.integers(5, 25, (n, 2)), strict=True):
        picture[row : row + 9, column : column + 9, 2 * label] = 230
    return torch.from_numpy(pictures), torch.from_numpy(labels)


def test_the_classifier_learns_what_pictures_show_and_the_seed_decides_it():
    pictures, labels = coloured(96, 1)
    models = [train(as_input(pictures), labels, 2, seed) for seed in (5, 5, 6)]
    new, truth = coloured(40, 2)
    guessed = [probabilities(model, new) for model in models]
    assert (guessed[0].argmax(1) == truth).float().mean() > 0.95
    assert torch.equal(guessed[0], guessed[1])
    assert not torch.equal(guessed[0], guessed[2])


def test_the_classifier_is_blind_to_the_shade_of_the_ground():
    dark, light = (torch.full((1, 40, 40, 3), shade, dtype=torch.uint8) for shade in (90, 160))
    assert torch.equal(as_input(dark), as_input(light))
    assert as_input(dark).abs().max() == 0


def whim(participant: str, shown: Stimulus, picture: torch.Tensor) -> dict[str, float]:
    """An observer with firm opinions of no meaning: decided by who looks, what they see, and each category."""
    key = f"{participant}{hashlib.sha256(picture.numpy().tobytes()).hexdigest()}"
    return {c: hashlib.sha256(f"{key}{c}".encode()).digest()[0] / 255 for c in CATEGORIES}


CATEGORIES = ("bird", "cat", "cow", "dog")
IMAGES = {f"image{i}": pair for i, pair in enumerate(product(CATEGORIES[:2], CATEGORIES[2:]))}


def picture_of(shown: Stimulus) -> torch.Tensor:
    return torch.from_numpy(
        np.frombuffer(hashlib.sha256(shown.stimulus_id.encode()).digest() * 6, np.uint8)[:192].reshape(8, 8, 3).copy()
    )


def every_choice() -> list[Question]:
    """Each image's two categories, asked of three observers."""
    return [
        Question(
            f"{who}-{image}-{truth}",
            who,
            (replace(stimulus(image, truth), foil=foil),),
            "class-discrimination",
            replace(stimulus(image, foil), foil=truth),
        )
        for who in ("a", "b", "c")
        for image, pair in IMAGES.items()
        for truth, foil in (pair, pair[::-1])
    ]  # fmt: skip


class Coin(np.random.Generator):
    """A coin that always falls on one side."""

    def __init__(self, side: float) -> None:
        super().__init__(np.random.PCG64(0))
        self.side = side

    def random(self) -> float:
        return self.side


def share_right(given: dict[str, str], questions: list[Question]) -> float:
    return float(np.mean([given[q.trial_id] == q.shown[0].category for q in questions]))


def test_blank_pictures_leave_any_observer_at_exactly_half():
    questions = every_choice()
    given = answers(questions, whim, picture_of, np.random.default_rng(1), "blank")
    assert share_right(given, questions) == 0.5
    assert share_right(answers(questions, whim, picture_of, np.random.default_rng(1)), questions) != 0.5


def test_shuffled_categories_leave_any_observer_at_exactly_half_in_expectation():
    """Both sides of the coin weigh alike, so their mean is the expectation."""
    questions = every_choice()
    sides = [answers(questions, whim, picture_of, Coin(side), "shuffled-category") for side in (0.0, 0.9)]
    shares = [share_right(given, questions) for given in sides]
    assert shares[0] != 0.5
    assert np.mean(shares) == 0.5


def pairs() -> list[Question]:
    return [
        Question(f"{who}-{image}", who, (stimulus(image, pair[0]), stimulus(image, pair[0], "weak")), "trust")
        for who in ("a", "b")
        for image, pair in IMAGES.items()
    ]


@pytest.mark.parametrize("control", ["blank", "identical-maps"])
def test_identical_pictures_are_a_tie_in_trust(control):
    given = answers(pairs(), whim, picture_of, np.random.default_rng(1), control)
    assert set(given.values()) == {"0"}
    assert set(answers(pairs(), whim, picture_of, np.random.default_rng(1)).values()) - {"0"}


def test_a_control_answers_only_the_kind_of_trial_it_is_for():
    assert answers(pairs(), whim, picture_of, np.random.default_rng(1), "shuffled-category") == {}
    assert answers(every_choice(), whim, picture_of, np.random.default_rng(1), "identical-maps") == {}


# evidence of the left and the right side → the answer, positive towards the left
PREFERENCES = [(0.5, 0.5, "0"), (0.5, 0.49, "0"), (0.55, 0.5, "1"), (0.3, 0.5, "-1"), (0.8, 0.4, "2"), (0.0, 0.1, "-2")]


@pytest.mark.parametrize(("left", "right", "answer"), PREFERENCES)
def test_a_preference_grows_by_fixed_steps_of_the_evidence(left, right, answer):
    sides = iter((left, right))
    question = Question("t", "a", (stimulus("image0", "bird"), stimulus("image0", "bird", "weak")), "trust")
    given = answers([question], lambda *_: {"bird": next(sides)}, picture_of, np.random.default_rng(1))
    assert given == {"t": answer}


def test_the_oracle_names_the_category_whose_box_holds_the_energy():
    objects = (AnnotatedObject("cow", (1, 1, 20, 20)), AnnotatedObject("dog", (61, 1, 80, 20)))
    observe = box_energy_observer(
        {"image0": Photograph("image0", Path("x.jpg"), 80, 40, objects)}, lambda _method: PAPER
    )
    shown = replace(stimulus("image0", "cow"), foil="dog")
    question = Question("t", "a", (shown,), "class-discrimination")
    for columns, named in ((slice(0, 10), "cow"), (slice(30, 40), "dog")):
        drawn = square(slice(0, 10), columns)
        assert answers([question], observe, lambda _, p=drawn: p, np.random.default_rng(1)) == {"t": named}


def test_the_classifier_learns_from_no_image_that_the_study_shows():
    images = [Photograph(f"i{n}", Path("x"), 8, 8, (AnnotatedObject("cow", (1, 1, 4, 4)),)) for n in range(60)]
    shown = {f"i{n}" for n in range(0, 60, 3)}
    chosen = other_images(images, shown, ("cow",), 30, np.random.default_rng(4))
    assert len({image.image_id for image in chosen} - shown) == 30
    with pytest.raises(ObserverError, match="only 0 are left"):
        other_images(images, shown, ("dog",), 30, np.random.default_rng(4))


def test_an_unknown_box_is_told_with_the_remedy():
    photograph = Photograph("image0", Path("x.jpg"), 80, 40, (AnnotatedObject("dog", None),))
    observe = box_energy_observer({"image0": photograph}, lambda _method: PAPER)
    with pytest.raises(ObserverError, match=r"the box of dog in x\.jpg is unknown.* --observers"):
        observe("p", stimulus("image0", "dog"), GREY)
