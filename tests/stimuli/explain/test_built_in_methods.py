"""Methods of the literature, each against captum, a closed form or a slow loop over its published formula."""

import math

import captum.attr
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from stimuli.errors import ExplanationError, ExplanationWarning
from stimuli.explain.engine import explain
from stimuli.explain.methods import METHODS, with_options
from tests.stimuli import networks
from tests.stimuli.explain.test_explain import PAIRS, TARGETS, agree, enlarged

RANDOM = {"smoothgrad": {"samples": 5}, "rise": {"masks": 20}}


def maps_of(network, images, targets, method, layer=None, **options):
    return explain(network, images, targets, {method: with_options(METHODS[method], options)}, layer).maps[method]


def smooth():
    """A network without a ReLU, which no pixel method with rules can explain."""
    network = networks.gap_like()
    network[1] = network[3] = nn.SiLU()
    return network.eval()


def by_captum(attribution, network, images, **options):
    return torch.cat([attribution(network).attribute(images[r : r + 1], target=c, **options) for r, c in PAIRS])


@pytest.mark.parametrize("make", [networks.vgg_like, networks.functional_like, smooth])
@pytest.mark.parametrize(
    ("method", "options", "attribution", "told"),
    [
        ("gradient", {}, captum.attr.Saliency, {"abs": False}),
        ("input-x-gradient", {}, captum.attr.InputXGradient, {}),
        ("integrated-gradients", {"steps": 7}, captum.attr.IntegratedGradients, {"n_steps": 7}),
        (
            "integrated-gradients",
            {"steps": 6, "baseline": -0.5},
            captum.attr.IntegratedGradients,
            {"n_steps": 6, "baselines": -0.5},
        ),
    ],
)
def test_gradients_agree_with_captum(make, method, options, attribution, told):
    network, images = make(), networks.pictures()
    agree(
        maps_of(network, images, TARGETS, method, **options),
        by_captum(attribution, network, images.clone().requires_grad_(), **told).detach(),
        1e-6 if "steps" in options else 1e-10,  # captum keeps its steps in float32
    )


def test_integrated_gradients_sum_to_the_score_less_that_of_the_baseline():
    network, images = smooth(), networks.pictures(height=9, width=9)
    black = torch.full(images.shape[1:], -1.5, dtype=torch.float64)
    maps = maps_of(network, images, TARGETS, "integrated-gradients", steps=30, baseline=black)
    differences = network(images) - network(black.unsqueeze(0))
    expected = torch.stack([differences[row, category] for row, category in PAIRS])
    torch.testing.assert_close(maps.sum((1, 2, 3)), expected, rtol=1e-8, atol=0)


def test_smoothgrad_is_the_mean_gradient_of_noisy_pictures():
    network, images = networks.vgg_like(), networks.pictures()
    maps = maps_of(network, images, TARGETS, "smoothgrad", samples=9, noise=0.2, seed=4)
    random = torch.Generator().manual_seed(4)
    drawn = [torch.randn(images.shape[1:], generator=random) for _ in range(9)]
    for place, (row, category) in enumerate(PAIRS):
        picture, found = images[row], []
        for noise in drawn:
            noisy = (picture + 0.2 * (picture.max() - picture.min()) * noise).unsqueeze(0).requires_grad_()
            found.append(torch.autograd.grad(network(noisy)[0, category], noisy)[0][0])
        agree(maps[place], torch.stack(found).mean(0))


def test_grad_cam_plus_plus_takes_its_weights_from_three_derivatives():
    """Of exp(score), by autograd; the paper's α (eq. 19) from them. The factor exp(score) is one for the whole map."""
    network, images = networks.gap_like(), networks.pictures(1, 7, 9)
    activations = network[:4](images).detach().requires_grad_()
    head = network[4:]
    score = head(activations)[0, 2]
    first, second, third = (torch.zeros_like(activations) for _ in range(3))
    (slope,) = torch.autograd.grad(score, activations)
    for place in range(activations.numel()):  # the score is linear in A here: Y = exp(score) along one cell at a time
        along = torch.zeros((), dtype=torch.float64, requires_grad=True)
        y = (score.detach() + along * slope.flatten()[place]).exp()
        for derivative in (first, second, third):
            (y,) = torch.autograd.grad(y, along, create_graph=True)
            derivative.view(-1)[place] = y.detach()
    alpha = second / (2 * second + activations.detach().sum((2, 3), keepdim=True) * third)
    weights = (alpha * first.relu()).sum((2, 3), keepdim=True)
    expected = (weights * activations.detach()).sum(1, keepdim=True).relu() / score.detach().exp()
    agree(maps_of(network, images, [[2]], "grad-cam-plus-plus", "3"), enlarged(expected, images))


def test_grad_cam_plus_plus_warns_of_a_layer_whose_negative_outputs_turn_its_weights():
    network = networks.gap_like()
    network[2].bias.data -= 100
    network[3] = nn.Identity().eval()
    with pytest.warns(ExplanationWarning, match="'2' has negative outputs"):
        maps = maps_of(network, networks.pictures(1), [[0, 1, 2, 3, 4]], "grad-cam-plus-plus", "2")
    assert maps.isfinite().all()


@pytest.mark.parametrize(
    ("make", "layer"), [(networks.alexnet_like, 4), (networks.vgg_like, 9), (networks.gap_like, 1)]
)
def test_layer_cam_weighs_each_cell_by_its_own_gradient(make, layer):
    network, images = make(), networks.pictures()
    expected = []
    for row, category in PAIRS:
        activations = network[: layer + 1](images[row : row + 1]).detach().requires_grad_()
        (gradient,) = torch.autograd.grad(make()[layer + 1 :](activations.clone())[0, category], activations)
        cells = [g.clamp(min=0) * a for g, a in zip(gradient[0], activations.detach()[0], strict=True)]
        expected.append(sum(cells).relu().unsqueeze(0))
    agree(maps_of(network, images, TARGETS, "layer-cam", str(layer)), enlarged(torch.stack(expected), images))


def test_score_cam_looks_through_one_map_after_the_other():
    network, images = networks.vgg_like(), networks.pictures()
    network[8].weight.data[2] = 0  # a map that is constant masks all of the picture
    expected = []
    for row, category in PAIRS:
        maps, scores = network[:10](images[row : row + 1])[0], []
        for one in maps:
            mask = enlarged(one.view(1, 1, *one.shape), images)
            spread = mask.max() - mask.min()
            mask = torch.zeros_like(mask) if spread < 1e-12 else (mask - mask.min()) / spread
            scores.append(network(images[row : row + 1] * mask + 0.3 * (1 - mask))[0, category])
        weights = torch.stack(scores).exp() / torch.stack(scores).exp().sum()
        expected.append((weights.view(-1, 1, 1) * maps).sum(0, keepdim=True).relu())
    maps = maps_of(network, images, TARGETS, "score-cam", "9", baseline=0.3)
    agree(maps, enlarged(torch.stack(expected).detach(), images))


def test_rise_is_the_masks_weighed_by_the_scores_behind_them():
    network, images = networks.vgg_like(), networks.pictures()
    height, width = images.shape[2:]
    found = maps_of(network, images, TARGETS, "rise", masks=21, cells=4, probability=0.3, seed=9, baseline=0.1)
    random = torch.Generator().manual_seed(9)
    grids = (torch.rand(21, 1, 4, 4, generator=random) < 0.3).double()
    cell = (math.ceil(height / 4), math.ceil(width / 4))
    moved = [torch.randint(extent, (21,), generator=random) for extent in cell]
    expected = torch.zeros(len(PAIRS), 1, height, width, dtype=torch.float64)
    for number in range(21):
        large = F.interpolate(grids[number : number + 1], (5 * cell[0], 5 * cell[1]), mode="bilinear")[0]
        top, left = (int(of[number]) for of in moved)
        mask = large[:, top : top + height, left : left + width]
        for place, (row, category) in enumerate(PAIRS):
            score = network((images[row] * mask + 0.1 * (1 - mask)).unsqueeze(0))[0, category]
            expected[place] += score.detach() * mask / (21 * 0.3)
    agree(found, expected)


def test_rise_shows_where_a_network_looks():
    """The score is the mean of one quarter of the picture; there the map is higher than anywhere else."""

    class Quarter(nn.Module):
        def forward(self, x):
            return x[:, :, :16, 16:].mean((1, 2, 3)).unsqueeze(1)

    pictures = torch.ones(1, 3, 32, 32)
    maps = maps_of(Quarter().eval(), pictures, [[0]], "rise", masks=600)[0, 0]
    assert maps[:16, 16:].mean() > 0.015 + max(quarter.mean() for quarter in (maps[:16, :16], *maps[16:].split(16, 1)))


@pytest.mark.parametrize("method", RANDOM)
def test_random_numbers_depend_on_the_seed_alone(method):
    """The same bytes again, whatever is in the batch beside a picture; others for another seed."""
    network, images = networks.vgg_like(), networks.pictures(4)
    torch.manual_seed(1)
    together = maps_of(network, images, [[0, 1]] * 4, method, **RANDOM[method])
    torch.manual_seed(2)
    state = torch.get_rng_state()
    for row in range(4):
        alone = maps_of(network, images[row : row + 1], [[0, 1]], method, **RANDOM[method])
        assert torch.equal(alone, together[2 * row : 2 * row + 2])
    assert torch.equal(state, torch.get_rng_state()), "the caller's own random numbers go on as before"
    other = maps_of(network, images, [[0, 1]] * 4, method, seed=1, **RANDOM[method])
    assert not torch.equal(other, together)


@pytest.mark.parametrize("method", ["gradient", "integrated-gradients", "smoothgrad", "score-cam", "rise"])
def test_a_target_may_be_a_function_and_a_picture_may_have_none(method):
    network, images = networks.vgg_like(), networks.pictures()
    options = RANDOM.get(method, {})
    by_function = maps_of(network, images, [[], [lambda scores: scores[3]], []], method, "9", **options)
    agree(by_function, maps_of(network, images[1:2], [[3]], method, "9", **options))


@pytest.mark.parametrize(
    ("method", "options", "message"),
    [
        ("integrated-gradients", {"steps": 0}, "option steps must be a whole number of 1 or more; this is 0"),
        ("integrated-gradients", {"steps": 2.5}, "option steps must be a whole number"),
        ("integrated-gradients", {"step": 9}, "no option step; it takes steps, baseline"),
        ("integrated-gradients", {"baseline": math.nan}, "option baseline must be a finite number"),
        ("score-cam", {"baseline": torch.zeros(3, 2, 2)}, r"\(3, 33, 41\); this is a tensor of shape \(3, 2, 2\)"),
        ("score-cam", {"baseline": "blur"}, "this is 'blur'"),
        ("smoothgrad", {"noise": 0}, "option noise must be a number above 0; this is 0"),
        ("smoothgrad", {"samples": True}, "option samples must be a whole number"),
        ("rise", {"probability": 1.5}, "option probability must be a number above 0, up to 1; this is 1.5"),
        ("rise", {"seed": -1}, "option seed must be a whole number of 0 or more"),
        ("rise", {"cells": 40}, "40 cells do not fit a picture of 33 × 41 px"),
        ("occlusion", {"patch": 0}, "option patch must be a whole number"),
        ("gradient", {"steps": 4}, "no option steps; it takes none"),
    ],
)
def test_options_that_cannot_be_used_are_refused(method, options, message):
    with pytest.raises(ExplanationError, match=message):
        maps_of(networks.gap_like(), networks.pictures(1), [[0]], method, "3", **options)


@pytest.mark.parametrize("method", ["grad-cam-plus-plus", "layer-cam", "score-cam"])
def test_methods_that_weigh_a_layer_ask_for_its_name(method):
    with pytest.raises(ExplanationError, match="name the target layer"):
        maps_of(networks.gap_like(), networks.pictures(1), [[0]], method)


class Detached(nn.Module):
    def forward(self, x):
        return x.detach().mean((2, 3))


@pytest.mark.parametrize("method", ["gradient", "input-x-gradient", "integrated-gradients", "smoothgrad"])
def test_gradients_of_a_network_that_detaches_are_refused_and_masks_are_not(method):
    with pytest.raises(ExplanationError, match="do not depend on the picture by any path with a gradient"):
        maps_of(Detached().eval(), networks.pictures(1), [[0]], method)
    assert maps_of(Detached().eval(), networks.pictures(1), [[0]], "rise", masks=2).isfinite().all()
