"""The marks of the worked examples lie on what their words name, in the pictures as they are."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from study.tasks.kinds import STUDY_KINDS

PICTURES = Path(__file__).parents[3] / "study" / "static" / "examples"
FAINT = 20  # of 255, the difference from grey that lines have at least
EXAMPLES = {name: kind.example for name, kind in STUDY_KINDS.items() if kind.example}
FRONT, REAR, LEFT, RIGHT = (0, 26), (26, 52), (0, 48), (48, 100)  # columns that one thing has alone, in percent
THINGS = {"class-discrimination": (FRONT, REAR), "trust": (RIGHT, LEFT, LEFT)}
RINGED = [(name, place) for name, things in THINGS.items() for place in range(len(things))]


def differences(name, mark, columns=(0, 100)):
    """(x, y, difference from grey) of each pixel of the mark's picture, places in percent of its side. The uppermost
    fifth has no scene, only what the network does at a picture's corner."""
    with Image.open(PICTURES / EXAMPLES[name].files[mark.picture]) as picture:
        pixels = np.abs(np.asarray(picture.convert("RGB")).astype(float) - 128).max(axis=2)
    y, x = (np.indices(pixels.shape) + 0.5) * 100 / len(pixels)
    inside = (x > columns[0]) & (x < columns[1]) & (y > 20)
    return x, y, np.where(inside & (pixels >= FAINT), pixels, 0)


def lines(name, place):
    """What `share` takes, of the thing that the words of the mark at `place` name."""
    mark = EXAMPLES[name].marks[place]
    return differences(name, mark, THINGS[name][place]), *mark.rings


def share(drawn, x, y, radius):
    """Of the lines drawn, how much lies within a circle."""
    return drawn[2][np.hypot(drawn[0] - x, drawn[1] - y) <= radius].sum() / drawn[2].sum()


def strength(name, place, picture):
    """Of what a picture has within the ring of a mark, also where the ring is on another picture of this scene."""
    example = EXAMPLES[name]
    ((x, y, radius),) = example.marks[place].rings
    columns, rows, drawn = differences(name, replace(example.marks[place], picture=picture))
    return drawn[np.hypot(columns - x, rows - y) <= radius].mean()


@pytest.mark.parametrize(("name", "place"), RINGED)
def test_a_ring_lies_closely_round_what_its_words_name(name, place):
    """One percent within it, a circle holds 95% of the thing's lines, and two percent within it, none does."""
    drawn, (x, y, radius) = lines(name, place)
    assert share(drawn, x, y, radius - 1) >= 0.95 > share(drawn, x, y, radius - 2)


@pytest.mark.parametrize(("name", "place"), RINGED)
def test_a_ring_has_its_thing_in_the_middle(name, place):
    """Moved by one percent either way, it would hold less."""
    drawn, (x, y, radius) = lines(name, place)
    moved = [share(drawn, x + right, y + down, radius - 1) for right, down in ((1, 0), (-1, 0), (0, 1), (0, -1))]
    assert share(drawn, x, y, radius - 1) > max(moved)


@pytest.mark.parametrize("name", EXAMPLES)
def test_numbers_hide_nothing_and_touch_their_own_ring_alone(name):
    for mark in EXAMPLES[name].marks:
        x, y, drawn = differences(name, mark)
        assert drawn[np.hypot(x - mark.x, y - mark.y) <= 5].sum() < 0.005 * drawn.sum()
        for other in EXAMPLES[name].marks:
            if other.picture == mark.picture and other.rings:
                ring_x, ring_y, radius = other.rings[0]
                away = np.hypot(ring_x - mark.x, ring_y - mark.y) - radius
                assert (5 < away < 8) == (other == mark)


def test_lines_are_as_strong_as_the_words_say():
    """The second wheel is fainter; the plant is faint beside the dog in A, and as clear as the dog's face in B."""
    assert strength("class-discrimination", 1, 0) < 0.5 * strength("class-discrimination", 0, 0)
    face, plant, plant_in_b = range(3)
    assert strength("trust", plant, 0) < 0.6 * strength("trust", face, 0)
    assert strength("trust", plant_in_b, 1) > 0.9 * strength("trust", face, 1)


def test_the_third_number_of_the_bicycle_is_on_plain_grey():
    mark = EXAMPLES["class-discrimination"].marks[2]
    x, y, drawn = differences("class-discrimination", mark)
    assert not mark.rings
    assert drawn[np.hypot(x - mark.x, y - mark.y) <= 15].max() == 0
