"""Recipes are pure, versioned and refuse what they cannot draw."""

import hashlib
import math

import numpy as np
import pytest
import torch
from matplotlib import colormaps
from PIL import Image

from stimuli.errors import RenderingError
from stimuli.produce.render import DRAW, render
from stimuli.rendering import PARAMETERS, RECIPES, Rendering

PAPER, SIGNED, HEAT, OVERLAY = map(Rendering, DRAW)

# A recipe whose pixels change gets a new name; never edit a hash here, add a line.
GOLDEN = {
    "paper-v1": "8483fcbda3abd0132511948cf605a1643ca2ab835a390c7372933299c8c70095",
    "signed-v1": "76eeb616faf30f83d6bc33e72eb84ad85fedf9164de4250f9d86d5b1549f1bce",
    "heat-v1": "a791797b79a7b3f171d732b49b73409d101a5c9e694bf404d433fc6eaec56d42",
    "overlay-v1": "d7b745181c2386d5b048e4eff4fafa5a404dcff6e8dc6b9c72e3bbb9df43e173",
}


def ramp(channels):
    """Maps of every size of number, exact in any arithmetic: sixteenths, in an order that is not monotone."""
    count = 2 * channels * 5 * 7
    return (((torch.arange(count) * 37) % 211 - 100).double() / 16).view(2, channels, 5, 7)


@pytest.mark.parametrize("recipe", DRAW)
def test_the_pixels_of_a_recipe_never_change(recipe):
    photographs = torch.linspace(0, 1, 2 * 3 * 5 * 7, dtype=torch.float64).view(2, 3, 5, 7)
    pixels = torch.cat([render(ramp(channels), Rendering(recipe), photographs) for channels in (3, 1)])
    assert hashlib.sha256(pixels.numpy().tobytes()).hexdigest() == GOLDEN[recipe]


def test_every_recipe_has_a_golden_hash():
    assert GOLDEN.keys() == DRAW.keys() == {name for name, facts in RECIPES.items() if not facts.is_finished}


def test_one_min_max_spans_channels_and_pixels():
    """Neither each channel nor the whole batch is stretched on its own, and zero lands where the range puts it."""
    maps = torch.zeros(2, 3, 1, 3)
    maps[0, :, 0] = torch.tensor([[-1.0, 0, 3], [0, 1, 0], [-1, 0, 0]])
    maps[1] = 100 * maps[0]
    expected = [[[0, 64, 0], [64, 128, 64], [255, 64, 64]]]  # (H, W, RGB) of 255 · (value + 1) / 4
    assert render(maps, PAPER)[0].tolist() == expected
    assert render(maps, PAPER)[1].tolist() == expected


def test_channels_are_red_green_blue():
    maps = torch.zeros(1, 3, 1, 2)
    maps[0, 0, 0, 1] = 1.0  # the second pixel speaks in red
    assert render(maps, PAPER)[0, 0, 1].tolist() == [255, 0, 0]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("value", [0.0, -2.5, 1e-30])
def test_a_constant_map_is_mid_grey(channels, value):
    maps = torch.full((1, channels, 4, 6), value)
    assert (render(maps, PAPER) == 128).all()


def test_a_constant_map_does_not_grey_its_neighbours():
    maps = torch.stack([torch.zeros(3, 2, 2), torch.arange(12.0).view(3, 2, 2)])
    pixels = render(maps, PAPER)
    assert (pixels[0] == 128).all()
    assert pixels[1].min() == 0
    assert pixels[1].max() == 255


def test_maps_too_small_for_float32_arithmetic_keep_their_shape():
    """Products of gradients go down to 1e-40; the picture depends on the map's shape, not on its scale."""
    maps = ramp(3)
    difference = render((maps * 1e-40).float(), PAPER).int() - render(maps, PAPER).int()
    assert difference.abs().max() <= 1


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_nan_and_infinity_are_refused_with_the_map_named(channels, value):
    maps = torch.zeros(3, channels, 4, 6)
    maps[1, 0, 2, 3] = value
    with pytest.raises(RenderingError, match=r"maps \[1\] hold NaN or infinity"):
        render(maps, PAPER)


def test_unknown_recipes_and_shapes_are_refused():
    with pytest.raises(RenderingError, match="unknown rendering recipe 'paper-v0'; known are paper-v1, signed-v1"):
        render(ramp(3), Rendering("paper-v0"))
    with pytest.raises(RenderingError, match=r"this has the shape \(2, 2, 5, 7\)"):
        render(ramp(2), PAPER)


def test_one_channel_maps_are_drawn_in_jet():
    levels = torch.linspace(0, 1, 256).view(1, 1, 1, 256)
    ours = render(levels, PAPER)[0, 0].numpy()
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
    assert torch.equal(render(maps, PAPER), as_written_down(maps))
    assert render(maps[:0], PAPER).shape == (0, 40, 56, 3)


def test_rendering_leaves_the_maps_alone():
    maps = ramp(3)
    before = maps.clone()
    render(maps, PAPER)
    assert torch.equal(maps, before)


def strengths(sizes, percentile=99.6, gamma=0.7):
    """The oracle in NumPy: the percentile by nearest rank, then the power."""
    full = np.percentile(sizes, percentile, method="inverted_cdf")
    return np.minimum(sizes / (full or sizes.max() or 1), 1) ** gamma


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("percentile", "gamma"), [(99.6, 0.7), (90, 1.0), (100, 0.5)])
def test_signed_pictures_stand_about_one_grey(channels, percentile, gamma):
    maps = torch.randn(3, channels, 20, 30, generator=torch.Generator().manual_seed(1))
    drawn = render(maps, Rendering("signed-v1", percentile, gamma)).numpy().astype(int)
    for picture, values in zip(drawn, maps.double().numpy(), strict=True):
        expected = 128 + np.sign(values) * np.round(127 * strengths(np.abs(values), percentile, gamma))
        assert (picture == np.broadcast_to(expected, (3, 20, 30)).transpose(1, 2, 0)).all()


@pytest.mark.parametrize("rendering", [SIGNED, HEAT])
def test_nothing_is_drawn_alike_in_every_picture(rendering):
    """Zero has one colour whatever else a map holds, and a map of zeros is drawn in it."""
    maps = torch.zeros(3, 3, 4, 4)
    maps[0, :, 0, 0], maps[1, :, 0, 0] = 5.0, -1e-30
    drawn = render(maps, rendering)
    zero = [128, 128, 128] if rendering is SIGNED else [0, 0, 4]  # inferno begins in an almost black blue
    assert (drawn[:, 1:] == torch.tensor(zero)).all()
    assert (drawn[2] == torch.tensor(zero)).all()


def test_one_outlier_does_not_set_the_scale():
    maps = torch.ones(1, 1, 40, 40)
    maps[0, 0, 0, 0] = 1e6
    assert (render(maps, SIGNED) == 255).all()
    assert (render(maps, PAPER)[0, 1:] == torch.tensor([0, 0, 128])).all(), "as the paper draws it"


def test_heat_is_what_matplotlib_draws():
    maps = torch.randn(2, 1, 20, 30, generator=torch.Generator().manual_seed(2))
    for drawn, values in zip(render(maps, HEAT), maps.double().numpy(), strict=True):
        levels = np.round(255 * strengths(np.maximum(values[0], 0))).astype(int)
        assert np.abs(drawn.numpy().astype(int) - colormaps["inferno"](levels, bytes=True)[..., :3]).max() <= 1


def test_heat_of_three_channels_is_their_greatest_size():
    maps = torch.randn(2, 3, 6, 8, generator=torch.Generator().manual_seed(3))
    assert torch.equal(render(maps, HEAT), render(maps.abs().amax(1, keepdim=True), HEAT))


def test_an_overlay_leaves_the_grey_photograph_where_there_is_no_heat():
    photographs = torch.rand(1, 3, 6, 8, generator=torch.Generator().manual_seed(4))
    grey = np.array(Image.fromarray((photographs[0] * 255).round().byte().permute(1, 2, 0).numpy()).convert("L"))
    assert (
        np.abs(render(torch.zeros(1, 1, 6, 8), OVERLAY, photographs)[0, ..., 0].numpy().astype(int) - grey).max() <= 1
    )
    opaque = render(torch.ones(1, 1, 6, 8), Rendering("overlay-v1", opacity=1.0), photographs)
    assert torch.equal(opaque, render(torch.ones(1, 1, 6, 8), HEAT))
    with pytest.raises(RenderingError, match="draws over photographs"):
        render(torch.ones(1, 1, 6, 8), OVERLAY)


@pytest.mark.parametrize("rendering", [SIGNED, HEAT])
def test_strengths_do_not_depend_on_the_size_of_numbers(rendering):
    difference = render((ramp(3) * 1e-40).float(), rendering).int() - render(ramp(3), rendering).int()
    assert difference.abs().max() <= 1


def test_a_label_tells_apart_what_looks_different():
    assert PAPER.label == "paper-v1", "identities of pictures that exist"
    assert SIGNED.label == "signed-v1 percentile=99.6 gamma=0.7"
    assert Rendering("signed-v1", gamma=0.5).label != SIGNED.label
    assert OVERLAY.parameters == PARAMETERS
