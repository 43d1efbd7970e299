"""The methods on torchvision's classifiers, each held against a reference that is not this code."""

import copy

import pytest
import torch
import torch.nn.functional as F
from captum.attr import Deconvolution, GuidedBackprop, LayerGradCam
from torch import nn

from stimuli.errors import ExplanationError
from stimuli.explain.engine import explain
from stimuli.explain.layouts import patches_as_maps
from stimuli.explain.trace import Trace
from tests.stimuli.classifiers import OTHER_NETWORKS, RELU_NETWORKS, classifier, pictures
from tests.stimuli.reference import modified_gradient

pytestmark = pytest.mark.slow

TARGETS = [[0, 3], [4]]
PAIRS = [(row, category) for row, wanted in enumerate(TARGETS) for category in wanted]
SIGNED = ["grad-cam", "counterfactual-grad-cam"]  # together they show the sum before its ReLU
PIXEL_METHODS = ["guided-backprop", "deconvolution"]
HIDDEN_FROM_CAPTUM = ["googlenet", "inception_v3", "densenet121", "mobilenet_v2"]
captum_hooks = pytest.mark.filterwarnings("ignore:Setting (backward|forward):UserWarning")


def distance(ours, oracle):
    """The largest difference, relative to the largest value."""
    assert ours.shape == oracle.shape
    assert oracle.abs().max() > 0, "an all-zero oracle proves nothing"
    return ((ours - oracle).abs().max() / oracle.abs().max()).item()


def enlarged(maps, size):
    return F.interpolate(maps, size=size, mode="bilinear", align_corners=True)


@pytest.fixture(scope="module", params=RELU_NETWORKS)
def name(request):
    return request.param


@pytest.fixture(scope="module", params=OTHER_NETWORKS)
def other(request):
    return request.param


@pytest.fixture(scope="module")
def maps(name):
    """Ours, of a network by name: tests that share it run one after another, while it is in memory."""
    methods = [*PIXEL_METHODS, *SIGNED]
    return explain(classifier(name), pictures(name), TARGETS, methods, RELU_NETWORKS[name]).maps


def test_the_relu_rules_agree_with_a_rewritten_forward_pass(name, maps):
    """The reference replaces every ReLU call by a function with the rule as its gradient; nothing is hooked."""
    network, images = classifier(name), pictures(name)
    for method in PIXEL_METHODS:
        reference = [modified_gradient(method, network, images[row], target) for row, target in PAIRS]
        assert distance(maps[method], torch.stack(reference)) <= 1e-10


@captum_hooks
def test_grad_cam_agrees_with_captum(name, maps):
    images, weighing = pictures(name), copy.deepcopy(classifier(name))
    oracle = LayerGradCam(weighing, weighing.get_submodule(RELU_NETWORKS[name]))
    signed = torch.cat([oracle.attribute(images[row : row + 1], target) for row, target in PAIRS]).detach()
    assert distance(maps["grad-cam"], enlarged(signed.relu(), images.shape[-2:])) <= 1e-10
    assert distance(maps["counterfactual-grad-cam"], enlarged((-signed).relu(), images.shape[-2:])) <= 1e-10


def captum_maps(method, name):
    """captum's, one call a pair, on a copy: it hooks the network's modules."""
    attribution = {"guided-backprop": GuidedBackprop, "deconvolution": Deconvolution}[method](
        copy.deepcopy(classifier(name))
    )
    leaves = [pictures(name)[row : row + 1].requires_grad_() for row, _ in PAIRS]
    return torch.cat([attribution.attribute(leaf, target) for leaf, (_, target) in zip(leaves, PAIRS, strict=True)])


@captum_hooks
@pytest.mark.parametrize("method", PIXEL_METHODS)
def test_captum_agrees_where_every_relu_is_a_module_and_leaves_the_others_unguided(name, maps, method):
    """What docs/explanation/methods.md says of captum 0.9; where it is wrong, the rewritten forward pass is our proof."""
    if name in HIDDEN_FROM_CAPTUM:
        assert distance(captum_maps(method, name), maps[method]) > 0.1
    else:
        assert distance(maps[method], captum_maps(method, name)) <= 1e-10


def test_no_network_is_edited_not_even_by_a_failure(name, monkeypatch):
    check_that_it_is_left_alone(name, RELU_NETWORKS[name], monkeypatch)


def test_a_network_of_another_kind_is_not_edited_either(other, monkeypatch):
    check_that_it_is_left_alone(other, OTHER_NETWORKS[other][0], monkeypatch)


def check_that_it_is_left_alone(name, layer, monkeypatch):
    network, images = classifier(name), pictures(name, 1)
    before = state(network)
    explain(network, images, [[0, 1]], ["grad-cam"], layer)
    assert state(network) == before
    monkeypatch.setattr(Trace, "input_gradient", _broken)
    with pytest.raises(ZeroDivisionError):
        explain(network, images, [[0]], ["guided-grad-cam"], layer)
    assert state(network) == before


def _broken(*_arguments):
    raise ZeroDivisionError


def state(network):
    """Everything of a network that a caller could notice, in comparable form."""
    hooks = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return (
        [(name, id(p), p._version, p.requires_grad, p.grad) for name, p in network.named_parameters()],
        [(name, id(b), b._version) for name, b in network.named_buffers()],
        [(name, m.training, *(len(getattr(m, kind)) for kind in hooks)) for name, m in network.named_modules()],
    )


def test_mobilenets_relu6_is_clipped_from_above_in_these_tests():
    """Without a unit above 6 the agreement above would not speak of the upper clip."""
    network, clipped = copy.deepcopy(classifier("mobilenet_v2")), []
    for module in network.modules():
        if isinstance(module, nn.ReLU6):
            module.register_forward_hook(lambda _module, _inputs, output: clipped.append((output == 6).sum().item()))
    network(pictures("mobilenet_v2"))
    assert sum(clipped) > 100


@pytest.mark.parametrize("method", ["guided-backprop", "deconvolution", "guided-grad-cam", "deconvolution-grad-cam"])
def test_networks_with_other_activations_are_refused_by_name(other, method):
    layer, activation = OTHER_NETWORKS[other]
    with pytest.raises(ExplanationError, match=f"defined for ReLU networks only.*{activation}"):
        explain(classifier(other), pictures(other), TARGETS, [method], layer)


def test_grad_cam_works_on_the_convolutions_of_any_network(other):
    layer = OTHER_NETWORKS[other][0]
    activations, gradients = by_autograd(other, layer)
    signed = torch.einsum("rk,rkuv->ruv", gradients.mean((2, 3)), activations).unsqueeze(1)
    maps = explain(classifier(other), pictures(other), TARGETS, SIGNED, layer).maps
    size = pictures(other).shape[-2:]
    assert distance(maps["grad-cam"], enlarged(signed.relu(), size)) <= 1e-10
    assert distance(maps["counterfactual-grad-cam"], enlarged((-signed).relu(), size)) <= 1e-10


def test_grad_cam_reads_a_vision_transformers_tokens_through_a_reshape():
    layer = "encoder.layers.encoder_layer_11.ln_1"
    tokens, gradients = by_autograd("vit_b_16", layer)  # (R, 1 + 4, 768): the class token, then 2 × 2 patches
    signed = torch.einsum("rpk,rk->rp", tokens[:, 1:], gradients[:, 1:].mean(1)).view(-1, 1, 2, 2)
    network, images = classifier("vit_b_16"), pictures("vit_b_16")
    maps = explain(network, images, TARGETS, SIGNED, layer, reshape=patches_as_maps).maps
    assert distance(maps["grad-cam"], enlarged(signed.relu(), (32, 32))) <= 1e-10
    assert distance(maps["counterfactual-grad-cam"], enlarged((-signed).relu(), (32, 32))) <= 1e-10


def by_autograd(name, layer):
    """The output of `layer` and the gradient of each pair's score there, by a hook and torch.autograd.grad."""
    network, kept = classifier(name), []
    handle = network.get_submodule(layer).register_forward_hook(lambda _module, _inputs, output: kept.append(output))
    try:
        scores = network(pictures(name).requires_grad_())
    finally:
        handle.remove()
    gradients = [torch.autograd.grad(scores[pair], kept[0], retain_graph=True)[0][pair[0]] for pair in PAIRS]
    return kept[0].detach()[[row for row, _ in PAIRS]], torch.stack(gradients)
