"""Several layers, ragged targets, two precisions, and batches that do not fit: one call answers all."""

import pytest
import torch

from stimuli.errors import ExplanationError
from stimuli.explain.engine import explain
from stimuli.explain.methods import METHODS
from tests.stimuli import networks

ONE_PASS = {
    name: method
    for name, method in METHODS.items()
    if name in networks.NOT_BLANK and name not in ("cam", "score-cam") and not method.trial
}
ALL = {name: method for name, method in networks.NOT_BLANK.items() if name not in ("cam", "occlusion")}
RAGGED = [[0, 3, 1], [], [4]]


def same(found, expected, tolerance=1e-12):
    assert found.keys() == expected.keys()
    for method, maps in expected.items():
        assert (found[method] - maps).abs().max() <= tolerance * maps.abs().max(), method


def test_several_layers_are_answered_by_one_forward_pass():
    network, images, passes = networks.vgg_like(), networks.pictures(), []
    explain(network, images, RAGGED, ONE_PASS, ["9", "4", "2"])  # what is tried once for a network
    network.register_forward_hook(lambda *_: passes.append(1))
    together = explain(network, images, RAGGED, ONE_PASS, ["9", "4", "2"])
    assert len(passes) == 1
    assert list(together.by_layer) == ["9", "4", "2"]
    assert together.maps is together.by_layer["9"]
    for layer, maps in together.by_layer.items():
        same(maps, explain(networks.vgg_like(), images, RAGGED, ONE_PASS, layer).maps)


def test_grad_cam_of_several_layers_needs_no_gradient_at_the_picture():
    network, images = networks.gap_like(), networks.pictures()
    network[1] = torch.nn.GELU().eval()  # would be refused on the way to the picture
    together = explain(network, images, RAGGED, ["grad-cam"], ["3", "1"])
    for layer, maps in together.by_layer.items():
        same(maps, explain(network, images, RAGGED, ["grad-cam"], layer).maps)


def test_ragged_targets_come_in_the_order_they_were_asked_for():
    network, images = networks.vgg_like(), networks.pictures()
    maps = explain(network, images, RAGGED, ALL, "9").maps
    for place, (row, category) in enumerate(((0, 0), (0, 3), (0, 1), (2, 4))):
        alone = explain(network, images[row : row + 1], [[category]], ALL, "9").maps
        same({method: found[place : place + 1] for method, found in maps.items()}, alone, 1e-10)


def test_a_target_function_that_ignores_the_scores_is_refused():
    with pytest.raises(ExplanationError, match="does not depend on the scores"):
        explain(networks.gap_like(), networks.pictures(1), [[lambda _: torch.tensor(1.0)]], ["grad-cam"], "3")


def test_an_unknown_precision_is_refused():
    with pytest.raises(ExplanationError, match="unknown precision 'bf16'; known are fp32, mixed"):
        explain(networks.gap_like(), networks.pictures(1), [[0]], ["grad-cam"], "3", precision="bf16")


class Small(torch.nn.Module):
    """A network on a device that holds `room` pictures at a time."""

    def __init__(self, room):
        super().__init__()
        self.network, self.room, self.sizes = networks.vgg_like(), room, []

    def forward(self, x):
        self.sizes.append(len(x))
        if len(x) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return self.network(x)


def test_images_that_do_not_fit_are_taken_in_halves_and_the_maps_are_the_same():
    images, targets = networks.pictures(7), [[0, 3], [], [1], [4, 2, 0], [1], [2], [3]]
    small = Small(room=2).eval()
    explain(small, images[:1], targets[:1], ONE_PASS, ["network.9", "network.4"])  # what is tried once for a network
    small.sizes.clear()
    found = explain(small, images, targets, ONE_PASS, ["network.9", "network.4"])
    assert small.sizes == [7, 4, 2, 2, 2, 1]
    expected = explain(networks.vgg_like(), images, targets, ONE_PASS, ["9", "4"])
    same(found.maps, expected.maps, 1e-10)
    same(found.by_layer["network.4"], expected.by_layer["4"], 1e-10)
    assert torch.allclose(found.logits, expected.logits, rtol=1e-12)


def test_masks_and_points_that_do_not_fit_are_taken_in_halves_too():
    images, many = networks.pictures(2), {name: networks.FEW[name] for name in ("smoothgrad", "score-cam", "rise")}
    small = Small(room=2).eval()
    found = explain(small, images, [[1, 3], [0]], many, "network.9")
    assert max(small.sizes) > 2
    same(found.maps, explain(networks.vgg_like(), images, [[1, 3], [0]], many, "9").maps, 1e-10)


def test_a_single_image_that_does_not_fit_is_an_error():
    with pytest.raises(torch.OutOfMemoryError):
        explain(Small(room=0).eval(), networks.pictures(3), [[0]] * 3, ["grad-cam"], "network.9")


class Viewing(torch.nn.Module):
    """A network that flattens by `view`, which channels-last maps do not allow."""

    def __init__(self):
        super().__init__()
        self.network = networks.alexnet_like().float()

    def forward(self, x):
        maps = self.network[:7](x)
        return self.network[8:](maps.view(len(maps), -1))


def test_single_precision_agrees_with_double_also_where_a_network_needs_channels_first():
    images = networks.pictures()
    exact = explain(networks.alexnet_like(), images, RAGGED, ALL, "4").maps
    for network, layer in ((networks.alexnet_like().float(), "4"), (Viewing().eval(), "network.4")):
        same(explain(network, images.float(), RAGGED, ALL, layer).maps, exact, 1e-4)
