"""Properties that hold whatever the picture, on networks small enough to compute by hand; and the known traps, named."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from stimuli.explain.convolutions import Settings, by_columns, input_gradient
from stimuli.explain.engine import explain
from stimuli.explain.methods import METHODS, Method
from tests.stimuli import networks
from tests.stimuli.reference import modified_gradient

PIXEL_METHODS = ["guided-backprop", "deconvolution"]


def maps_of(network, images, targets, methods, layer=None):
    return explain(network, images, targets, methods, layer).maps


@pytest.fixture
def gradient(monkeypatch):
    monkeypatch.setitem(METHODS, "gradient", Method(lambda trace: trace.input_gradient()))


def without_biases(network):
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.bias.data.zero_()
    return network


def test_gradient_times_picture_is_complete_without_biases(gradient):
    """A ReLU network without biases is homogeneous: Σ picture · gradient = score (Euler)."""
    network, images = without_biases(networks.alexnet_like()), networks.pictures()
    found = explain(network, images, [[0, 1, 2, 3, 4]] * 3, ["gradient"])
    sums = (found.maps["gradient"].unflatten(0, (3, 5)) * images[:, None]).sum((2, 3, 4))
    assert torch.allclose(sums, found.logits, rtol=1e-10, atol=1e-14)


def test_signed_grad_cam_is_complete_at_a_pooled_layer():
    """Behind pool + linear the cells of Σ α A add up to score − bias, each cell counted once."""
    network, images = networks.gap_like(), networks.pictures(1, 9, 9)
    activations = network[:4](images)
    cells = activations.shape[2] * activations.shape[3]
    identity = explain(network, images, [[2]], ["cam"], "3")
    weights = network[-1].weight[2]
    by_hand = torch.einsum("k,nkuv->n", weights, activations) / cells + network[-1].bias[2]
    assert torch.allclose(identity.logits[:, 2], by_hand, rtol=1e-12)
    smooth = F.interpolate(identity.maps["cam"], size=activations.shape[2:], mode="bilinear", align_corners=True)
    assert torch.allclose(smooth, torch.einsum("k,nkuv->nuv", weights, activations)[:, None], rtol=1e-9, atol=1e-12)


def test_the_plain_gradient_is_linear_in_the_target(gradient):
    network, images = networks.vgg_like(), networks.pictures(1)
    targets = [[0, 3, lambda scores: 2 * scores[0] - 0.5 * scores[3]]]
    first, second, combined = maps_of(network, images, targets, ["gradient"])["gradient"]
    assert torch.allclose(combined, 2 * first - 0.5 * second, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("method", [*PIXEL_METHODS, "grad-cam", "guided-grad-cam", "cam"])
def test_maps_scale_with_a_positive_factor_of_the_score(method):
    network, images = networks.gap_like(), networks.pictures(1)
    scale = 3 if method != "guided-grad-cam" else 9  # a product of two
    if method == "cam":
        plain = maps_of(network, images, [[1]], [method], "3")[method]
        network[-1].weight.data *= 3
        scaled = maps_of(network, images, [[1]], [method], "3")[method]
    else:
        plain, scaled = maps_of(network, images, [[1, lambda scores: 3 * scores[1]]], [method], "3")[method].split(1)
    assert torch.allclose(scaled, scale * plain, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("method", PIXEL_METHODS)
def test_the_relu_rules_are_not_linear_in_the_target(method):
    """What sets them apart from a gradient: evidence against a category is dropped on the way, not subtracted."""
    network, images = networks.vgg_like(), networks.pictures(1)
    target, against = 1, lambda scores: -scores[1]
    for_it, opposite = maps_of(network, images, [[target, against]], [method])[method]
    assert not torch.allclose(for_it, -opposite, rtol=1e-3)


def test_all_three_gradients_are_one_where_nothing_is_clipped(gradient):
    network, images = networks.alexnet_like(), networks.pictures().abs()
    for parameter in network.parameters():
        parameter.data.abs_()
    maps = maps_of(network, images, [[2]] * 3, ["gradient", *PIXEL_METHODS])
    for method in PIXEL_METHODS:
        assert torch.allclose(maps[method], maps["gradient"], rtol=1e-12, atol=0)


@st.composite
def geometries(draw):
    kernel, stride = draw(st.integers(1, 7)), draw(st.integers(1, 4))
    padding, dilation = draw(st.integers(0, kernel // 2)), draw(st.integers(1, 2))
    least = max(8, dilation * (kernel - 1) + 1)
    return kernel, stride, padding, dilation, draw(st.integers(least, 23)), draw(st.integers(least, 23))


@settings(max_examples=40)
@given(geometries(), st.integers(0, 3), st.sampled_from(PIXEL_METHODS))
def test_any_kernel_stride_padding_and_picture_shape_agrees_with_the_reference(geometry, overlap, method):
    kernel, stride, padding, dilation, height, width = geometry
    with torch.random.fork_rng():
        torch.manual_seed(kernel * 1000 + stride * 100 + height)
        network = nn.Sequential(
            nn.Conv2d(3, 4, kernel, stride, padding, dilation),
            nn.ReLU(True),
            nn.MaxPool2d(2, 1 + overlap % 2, ceil_mode=overlap > 1, padding=1),
            nn.Conv2d(4, 4, 3, padding=1, groups=2),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(2),
            nn.Flatten(),
            nn.Linear(16, 3),
        )
        network = network.double().eval()
        images = torch.randn(2, 3, height, width, dtype=torch.float64)
    ours = maps_of(network, images, [[0, 2], [1]], [method])[method]
    reference = torch.stack([modified_gradient(method, network, images[row], c) for row, c in ((0, 0), (0, 2), (1, 1))])
    assert (ours - reference).abs().max() <= 1e-10 * max(reference.abs().max(), 1e-3)


@settings(max_examples=40)
@given(st.integers(2, 4), st.integers(0, 5), st.integers(0, 3), st.integers(12, 31), st.integers(12, 31))
def test_walking_back_by_phases_or_by_columns_is_the_ordinary_gradient(stride, extra, padding, height, width):
    kernel = 2 * stride + extra
    generator = torch.Generator().manual_seed(kernel + height)
    weight = torch.randn(5, 3, kernel, kernel, generator=generator, dtype=torch.float64)
    images = torch.zeros(2, 3, height + 6, width + 6, dtype=torch.float64, requires_grad=True)
    output = F.conv2d(images, weight, stride=stride, padding=padding)
    gradients = torch.randn(output.shape, generator=generator, dtype=torch.float64)
    (expected,) = torch.autograd.grad(output, images, gradients)
    geometry = Settings((stride, stride), (padding, padding), (1, 1), False, (0, 0), 1)
    for walked_back in (input_gradient, by_columns):
        found = walked_back(gradients, weight, images.shape, geometry)
        assert torch.allclose(found, expected, rtol=1e-10, atol=1e-12)


def test_trap_align_corners():
    """The map's corner cells stand at the picture's corner pixels: a ramp of 3 cells over 5 pixels has no flat ends."""

    class Ramp(nn.Module):
        def __init__(self):
            super().__init__()
            self.pool = nn.AvgPool2d(2)

        def forward(self, x):
            return self.pool(x)[:, :1].mean((2, 3))

    picture = torch.tensor([0.0, 0.0, 1.0, 1.0, 2.0, 2.0], dtype=torch.float64).expand(1, 3, 6, 6)
    found = maps_of(Ramp().eval(), picture, [[0]], ["grad-cam"], "pool")["grad-cam"][0, 0, 0]
    assert torch.allclose(found * 9, torch.linspace(0, 2, 6, dtype=torch.float64))


@pytest.mark.parametrize("inplace", [True, False])
def test_trap_residual_additions_share_their_gradient(inplace):
    """A rule that changed the gradient in place would change it in the other branch too."""

    class Residual(nn.Module):
        def __init__(self):
            super().__init__()
            self.network, self.inplace = networks.gap_like(), inplace

        def forward(self, x):
            maps = self.network[0](x)
            return self.network[2:](F.relu(maps * 1.0, self.inplace) + maps + maps)

    network, images = Residual().eval(), networks.pictures()
    for method in PIXEL_METHODS:
        ours = maps_of(network, images, [[1]] * 3, [method])[method]
        reference = torch.stack([modified_gradient(method, network, image, 1) for image in images])
        assert (ours - reference).abs().max() <= 1e-10 * reference.abs().max()
