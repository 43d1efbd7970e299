"""What `explain` promises about its maps, held against captum, a rewriting reference and closed forms."""

import copy

import pytest
import torch
import torch.nn.functional as F
from captum.attr import Deconvolution, GuidedBackprop, LayerGradCam, Occlusion
from torch import nn

from stimuli.errors import ExplanationError
from stimuli.explain.engine import explain
from stimuli.explain.methods import METHODS, Method
from stimuli.explain.recording import Window
from tests.stimuli import networks
from tests.stimuli.reference import modified_gradient

MODULE_RELU = [
    pytest.param(networks.alexnet_like, "4", id="alexnet-like"),
    pytest.param(networks.vgg_like, "9", id="vgg-like"),
    pytest.param(networks.squeezenet_like, "4", id="squeezenet-like"),
]
TARGETS = [[0, 3], [4], [1, 2]]
PAIRS = [(row, category) for row, wanted in enumerate(TARGETS) for category in wanted]
# captum announces the hooks that it sets on the model; that is how it works, not a fault of the comparison.
captum_hooks = pytest.mark.filterwarnings("ignore:Setting (backward|forward):UserWarning")


def agree(ours, oracle, tolerance=1e-10):
    assert ours.shape == oracle.shape
    assert oracle.abs().max() > 0, "an all-zero oracle proves nothing"
    assert (ours - oracle).abs().max() <= tolerance * oracle.abs().max()


def enlarged(maps, images):
    return F.interpolate(maps, size=images.shape[-2:], mode="bilinear", align_corners=True)


def captum_maps(network, layer, images):
    """captum's maps of every pair, one call a method and pair, products by hand."""
    guided, deconvolution = GuidedBackprop(copy.deepcopy(network)), Deconvolution(copy.deepcopy(network))
    weighed = copy.deepcopy(network)
    gradcam = LayerGradCam(weighed, weighed.get_submodule(layer))
    maps = {"guided-backprop": [], "deconvolution": [], "grad-cam": []}
    for row, category in PAIRS:
        image = images[row : row + 1]
        maps["guided-backprop"].append(guided.attribute(image.clone().requires_grad_(), category))
        maps["deconvolution"].append(deconvolution.attribute(image.clone().requires_grad_(), category))
        maps["grad-cam"].append(gradcam.attribute(image, category, relu_attributions=True))
    maps = {method: torch.cat(found).detach() for method, found in maps.items()}
    maps["grad-cam"] = enlarged(maps["grad-cam"], images)
    maps["guided-grad-cam"] = maps["guided-backprop"] * maps["grad-cam"]
    maps["deconvolution-grad-cam"] = maps["deconvolution"] * maps["grad-cam"]
    return maps


@captum_hooks
@pytest.mark.parametrize(("make", "layer"), MODULE_RELU)
def test_maps_agree_with_captum_on_module_relu_networks(make, layer):
    network, images = make(), networks.pictures()
    oracle = captum_maps(network, layer, images)
    ours = explain(network, images, TARGETS, list(oracle), layer)
    for method, expected in oracle.items():
        agree(ours.maps[method], expected)


@pytest.mark.parametrize("method", ["guided-backprop", "deconvolution"])
@pytest.mark.parametrize(
    "make", [networks.functional_like, networks.alexnet_like, networks.vgg_like, networks.squeezenet_like]
)
def test_maps_agree_with_the_rewriting_reference_whatever_the_spelling_of_relu(make, method):
    network, images = make(), networks.pictures()
    ours = explain(network, images, TARGETS, [method]).maps[method]
    agree(ours, torch.stack([modified_gradient(method, network, images[row], category) for row, category in PAIRS]))


def test_the_output_is_the_networks_own():
    network, images = networks.vgg_like(), networks.pictures()
    assert torch.equal(explain(network, images, TARGETS, ["guided-grad-cam"], "9").logits, network(images))


def test_in_place_and_ordinary_relu_give_the_same_maps():
    images = networks.pictures()
    maps = [
        explain(networks.alexnet_like(inplace), images, TARGETS, ["guided-grad-cam"], "4").maps["guided-grad-cam"]
        for inplace in (True, False)
    ]
    assert torch.equal(*maps)


def test_guided_backprop_is_the_gradient_where_no_relu_clips():
    network, images = networks.alexnet_like(), networks.pictures().abs()
    for parameter in network.parameters():
        parameter.data.abs_()
    ours = explain(network, images, [[2]] * 3, ["guided-backprop"]).maps["guided-backprop"]
    leaf = images.clone().requires_grad_()
    agree(ours, torch.autograd.grad(network(leaf)[:, 2].sum(), leaf)[0])


@pytest.mark.parametrize(
    ("weight", "guided", "deconvolved"),
    [
        # picture (1, −1, 2); hidden z = weight · picture; score = 3·relu(z0) − 2·relu(z1)
        pytest.param([[1, 1, 1], [1, 0, 0]], [3, 3, 3], [3, 3, 3], id="negative incoming gradient is dropped"),
        pytest.param([[-1, 0, 0], [1, 0, 0]], [0, 0, 0], [-3, 0, 0], id="closed unit: deconvolution passes it"),
        pytest.param([[-1, 0, 0.5], [1, 0, 0]], [0, 0, 0], [-3, 0, 1.5], id="a unit at exactly zero is closed"),
    ],
)
@pytest.mark.parametrize(
    "relu",
    [
        F.relu,
        lambda z: F.relu(z, inplace=True),
        lambda z: z.clamp(min=0),
        lambda z: z.clamp_min(0),
        lambda z: z.clamp(0, 9),
        lambda z: F.hardtanh(z, 0.0, 9.0),
    ],
    ids=["relu", "relu_", "clamp", "clamp_min", "clamp-both", "hardtanh"],
)
def test_a_network_computed_by_hand(relu, weight, guided, deconvolved):
    maps = explain(TwoUnits(weight, relu).eval(), _column(1, -1, 2), [[0]], ["guided-backprop", "deconvolution"]).maps
    assert maps["guided-backprop"].flatten().tolist() == guided
    assert maps["deconvolution"].flatten().tolist() == deconvolved


@pytest.mark.parametrize("relu6", [F.relu6, lambda z: z.clamp(0, 6)], ids=["relu6", "clamp"])
@pytest.mark.parametrize(("value", "guided"), [(-1, 0), (0, 0), (3, 3), (6, 0), (7, 0)])
def test_relu6_is_closed_below_zero_and_above_six(relu6, value, guided):
    network = TwoUnits([[1, 0, 0], [0, 0, 0]], relu6).eval()
    maps = explain(network, _column(value, 0, 0), [[0]], ["guided-backprop", "deconvolution"]).maps
    assert maps["guided-backprop"].flatten().tolist() == [guided, 0, 0]
    assert maps["deconvolution"].flatten().tolist() == [3, 0, 0]


class TwoUnits(nn.Module):
    """One pixel in three channels → two hidden units → score 3·relu(z0) − 2·relu(z1)."""

    def __init__(self, weight, relu):
        super().__init__()
        self.weight, self.relu = torch.tensor(weight, dtype=torch.float64), relu

    def forward(self, x):
        return self.relu(x.flatten(1) @ self.weight.T) @ torch.tensor([[3.0], [-2.0]], dtype=torch.float64)


def _column(*values):
    return torch.tensor(values, dtype=torch.float64).view(1, 3, 1, 1)


def test_grad_cam_is_cam_up_to_the_number_of_cells():
    network, images = networks.gap_like(), networks.pictures()
    maps = explain(network, images, TARGETS, ["cam", "grad-cam", "counterfactual-grad-cam"], "3").maps
    weight = network[-1].weight
    activations = network[:4](images)
    expected = torch.stack([torch.einsum("k,kuv->uv", weight[c], activations[r]) for r, c in PAIRS]).unsqueeze(1)
    agree(maps["cam"], enlarged(expected, images))
    cells = activations[0, 0].numel()
    agree(maps["grad-cam"], enlarged(expected.relu() / cells, images))
    agree(maps["counterfactual-grad-cam"], enlarged((-expected).relu() / cells, images))


@pytest.mark.parametrize(("make", "layer"), [*MODULE_RELU, pytest.param(networks.gap_like, "1", id="not-the-last")])
def test_cam_is_refused_by_name_without_a_pool_and_linear_head(make, layer):
    with pytest.raises(ExplanationError, match=f"layer '{layer}' feeds global average pooling"):
        explain(make(), networks.pictures(), TARGETS, ["cam"], layer)


def test_occlusion_agrees_with_captum():
    network, images = networks.vgg_like(), networks.pictures()
    ours = explain(network, images, TARGETS, ["occlusion"], window=Window(9, 8, 0.25)).maps["occlusion"]
    oracle = [
        Occlusion(network).attribute(images[row : row + 1], (3, 9, 9), (3, 8, 8), 0.25, category)[0, :1]
        for row, category in PAIRS
    ]
    agree(ours, torch.stack(oracle), tolerance=1e-6)  # captum counts in float32 here


def test_channels_stay_in_the_order_of_the_picture():
    """A network that looks at red alone has an explanation in channel 0 alone (BGR would put it into channel 2)."""
    network = networks.alexnet_like()
    network[0].weight.data[:, 1:] = 0
    maps = explain(network, networks.pictures(), TARGETS, ["guided-grad-cam"], "4").maps["guided-grad-cam"]
    assert maps[:, 0].abs().max() > 0
    assert maps[:, 1:].abs().max() == 0


@pytest.mark.parametrize("method", networks.NOT_BLANK)
def test_the_second_category_is_not_the_sum_of_both(method):
    """The trap of accumulating `.grad`: each category's map is the one it has when asked for alone, in any order."""
    network, images = networks.gap_like(), networks.pictures()
    window, asked = Window(9, 8), {method: networks.FEW[method]}
    together = explain(network, images, [[2, 0, 4]] * 3, asked, "3", window).maps[method].unflatten(0, (3, 3))
    for place, category in enumerate((2, 0, 4)):
        alone = explain(network, images, [[category]] * 3, asked, "3", window).maps[method]
        agree(together[:, place], alone)


@pytest.mark.parametrize("layer", ["3", "0"])
def test_grad_cam_weighs_the_layers_true_output_when_an_in_place_relu_follows(layer):
    """A target convolution followed by an in-place ReLU: activations and gradient are those before the ReLU."""
    network, images = networks.alexnet_like(inplace=True), networks.pictures()
    place = int(layer)
    activations = networks.alexnet_like(inplace=False)[: place + 1](images).detach().requires_grad_()
    gradient = torch.autograd.grad(
        networks.alexnet_like(inplace=False)[place + 1 :](activations)[:, 1].sum(), activations
    )[0]
    expected = torch.einsum("nk,nkuv->nuv", gradient.mean((2, 3)), activations.detach()).relu().unsqueeze(1)
    agree(explain(network, images, [[1]] * 3, ["grad-cam"], layer).maps["grad-cam"], enlarged(expected, images))


def test_grad_cam_runs_through_the_unmodified_network():
    """Asking for guided backpropagation beside it changes nothing in Grad-CAM."""
    network, images = networks.vgg_like(), networks.pictures()
    alone = explain(network, images, TARGETS, ["grad-cam"], "9").maps["grad-cam"]
    beside = explain(network, images, TARGETS, ["guided-backprop", "deconvolution", "grad-cam"], "9").maps["grad-cam"]
    agree(beside, alone)


def test_an_all_zero_grad_cam_stays_zero_and_finite():
    network = networks.gap_like()
    network[-1].weight.data[1] = -1.0  # every weight of category 1 is negative: nothing speaks for it
    maps = explain(network, networks.pictures(), [[1]] * 3, ["grad-cam", "guided-grad-cam"], "3").maps
    assert maps["grad-cam"].count_nonzero() == 0
    assert maps["guided-grad-cam"].count_nonzero() == 0


def test_a_target_may_be_a_function_of_the_scores():
    network, images = networks.vgg_like(), networks.pictures()
    methods = ["grad-cam", "guided-backprop"]
    by_function = explain(network, images, [[lambda scores: scores[2] - scores[0]]] * 3, methods, "9").maps
    differences = nn.Sequential(network, Minus())
    by_index = explain(differences.eval(), images, [[0]] * 3, methods, "0.9").maps
    for method in methods:
        agree(by_function[method], by_index[method])


class Minus(nn.Module):
    def forward(self, scores):
        return scores[:, 2:3] - scores[:, 0:1]


def test_an_image_without_targets_has_no_maps():
    network, images = networks.vgg_like(), networks.pictures()
    maps = explain(network, images, [[], [3, 1], []], ["guided-backprop"]).maps["guided-backprop"]
    agree(maps, explain(network, images[1:2], [[3, 1]], ["guided-backprop"]).maps["guided-backprop"])


def test_a_method_is_added_by_putting_a_function_into_the_dict(monkeypatch):
    monkeypatch.setitem(METHODS, "doubled", Method(lambda trace: 2 * trace.input_gradient()))
    network, images = networks.vgg_like(), networks.pictures()
    leaf = images.clone().requires_grad_()
    expected = torch.autograd.grad(network(leaf)[:, 3].sum(), leaf)[0]
    agree(explain(network, images, [[3]] * 3, ["doubled"]).maps["doubled"], 2 * expected)
