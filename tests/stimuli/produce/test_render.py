"""Recipes are pure, versioned and refuse what they cannot draw."""

import hashlib
import math

import numpy as np
import pytest
import torch
from matplotlib import colormaps

from stimuli.errors import RenderingError
from stimuli.produce.render import RECIPES, render

# A recipe whose pixels change gets a new name; never edit a hash here, add a line.
GOLDEN = {"paper-v1": "8483fcbda3abd0132511948cf605a1643ca2ab835a390c7372933299c8c70095"}


def ramp(channels):
    """Maps of every size of number, exact in any arithmetic: sixteenths, in an order that is not monotone."""
    count = 2 * channels * 5 * 7
    return (((torch.arange(count) * 37) % 211 - 100).double() / 16).view(2, channels, 5, 7)


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_pixels_of_a_recipe_never_change(recipe):
    pixels = torch.cat([render(ramp(3), recipe), render(ramp(1), recipe)])
    assert hashlib.sha256(pixels.numpy().tobytes()).hexdigest() == GOLDEN[recipe]


def test_every_recipe_has_a_golden_hash():
    assert GOLDEN.keys() == RECIPES.keys()


def test_one_min_max_spans_channels_and_pixels():
    """Neither each channel nor the whole batch is stretched on its own, and zero lands where the range puts it."""
    maps = torch.zeros(2, 3, 1, 3)
    maps[0, :, 0] = torch.tensor([[-1.0, 0, 3], [0, 1, 0], [-1, 0, 0]])
    maps[1] = 100 * maps[0]
    expected = [[[0, 64, 0], [64, 128, 64], [255, 64, 64]]]  # (H, W, RGB) of 255 · (value + 1) / 4
    assert render(maps, "paper-v1")[0].tolist() == expected
    assert render(maps, "paper-v1")[1].tolist() == expected


def test_channels_are_red_green_blue():
    maps = torch.zeros(1, 3, 1, 2)
    maps[0, 0, 0, 1] = 1.0  # the second pixel speaks in red
    assert render(maps, "paper-v1")[0, 0, 1].tolist() == [255, 0, 0]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("value", [0.0, -2.5, 1e-30])
def test_a_constant_map_is_mid_grey(channels, value):
    maps = torch.full((1, channels, 4, 6), value)
    assert (render(maps, "paper-v1") == 128).all()


def test_a_constant_map_does_not_grey_its_neighbours():
    maps = torch.stack([torch.zeros(3, 2, 2), torch.arange(12.0).view(3, 2, 2)])
    pixels = render(maps, "paper-v1")
    assert (pixels[0] == 128).all()
    assert pixels[1].min() == 0
    assert pixels[1].max() == 255


def test_maps_too_small_for_float32_arithmetic_keep_their_shape():
    """Products of gradients go down to 1e-40; the picture depends on the map's shape, not on its scale."""
    maps = ramp(3)
    difference = render((maps * 1e-40).float(), "paper-v1").int() - render(maps, "paper-v1").int()
    assert difference.abs().max() <= 1


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_nan_and_infinity_are_refused_with_the_map_named(channels, value):
    maps = torch.zeros(3, channels, 4, 6)
    maps[1, 0, 2, 3] = value
    with pytest.raises(RenderingError, match=r"maps \[1\] hold NaN or infinity"):
        render(maps, "paper-v1")


def test_unknown_recipes_and_shapes_are_refused():
    with pytest.raises(RenderingError, match="unknown rendering recipe 'paper-v0'; known are paper-v1"):
        render(ramp(3), "paper-v0")
    with pytest.raises(RenderingError, match=r"this has the shape \(2, 2, 5, 7\)"):
        render(ramp(2), "paper-v1")


def test_one_channel_maps_are_drawn_in_jet():
    levels = torch.linspace(0, 1, 256).view(1, 1, 1, 256)
    ours = render(levels, "paper-v1")[0, 0].numpy()
    matplotlib = colormaps["jet"](np.linspace(0, 1, 256), bytes=True)[:, :3]
    assert ours[0].tolist() == [0, 0, 128]  # dark blue
    assert ours[-1].tolist() == [128, 0, 0]  # dark red
    # matplotlib's jet places its corners a little differently; the colours are the same family throughout.
    assert np.abs(ours.astype(int) - matplotlib).mean() < 12


def as_written_down(maps):
    """paper-v1 spelt out in float64, one operation after another, nothing in place."""
    maps = maps.double()
    low, high = maps.amin((1, 2, 3), keepdim=True), maps.amax((1, 2, 3), keepdim=True)
    levels = (maps - low) / torch.where(high == low, 1, high - low)
    if maps.shape[1] == 1:
        levels = torch.cat([1.5 - (4 * levels - centre).abs() for centre in (3, 2, 1)], 1).clamp(0, 1)
    pixels = (levels * 255).round().to(torch.uint8)
    return pixels.masked_fill(high == low, 128).permute(0, 2, 3, 1)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("scale", [1, 1e-30, 1e-42, 1e30])
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_the_fast_way_gives_the_pixels_of_the_formula(channels, scale, memory_format):
    maps = torch.randn(5, channels, 40, 56, generator=torch.Generator().manual_seed(channels))
    maps[1] = maps[1].round()  # few values: many land just between two grey levels
    maps[2] = 3.0
    maps = (maps * scale).contiguous(memory_format=memory_format)
    assert torch.equal(render(maps, "paper-v1"), as_written_down(maps))
    assert render(maps[:0], "paper-v1").shape == (0, 40, 56, 3)


def test_rendering_leaves_the_maps_alone():
    maps = ramp(3)
    before = maps.clone()
    render(maps, "paper-v1")
    assert torch.equal(maps, before)
