"""The replayed walk equals autograd's own backward functions, however it is stacked, split or shortened."""

import pytest
import torch

from stimuli.explain import replay, steps
from stimuli.explain.engine import explain
from stimuli.explain.methods import METHODS as ENTRIES
from stimuli.explain.methods import Method
from stimuli.explain.recording import Window
from tests.stimuli import classifiers, networks
from tests.stimuli.reference import modified_gradient

pytestmark = pytest.mark.slow

METHODS = ["guided-backprop", "deconvolution", "grad-cam", "guided-grad-cam", "deconvolution-grad-cam"]
TARGETS = [[0, 3, 1], [4], []]
NETWORKS = [
    pytest.param(networks.alexnet_like, "4", id="alexnet-like"),
    pytest.param(networks.vgg_like, "9", id="vgg-like"),
    pytest.param(networks.squeezenet_like, "4", id="squeezenet-like"),
    pytest.param(networks.gap_like, "1", id="gap-like"),
    pytest.param(networks.functional_like, "second", id="functional-like"),
]


def assert_close(found, expected, tolerance=1e-12):
    for method, maps in expected.items():
        assert maps.abs().max() > 0
        assert (found[method] - maps).abs().max() <= tolerance * maps.abs().max(), method


def maps_of(make, layer):
    return explain(make(), networks.pictures(), TARGETS, METHODS, layer).maps


@pytest.mark.parametrize(("make", "layer"), NETWORKS)
def test_our_steps_equal_autograds_nodes(make, layer, monkeypatch):
    """With no step of ours every node but the ReLUs is called as autograd calls it, one target and rule at a time."""
    ours = maps_of(make, layer)
    monkeypatch.setattr(steps, "STEPS", {})
    assert_close(ours, maps_of(make, layer))


@pytest.mark.parametrize("name", ["resnet18", "googlenet", "densenet121"])
def test_our_steps_equal_autograds_nodes_on_branching_networks(name, monkeypatch):
    def maps():
        layer = classifiers.RELU_NETWORKS[name]
        return explain(classifiers.classifier(name), classifiers.pictures(name), [[0, 1], [2]], METHODS, layer).maps

    ours = maps()
    monkeypatch.setattr(steps, "STEPS", {})
    assert_close(ours, maps())


@pytest.mark.parametrize("in_flight", [1, 20_000, 100_000])
@pytest.mark.parametrize(("make", "layer"), NETWORKS)
def test_splitting_the_stack_changes_nothing(make, layer, in_flight, monkeypatch):
    whole = maps_of(make, layer)
    monkeypatch.setattr(replay, "BYTES_IN_FLIGHT", in_flight)
    assert_close(maps_of(make, layer), whole)


@pytest.mark.parametrize(("make", "layer"), NETWORKS)
def test_asking_together_or_one_by_one_gives_the_same(make, layer):
    alone = {method: explain(make(), networks.pictures(), TARGETS, [method], layer).maps[method] for method in METHODS}
    assert_close(maps_of(make, layer), alone)


class Folded(torch.nn.Module):
    """A ReLU that sees pictures and channels in one dimension, and behind it one that sees the pictures last."""

    def __init__(self):
        super().__init__()
        self.network = networks.gap_like()

    def forward(self, x):
        maps = self.network[:3](x)
        folded = torch.relu(maps.flatten(0, 1)).unflatten(0, maps.shape[:2])
        return self.network[4:](torch.relu(folded.permute(1, 2, 3, 0) - 0.1).permute(3, 0, 1, 2))


@pytest.mark.parametrize("in_flight", [1, 10**9])
@pytest.mark.parametrize("method", ["guided-backprop", "deconvolution"])
def test_a_relu_follows_the_rule_also_where_pictures_are_not_the_first_dimension(method, in_flight, monkeypatch):
    monkeypatch.setattr(replay, "BYTES_IN_FLIGHT", in_flight)
    network, images = Folded().eval(), networks.pictures()
    maps = explain(network, images, [[0, 3], [1], [4]], [method]).maps
    reference = [modified_gradient(method, network, images[row], c) for row, c in ((0, 0), (0, 3), (1, 1), (2, 4))]
    assert_close(maps, {method: torch.stack(reference)})


def test_the_plain_gradient_is_autograds_also_where_clamp_counts_its_bounds_in(monkeypatch):
    """torch's clamp lets a gradient through at its bounds; only the guided rule closes them."""

    class Clamped(torch.nn.Module):
        def forward(self, x):
            return x.clamp(0, 1).flatten(1) @ torch.arange(1.0, 6.0, dtype=torch.float64).diag()

    picture = torch.tensor([-1.0, 0.0, 0.5, 1.0, 2.0], dtype=torch.float64).view(1, 1, 1, 5)
    monkeypatch.setitem(ENTRIES, "gradient", Method(lambda trace: trace.input_gradient()))
    target = [[lambda scores: scores.sum()]]
    maps = explain(Clamped().eval(), picture, target, ["gradient", "guided-backprop"]).maps
    assert maps["gradient"].flatten().tolist() == [0, 2, 3, 4, 0]
    assert maps["guided-backprop"].flatten().tolist() == [0, 0, 3, 0, 0]


@pytest.mark.parametrize(
    "method", [name for name in networks.NOT_BLANK if name != "cam"]
)  # which needs another network
def test_what_a_method_says_beforehand_changes_no_map(method, monkeypatch):
    def maps() -> dict[str, torch.Tensor]:
        return explain(networks.alexnet_like(), networks.pictures(), TARGETS, [method], "4", Window(9, 6)).maps

    told = maps()
    monkeypatch.setitem(ENTRIES, method, Method(ENTRIES[method].maps))
    assert_close(maps(), told)
