"""A gate is a ReLU in the graph or it is refused, however it is written; linear steps are answered.

Before, `z * (z > 0)` gave the scores of a ReLU network and a plain gradient for guided backpropagation.
"""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from stimuli.errors import ExplanationError
from stimuli.explain.engine import explain
from stimuli.explain.hidden_gates import check_numbers
from tests.stimuli import networks
from tests.stimuli.reference import modified_gradient

PIXEL_METHODS = ["guided-backprop", "deconvolution"]


class With(nn.Module):
    """A small network with `activation` in the place of its last ReLU, and any of its own before."""

    def __init__(self, activation):
        super().__init__()
        self.network, self.activation = networks.gap_like(), activation

    def forward(self, x):
        return self.network[4:](self.activation(self.network[:3](x)))


def hidden_by_no_grad(z):
    with torch.no_grad():
        opened = (z > 0).to(z.dtype)
    return z * opened


def hidden_in_place(z):
    z = z.clone()
    z[:, :4].relu_()
    return z


GATES = {
    "product with a comparison": lambda z: z * (z > 0),
    "the same in place": lambda z: z.mul_(z > 0),
    "under no_grad": hidden_by_no_grad,
    "in numpy": lambda z: z * torch.from_numpy(z.detach().numpy() > 0),
    "detached ReLU": lambda z: z + (F.relu(z) - z).detach(),
    "detached sigmoid gate": lambda z: F.relu(z) * torch.sigmoid(z.detach().mean((2, 3), keepdim=True)),
    "gate of 5 %": lambda z: F.relu(z) * (1 + 0.05 * torch.sigmoid(z.detach().mean((2, 3), keepdim=True))),
    "maximum with zeros": lambda z: torch.stack([z, torch.zeros_like(z)]).amax(0),
    "maximum with zeros on the way": lambda z: torch.stack([z, 0 * z]).amax(0),
    "the same joined": lambda z: torch.cat([(z - z).unsqueeze(-1), z.unsqueeze(-1)], -1).amax(-1),
    "threshold to 5": lambda z: F.threshold(z, 0, 5),
    "in place in a part": hidden_in_place,
    "reciprocal": lambda z: F.relu(torch.div(torch.ones((), dtype=z.dtype), z)),
    "a step of two units": lambda z: F.relu(z) + 0.1 * F.relu(z).detach(),
    "open for faint pictures": lambda z: F.relu(z) * (z > -30),
    "closed for strong pictures": lambda z: F.relu(z) * (z.detach().amax((1, 2, 3), keepdim=True) < 30),
    "another operation for another picture": lambda z: F.relu(z) if z.amax() > 5.5 else F.relu(2 * z + 1),
}


@pytest.mark.parametrize("precision", [torch.float64, torch.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("gate", GATES)
def test_a_gate_that_is_no_relu_of_the_graph_is_refused(gate, precision):
    network, images = With(GATES[gate]).eval().to(precision), networks.pictures(1).to(precision)
    for method in PIXEL_METHODS:
        with pytest.raises(ExplanationError, match="ReLU networks only, and this network"):
            explain(network, images, [[0]], [method])
    if gate != "in numpy":
        assert explain(network, images, [[0]], ["grad-cam"], "network.2").maps["grad-cam"].isfinite().all()


def open_unless_flat(z, pictures):
    """A gate that noise opens always."""
    return F.relu(z) * (pictures.detach()[:, :, :4, :4].std((1, 2, 3)) > 0)[:, None, None, None]


def raised_where_flat(z, pictures):
    flat = pictures.detach()[:, :, :4, :4].std((1, 2, 3)) == 0
    return F.relu(z + (flat[:, None, None, None] * z).detach())


class OfThePicture(With):
    def forward(self, x):
        return self.network[4:](self.activation(self.network[:3](x), x))


@pytest.mark.parametrize("gate", [open_unless_flat, raised_where_flat])
def test_a_gate_that_none_of_the_pictures_closes_is_refused_in_the_first_batch(gate):
    """Noise and these pictures are answered as if there were no gate; only a flat picture would show it."""
    images, network = networks.pictures(2), OfThePicture(gate).eval()
    with pytest.raises(ExplanationError, match="ReLU networks only, and this network"):
        explain(network, images, [[0], [0]], PIXEL_METHODS)


LINEAR = {
    "maximum of two": lambda z: torch.stack([z, 1 - z]).amax(0),
    "maximum of two, joined": lambda z: torch.cat([z.unsqueeze(-1), 2 * z.unsqueeze(-1)], -1).amax(-1),
    "replication padding": lambda z: F.pad(z, (2, 1, 1, 3), mode="replicate"),
    "circular padding": lambda z: F.pad(z, (2, 1, 1, 3), mode="circular"),
    "reflection padding": lambda z: F.pad(z, (2, 1, 1, 3), mode="reflect"),
    "bicubic": lambda z: F.interpolate(z, scale_factor=1.5, mode="bicubic", align_corners=False),
    "bicubic, antialiased": lambda z: F.interpolate(z, size=(7, 8), mode="bicubic", antialias=True),
    "bilinear, antialiased": lambda z: F.interpolate(z, size=(7, 8), mode="bilinear", antialias=True),
    "nearest-exact": lambda z: F.interpolate(z, size=(7, 8), mode="nearest-exact"),
    "pixel unshuffle": lambda z: F.pixel_unshuffle(z[:, :2, :16, :20], 2),
    "unfold": lambda z: F.unfold(z, 3).view(len(z), 8, 9, -1),
    "fold": lambda z: F.fold(F.unfold(z, 3), z.shape[2:], 3),
    "unfold of a tensor": lambda z: z.unfold(2, 3, 1).mean(-1),
    "flip and roll": lambda z: z.flip(2).roll(3, 3),
    "sampling at fixed places": lambda z: F.grid_sample(z, z.new_full((len(z), 5, 6, 2), 0.3), align_corners=False),
    "a part written in place": lambda z: written_in_place(z),
    "group norm": lambda z: F.group_norm(z, 2),
    "layer norm": lambda z: F.layer_norm(z, z.shape[1:]),
    "instance norm": lambda z: F.instance_norm(z),
    "minus the mean": lambda z: z.mean((2, 3), keepdim=True) - z,
    "the same twice": lambda z: torch.sub(z, z, alpha=-2),
    "global maximum": lambda z: z.amax((2, 3), keepdim=True) - z,
    "adaptive maximum": lambda z: F.adaptive_max_pool2d(z, 3),
    "joined with a constant": lambda z: torch.cat([z[:, 1:], torch.ones_like(z[:, :1])], 1),
}
RELUS = {
    "threshold": lambda z: F.threshold(z, 0, 0),
    "threshold in place": lambda z: F.threshold(z, 0, 0, inplace=True),
    "leaky": lambda z: F.leaky_relu(z, 0.0),
    "leaky in place": lambda z: F.leaky_relu(z, 0.0, inplace=True),
}


def written_in_place(z):
    other = z.clone()
    other[:, :4] = z[:, 4:] * 2
    return other


@pytest.mark.parametrize("step", LINEAR)
def test_a_step_without_a_gate_is_answered(step):
    """Its neighbours are ReLUs, so that a wrong gradient of the step would show."""
    network = With(lambda z: F.relu(LINEAR[step](F.relu(z)))[:, :8]).eval()
    if step == "unfold":
        network = With(lambda z: F.relu(LINEAR[step](F.relu(z))).mean(2, keepdim=True)).eval()
    agrees_with_the_rewritten_forward_pass(network)


def agrees_with_the_rewritten_forward_pass(network, reference=None):
    images = networks.pictures(2)
    maps = explain(network, images, [[1]] * 2, PIXEL_METHODS).maps
    for method in PIXEL_METHODS:
        expected = torch.stack([modified_gradient(method, reference or network, image, 1) for image in images])
        assert expected.abs().max() > 0
        assert (maps[method] - expected).abs().max() <= 1e-10 * expected.abs().max()


@pytest.mark.parametrize("spelling", RELUS)
def test_other_spellings_of_relu_follow_the_rule(spelling):
    agrees_with_the_rewritten_forward_pass(With(RELUS[spelling]).eval(), With(F.relu).eval())


def test_a_factor_that_changes_with_the_network_or_the_batch_is_no_gate():
    weight = torch.ones(8, 1, 1, dtype=torch.float64)
    network = With(lambda z: F.relu(z) * (2 * weight) * torch.ones(len(z), 1, 1, 1, dtype=z.dtype)).eval()
    for count, scale in ((1, 1), (2, 3), (3, 3)):
        weight.mul_(scale)
        explain(network, networks.pictures(count), [[1]] * count, PIXEL_METHODS)


def test_half_precision_inside_does_not_look_like_a_gate():
    network = With(lambda z: F.relu(z.to(torch.float16).to(z.dtype)) + F.relu(z)).eval()
    check_numbers(network, networks.pictures(1))


def test_the_gates_are_not_looked_for_in_each_batch():
    network, images, passes = With(F.relu).eval(), networks.pictures(2), []
    explain(network, images, [[1]] * 2, PIXEL_METHODS)
    network.register_forward_hook(lambda *_: passes.append(1))
    explain(network, images, [[1]] * 2, PIXEL_METHODS)
    assert len(passes) == 1
    network.network[1] = nn.Identity().eval()  # another network now
    explain(network, images, [[1]] * 2, PIXEL_METHODS)
    assert len(passes) > 2
