"""Layers whose output is not (N, K, u, v): read in the layout that they have, or refused, never read as something else.

The networks are torchvision's, made small. Their oracle is Grad-CAM by hand: autograd's gradient at a hooked layer, its
mean over positions, the weighted sum over channels, in the layout that torchvision's code says.
"""

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from pydantic import ValidationError
from torch import nn
from torchvision.models.convnext import CNBlockConfig, ConvNeXt
from torchvision.models.swin_transformer import SwinTransformer
from torchvision.models.vision_transformer import VisionTransformer

from models.catalogue import LoadedNetwork
from models.config import NetworkConfig
from models.transform import Transform
from stimuli.config import StimuliConfig
from stimuli.errors import ExplanationError, ExplanationWarning, GenerationError
from stimuli.explain.engine import explain
from stimuli.explain.layouts import patches_as_maps
from stimuli.explain.recording import Window
from stimuli.produce.visualize import Visualizer
from tests.stimuli import networks

SIGNED = ["grad-cam", "counterfactual-grad-cam"]
TARGETS = [[0, 3], [4]]
PAIRS = [(0, 0), (0, 3), (1, 4)]
FIRST, LAST = "nkuv", "nuvk"


def made(make):
    with torch.random.fork_rng():
        torch.manual_seed(4)
        network = make().double().eval().requires_grad_(False)
        for parameter in network.parameters():
            nn.init.normal_(parameter, 0, 0.3)  # torchvision's own would be all zero at the head
    return network


def swin():
    """Embedding (12 channels in 8 × 8 cells), two blocks, merging of cells (24 in 4 × 4), two blocks."""
    return made(lambda: SwinTransformer([4, 4], 12, [2, 2], [2, 2], [4, 4], num_classes=5))


def convnext():
    """8 channels in 8 × 8 cells, which the shape alone cannot tell apart, then 16 in 4 × 4."""
    return made(lambda: ConvNeXt([CNBlockConfig(8, 16, 1), CNBlockConfig(16, None, 1)], num_classes=5))


def vit():
    return made(lambda: VisionTransformer(32, 8, 2, 2, 12, 24, num_classes=5))


def pictures(size=32):
    return torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def by_hand(network, layer, arrangement):
    """Σ_k α_k A^k of each pair, enlarged; `arrangement` names the dimensions of the layer's output."""
    kept, images = [], pictures()
    hook = network.get_submodule(layer).register_forward_hook(lambda _module, _inputs, output: kept.append(output))
    scores = network(images.requires_grad_())
    hook.remove()
    found = []
    for row, category in PAIRS:
        (gradient,) = torch.autograd.grad(scores[row, category], kept[0], retain_graph=True)
        cells = gradient.shape[arrangement.index("u")] ** 2
        weights = torch.einsum(f"{arrangement}->nk", gradient) / cells
        found.append(torch.einsum(f"nk,{arrangement}->nuv", weights, kept[0].detach())[row])
    return F.interpolate(torch.stack(found)[:, None], (32, 32), mode="bilinear", align_corners=True)


def signed(network, layer, **options):
    """The sum before its ReLU: what speaks for a category minus what speaks against it."""
    maps = explain(network, pictures(), TARGETS, SIGNED, layer, **options).maps
    return maps["grad-cam"] - maps["counterfactual-grad-cam"]


def close(found, expected):
    assert expected.abs().max() > 0
    assert (found - expected).abs().max() <= 1e-10 * expected.abs().max()


@pytest.mark.parametrize(
    ("make", "layer", "arrangement"),
    [
        (swin, "features.1", LAST),
        (swin, "features.3", LAST),
        (swin, "features.3.0.mlp", LAST),
        (swin, "permute", FIRST),
        (convnext, "features.1", FIRST),
        (convnext, "features.1.0.block.0", FIRST),
        (convnext, "features.1.0.block.1", LAST),
        (convnext, "features.1.0.block.3", LAST),
        (convnext, "features.1.0.block.6", FIRST),
        (convnext, "features.3", FIRST),
        (vit, "conv_proj", FIRST),
    ],
)
def test_the_layout_of_a_layer_is_recognised(make, layer, arrangement):
    close(signed(make(), layer), by_hand(make(), layer, arrangement))


@pytest.mark.parametrize("layer", ["encoder.layers.encoder_layer_0", "encoder.layers.encoder_layer_1.ln_1"])
def test_tokens_are_recognised_and_are_what_the_reshape_makes_of_them(layer):
    expected = signed(vit(), layer, reshape=patches_as_maps)
    close(signed(vit(), layer), expected)
    close(signed(vit(), layer, reshape="tokens"), expected)


@pytest.mark.parametrize(
    ("make", "layer", "layout", "message"),
    [
        (swin, "flatten", None, r"must give feature maps \(N, K, u, v\); it gave a tensor of shape \(2, 24\).*name it"),
        (swin, "features.1", "tokens", "its layout is named tokens.* which is not tokens for pictures of 32 × 32 px"),
        (vit, "encoder", "channels-last", "which is not channels-last"),
        (vit, "encoder", "channels_last", "unknown layout 'channels_last'; known are channels-first, channels-last"),
        (vit, "encoder.ln", None, "through its class token alone.*name a layer before the last attention"),
    ],
)
def test_a_layer_that_gives_no_maps_is_refused(make, layer, layout, message):
    with pytest.raises(ExplanationError, match=message):
        signed(make(), layer, reshape=layout)


class Shaped(nn.Module):
    """A network of 8 × 8 cells whose layer `shape` gives what it is told to, and takes pictures of 32 px alone."""

    def __init__(self, shape):
        super().__init__()
        self.pool, self.shape, self.give = nn.AvgPool2d(4), nn.Identity(), shape

    def forward(self, x):
        maps = self.pool(x).repeat(1, 3, 1, 1)[:, :8]
        assert maps.shape[2:] == (8, 8)
        return self.shape(self.give(maps)).flatten(1)[:, :5] ** 2


@pytest.mark.parametrize(
    "give",
    [
        lambda maps: maps.movedim(1, 3),  # 8 channels last
        lambda maps: maps,  # 8 channels first: only a name can tell
        lambda maps: maps.flatten(2),  # (N, channels, cells)
        lambda maps: maps.repeat(1, 2, 1, 1).flatten(2).movedim(1, 2)[:, :50],  # no grid of tokens
    ],
)
def test_what_neither_shape_nor_size_tells_is_refused_until_it_is_named(give):
    with pytest.raises(ExplanationError, match="whose layout is not recognised; name it: channels-first"):
        signed(Shaped(give).eval(), "shape")


def test_a_named_layout_settles_it():
    first, last = (Shaped(give).eval() for give in (lambda maps: maps, lambda maps: maps.movedim(1, 3)))
    close(signed(first, "shape", reshape="channels-first"), by_hand(first, "shape", FIRST))
    close(signed(last, "shape", reshape="channels-last"), by_hand(last, "shape", LAST))


class Turning(nn.Module):
    """Tokens first, pictures second, as older transformers have it."""

    def __init__(self):
        super().__init__()
        self.turned = nn.Identity()

    def forward(self, x):
        tokens = F.avg_pool2d(x, 4).flatten(2).permute(2, 0, 1)
        return self.turned(tokens).sum(2).T


def test_tokens_that_come_before_the_pictures_are_refused():
    network = nn.Sequential(Turning(), nn.Linear(64, 5)).double().eval()
    with pytest.raises(ExplanationError, match="whose first dimension does not count pictures"):
        signed(network, "0.turned", reshape="tokens")


def test_a_layer_of_one_cell_warns():
    with pytest.warns(ExplanationWarning, match=r"'avgpool' gives maps of 1 × 1 cell.*name an earlier layer"):
        signed(swin(), "avgpool")


def test_a_layout_is_named_in_a_definition():
    fields = {"architecture": "vit_b_16", "checkpoint": "a.safetensors", "target_layer": "encoder"}
    assert NetworkConfig(**fields).layout is None
    assert NetworkConfig(**fields, layout="tokens").layout == "tokens"
    with pytest.raises(ValidationError, match="'channels-first', 'channels-last' or 'tokens'"):
        NetworkConfig(**fields, layout="rows")


def loaded(module, layer, layout=None):
    return LoadedNetwork("one", "vit_b_16", module, Transform(32), ("cat", "dog"), layer, "0", None, layout)


@pytest.mark.parametrize(("make", "layer"), [(swin, "features.3"), (vit, "encoder.layers.encoder_layer_1.ln_1")])
def test_a_transformer_works_as_a_definitions_network(make, layer):
    network = Visualizer(loaded(make().float(), layer), torch.device("cpu"), StimuliConfig(output=Path()))
    network.check(["grad-cam"])
    with pytest.raises(GenerationError, match=r"ReLU networks only.*Gelu"):
        network.check(["guided-backprop"])


def test_the_definitions_layout_reaches_the_explanation():
    network = loaded(swin().float(), "features.3", "tokens")
    with pytest.raises(GenerationError, match="its layout is named tokens"):
        Visualizer(network, torch.device("cpu"), StimuliConfig(output=Path())).check(["grad-cam"])


class Flat(nn.Module):
    """The same in all places, up to the category: a constant map of 7 × 7 cells."""

    def __init__(self):
        super().__init__()
        self.maps = nn.Identity()

    def forward(self, x):
        return self.maps(x.mean((2, 3), keepdim=True).repeat(1, 2, 7, 7)[:, :5]).mean((2, 3))


def test_a_constant_map_stays_constant_when_it_is_enlarged():
    images = torch.randn(200, 3, 224, 224, generator=torch.Generator().manual_seed(1))[:, :, :56, :56]
    maps = explain(Flat().eval(), images, [[0]] * 200, SIGNED, "maps").maps
    for method in SIGNED:
        assert (maps[method].amax((1, 2, 3)) == maps[method].amin((1, 2, 3))).all()
    assert maps["grad-cam"].amax((1, 2, 3)).count_nonzero() > 50


def test_an_occlusion_that_is_the_same_everywhere_stays_constant():
    """Each pixel's drop is a mean over one to nine windows: their rounding is no pattern."""

    class Counting(nn.Module):
        def forward(self, x):
            return (x == 0).flatten(1).sum(1, keepdim=True) * 0.1

    images = networks.pictures(2, 36, 36).abs().float() + 1
    maps = explain(Counting().eval(), images, [[0]] * 2, ["occlusion"], window=Window(12, 4)).maps["occlusion"]
    assert (maps == maps[:, :, :1, :1]).all()
    assert maps.any()
