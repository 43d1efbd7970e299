"""What `explain` cannot work with is said in words, the right ones; pictures of a batch do not influence each other."""

import copy
import warnings

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from stimuli.errors import ExplanationError, ExplanationWarning
from stimuli.explain.engine import explain
from stimuli.explain.recording import Window
from tests.stimuli import networks

IMAGES = networks.pictures()


def asked(network=None, images=IMAGES, targets=((0,), (1,), (2,)), methods=("grad-cam",), layer="3"):
    return explain(network or networks.gap_like(), images, targets, methods, layer, Window(9, 8)).maps


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"images": IMAGES[None]}, r"must be a tensor \(N, 3, H, W\).*these have the shape \(1, 3, 3, 33, 41\)"),
        ({"images": IMAGES[0]}, r"these have the shape \(3, 33, 41\)"),
        ({"images": IMAGES[:0], "targets": []}, r"these have the shape \(0, 3, 33, 41\)"),
        ({"images": (IMAGES * 50).to(torch.uint8)}, "floating-point numbers, normalised.*these are uint8"),
        ({"images": IMAGES.to(torch.complex64)}, "these are complex64"),
        ({"images": IMAGES.numpy()}, "this is a ndarray"),
        ({"images": list(IMAGES)}, "this is a list"),
        ({"images": IMAGES.float()}, r"the pictures are float32, the network is float64; convert one of them"),
        ({"images": IMAGES.to("meta")}, "the pictures are on meta, the network is on cpu; move one of them"),
        ({"targets": [0, 1, 2]}, r"must be one list an image.*0 is not a list, write \[0\]"),
        ({"targets": torch.tensor([0, 1, 2])}, r"0 is not a list, write \[0\]"),
        ({"targets": ["cat"] * 3}, r"'cat' is not a list"),
        ({"targets": [["cat"]] * 3}, "target 'cat' is neither a category's index nor a function"),
        ({"targets": [[1.0]] * 3}, "target 1.0 is neither"),
        ({"targets": [[True]] * 3}, "target True is neither"),
        ({"layer": networks.gap_like()[3]}, "by their dotted names, and this one is not in the network"),
        ({"layer": 3}, "by their dotted names; 3 is none"),
        ({"layer": ""}, "no layer ''; it has 0, 1, 2"),
        ({"network": networks.gap_like().forward}, "must be a torch.nn.Module; this is a method"),
    ],
)
def test_what_has_another_form_is_refused_in_words(changes, message):
    with pytest.raises(ExplanationError, match=message):
        asked(**changes)


def test_a_module_as_layer_is_told_its_name():
    network = networks.gap_like()
    for layer in (network[3], [network[3]]):
        with pytest.raises(ExplanationError, match="given by their dotted names; this one is '3'"):
            asked(network, layer=layer)


def test_categories_may_come_as_numbers_of_any_library():
    expected = asked()["grad-cam"]
    for targets in (torch.tensor([[0], [1], [2]]), np.array([[0], [1], [2]]), [[np.int64(c)] for c in range(3)]):
        assert torch.equal(asked(targets=targets)["grad-cam"], expected)
    assert torch.equal(asked(methods="grad-cam")["grad-cam"], expected)


def made_in_inference_mode():
    with torch.inference_mode():
        return networks.gap_like()


def quantised():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own, of a part that it will remove
        return torch.ao.quantization.quantize_dynamic(networks.gap_like().float(), {nn.Linear})


def scripted():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.jit.script(networks.gap_like())


def partly_in_training():
    network = networks.gap_like()
    network[6].train()
    return network


def on_meta():
    network = networks.gap_like()
    network[0].to("meta")
    return network


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (made_in_inference_mode, r"made under torch.inference_mode\(\)"),
        (quantised, "is quantised .*explain the one that it was made of"),
        (scripted, "is scripted or traced"),
        (
            lambda: torch.fx.symbolic_trace(networks.gap_like()).train(),
            "is an exported graph",
        ),  # as torch.export leaves
        (partly_in_training, "is in eval mode, but its layers 6 are in training mode"),
        (lambda: networks.gap_like().train(), r"call model.eval\(\) first"),
        (on_meta, "weights on the meta device"),
    ],
)
def test_a_network_whose_gradient_cannot_be_followed_is_refused_for_its_own_reason(make, message):
    network = make()
    for method in ("grad-cam", "guided-backprop"):
        with pytest.raises(ExplanationError, match=message):
            asked(network, images=IMAGES.float() if make is quantised else IMAGES, methods=[method])


class Around(nn.Module):
    """A network with something done around it or to its maps."""

    def __init__(self, forward):
        super().__init__()
        self.network, self.maps, self.does = networks.gap_like(), nn.ReLU(inplace=True), forward

    def forward(self, x):
        return self.does(self, x)


def under(mode):
    def forward(network, x):
        with mode():
            return network.network(x)

    return Around(forward).eval()


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
@pytest.mark.parametrize("method", ["grad-cam", "guided-backprop"])
def test_a_forward_pass_without_gradients_is_refused_and_occlusion_answers(mode, method):
    with pytest.raises(
        ExplanationError, match=r"do not depend on .* by any path with a gradient; does the network detach"
    ):
        asked(under(mode), methods=[method], layer="network.3")
    expected = asked(methods=["occlusion"])["occlusion"]
    found = asked(under(mode), methods=["occlusion"], layer="network.3")["occlusion"]
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)  # whole pictures, where the other takes patches


def goes_on_with_what_was_handed_in(network, x):
    maps = network.network[:3](x)
    network.maps(maps)
    return network.network[4:](maps)


def goes_on_with_both(network, x):
    maps = network.network[:3](x)
    return network.network[4:](network.maps(maps)) + 2 * network.network[4:](maps)


def goes_on_and_changes_it(network, x):
    maps = network.network[:3](x)
    network.maps(maps)
    return network.network[4:](maps.mul_(-2))


@pytest.mark.parametrize("frozen", [True, False])
def test_a_layer_whose_in_place_result_goes_elsewhere_is_answered_or_refused(frozen):
    """grad-cam alone starts the graph at the layer where the weights are frozen, guided-grad-cam at the picture."""
    for methods in (["grad-cam"], ["grad-cam", "guided-backprop"]):
        expected = asked()["grad-cam"]
        handed_in = Around(goes_on_with_what_was_handed_in).eval().requires_grad_(not frozen)
        assert torch.allclose(asked(handed_in, methods=methods, layer="maps")["grad-cam"], expected, rtol=1e-10)
        both = Around(goes_on_with_both).eval().requires_grad_(not frozen)
        assert torch.allclose(asked(both, methods=methods, layer="maps")["grad-cam"], 3 * expected, rtol=1e-10)
        changed = Around(goes_on_and_changes_it).eval().requires_grad_(not frozen)
        with pytest.raises(
            ExplanationError, match="'maps' hands on the tensor that it was given, and the network changes"
        ):
            asked(changed, methods=methods, layer="maps")


def without_running_statistics():
    network = networks.vgg_like()
    network[1].track_running_stats, network[1].running_mean, network[1].running_var = False, None, None
    return network


MIXING = {
    "batch norm without statistics": without_running_statistics,
    "the batch's mean": lambda: Around(lambda n, x: n.network(x - x.mean(0, keepdim=True))).eval(),
    "what came before": lambda: Around(lambda n, x: n.network(x.cumsum(0))).eval(),
}


@pytest.mark.parametrize("method", ["grad-cam", "guided-backprop", "occlusion"])
@pytest.mark.parametrize("mixes", MIXING)
def test_a_network_that_mixes_the_pictures_of_a_batch_is_refused(mixes, method):
    network = MIXING[mixes]()
    layer = "9" if isinstance(network, nn.Sequential) else "network.3"
    for count in (1, 3):
        with pytest.raises(ExplanationError, match="depend on the other pictures of its batch"):
            asked(network, IMAGES[:count], [[0]] * count, [method], layer)


@pytest.mark.parametrize("method", ["grad-cam", "guided-backprop", "occlusion"])
@pytest.mark.parametrize("share", [1, 1e-9], ids=["all", "hardly any"])
def test_a_network_that_draws_at_random_is_refused(method, share):
    """Also where what it draws moves its scores by less than rounding may."""
    network = Around(lambda n, x: n.network(x + share * (F.dropout(x) - x))).eval()
    with pytest.raises(ExplanationError, match=r"draws at random, also in eval mode"):
        asked(network, methods=[method], layer="network.3")


def test_a_batch_gives_each_picture_what_it_gets_alone_and_two_runs_agree():
    network = networks.vgg_like()
    methods = ["grad-cam", "guided-backprop", "deconvolution"]
    together, again = (asked(network, methods=methods, layer="9") for _ in range(2))
    for method in methods:
        assert torch.equal(together[method], again[method])
        alone = [asked(network, IMAGES[n : n + 1], [[n]], methods, "9")[method] for n in range(3)]
        assert torch.allclose(together[method], torch.cat(alone), rtol=1e-9, atol=1e-14)


class OneAtATime(nn.Module):
    def __init__(self):
        super().__init__()
        self.network = networks.gap_like()

    def forward(self, x):
        return self.network(x.reshape(1, 3, 33, 41))


def test_a_network_that_takes_one_picture_at_a_time_is_answered():
    assert asked(OneAtATime().eval(), IMAGES[:1], [[0]], layer="network.3")["grad-cam"].any()


@pytest.mark.parametrize("last", [nn.Softmax(1), nn.LogSoftmax(1)])
def test_a_softmax_warns_once_and_offers_the_logits(last):
    network = nn.Sequential(*networks.gap_like(), last).eval()
    with pytest.warns(ExplanationWarning, match="scores are a softmax.*explain the logits: leave the softmax out"):
        asked(network)
    asked(network)  # a warning would be an error here


def test_what_is_known_of_a_network_goes_with_it():
    """A copy is another network; nothing is kept of one that is gone."""
    network = networks.gap_like()
    asked(network)
    assert asked(copy.deepcopy(network))["grad-cam"].any()
