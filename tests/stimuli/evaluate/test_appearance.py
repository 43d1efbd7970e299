"""What a set's pictures look like beside each other: shares, correlations and what is said of them."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from contracts.stimulus_set import Stimulus
from stimuli.evaluate.appearance import LEVELS, Appearance, appearances, notes, warnings

RNG = np.random.default_rng(1)


def stimulus(folder, image, category, pixels, method="guided-backprop"):
    file = f"{method}-{image}-{category}.png"
    Image.fromarray(pixels.astype(np.uint8)).save(folder / file)
    height, width = pixels.shape[:2]
    return Stimulus(
        stimulus_id=file, tasks=("seeing",), image_id=image, category=category, foil="", network="strong",
        method=method, file=file, sha256="", width=width, height=height, logit=0.0, probability=0.5, is_correct=True,
    )  # fmt: skip


def noise(spread=40):
    return (128 + RNG.normal(0, spread, (24, 32, 3))).clip(0, 255).round()


def test_correlations_and_the_visible_share_are_those_of_numpy(tmp_path):
    drawn = {(image, category): noise() for image in ("a", "b", "c") for category in ("cat", "dog")}
    drawn["b", "dog"] = drawn["b", "cat"] + 1
    (found,) = appearances(tmp_path, [stimulus(tmp_path, *key, pixels) for key, pixels in drawn.items()])
    r = lambda one, other: np.corrcoef(drawn[one].ravel(), drawn[other].ravel())[0, 1]  # noqa: E731
    cat, dog = "cat", "dog"
    between = np.median([r(("a", cat), ("b", cat)), r(("b", cat), ("c", cat))])
    within = np.median([r((image, cat), (image, dog)) for image in "abc"])
    shares = [(np.abs(p - np.median(p, axis=(0, 1))).max(2) > LEVELS).mean() for p in drawn.values()]
    assert (found.pictures, found.photographs) == (6, pytest.approx(between))
    assert (found.categories, found.visible) == (pytest.approx(within), pytest.approx(np.median(shares)))


def test_pictures_of_one_colour_have_no_correlation_and_are_empty(tmp_path):
    grey = np.full((8, 8, 3), 128)
    (found,) = appearances(tmp_path, [stimulus(tmp_path, image, "cat", grey) for image in ("a", "b")])
    assert (found.photographs, found.categories, found.visible) == (None, None, 0)


def test_many_photographs_are_compared_by_some_of_them(tmp_path):
    rows = [stimulus(tmp_path, f"{n:03}", "cat", noise()) for n in range(90)]
    (found,) = appearances(tmp_path, rows)
    assert found.pictures == 30, "every third: at most 40"


def test_methods_and_networks_are_told_apart(tmp_path):
    rows = [stimulus(tmp_path, "a", "cat", noise(), method) for method in ("cam", "deconvolution")]
    rows.append(replace(rows[0], network="weak"))
    found = [(each.method, each.network) for each in appearances(tmp_path, rows)]
    assert found == [("cam", "strong"), ("cam", "weak"), ("deconvolution", "strong")]


GOOD = Appearance("deconvolution", "strong", 12, 0.05, 0.1, 0.2)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, []),
        ({"photographs": None, "categories": None}, []),
        (
            {"photographs": 0.95, "categories": 0.99},
            [
                "Deconvolution of network 'strong' draws nearly the same for every photograph (correlation 0.95). Where the"
                " network looks at the same place of each, as at a cue at the edge, that is right; else"
            ],
        ),
        ({"categories": 0.99}, ["which one it explains can only be guessed"]),
        ({"visible": 0.004}, ["is nearly empty: 0.4% of the pixels"]),
        (
            {"visible": 0.004, "categories": 0.9},
            ["for both categories of a photograph (correlation 0.90)", "is nearly empty"],
        ),
    ],
)
def test_what_is_said(changes, said):
    found = list(warnings([replace(GOOD, **changes)]))
    assert len(found) == len(said)
    assert all(words in sentence for words, sentence in zip(said, found, strict=True))


def test_a_method_that_is_compared_with_others_is_a_note_not_a_warning():
    """Of the same network: what another network's pictures tell is no help."""
    same, other = replace(GOOD, categories=0.95), replace(GOOD, method="guided-grad-cam")
    assert not list(warnings([same, other]))
    assert "correlation 0.95), other methods do not" in next(notes([same, other]))
    elsewhere = replace(other, network="weak")
    assert len(list(warnings([same, elsewhere]))) == 1
    assert not list(notes([same, elsewhere]))
    blind = replace(same, photographs=1.0)
    assert len(list(warnings([blind, other]))) == 1
    assert not list(notes([blind, other]))
