"""A gate is refused in the first batch, whether the pictures there open it or not; what is no gate is answered."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.dlpack import from_dlpack

from stimuli.errors import ExplanationError
from stimuli.explain import following
from stimuli.explain.detached import Follower
from stimuli.explain.engine import explain
from stimuli.explain.methods import Method
from stimuli.explain.relu_rules import GUIDED
from tests.stimuli import networks
from tests.stimuli.explain.test_hidden_gates import PIXEL_METHODS, With, agrees_with_the_rewritten_forward_pass

NEVER = 1e9
"""No cell of noise or of these pictures is so large, so each gate is the same for all of them."""


def each(z, gate):
    return torch.stack([gate(one) for one in z])


def large(z):
    """A detached gate (N, 8, H, W) that lets everything through."""
    return (z.detach() < NEVER).to(z.dtype)


def cut(z):
    """What `z` loses where it is too large, detached: nothing."""
    return (z.clamp(max=NEVER) - z).detach()


def under_no_grad(z):
    with torch.no_grad():
        z.clamp_(max=NEVER)
    return z


def by_a_view_under_no_grad(z):
    with torch.no_grad():
        z[:, 3:5].clamp_(max=NEVER)
    return z


def through_memory(z):
    z = z.clone()
    array = z.detach().numpy()
    np.minimum(array, 1.0, out=array)
    return z


def through_old_memory(z):
    """The memory is lent to numpy before it holds anything of the picture."""
    gate = torch.ones(z.shape, dtype=z.dtype)
    gate.numpy()[:] = z.detach().numpy() < NEVER
    return z * gate


def in_a_buffer(z):
    buffer = torch.zeros_like(z)
    view = buffer[:, :2]
    buffer.copy_(z.detach() < NEVER)
    return torch.cat([z[:, :2] * view, z[:, 2:]], 1)


def out_of_place(z):
    gate = torch.empty_like(z, requires_grad=False)
    torch.lt(z.detach(), NEVER, out=gate)
    return z - (1 - gate)


def written_in(z):
    other = z.clone()
    other[:, :3] = cut(z)[:, :3]
    return other


def by_a_foreach(z):
    return z * torch._foreach_mul([large(z)], 1.0)[0]


def held_back(z):
    """A parameter times a gate has a gradient, but none to the picture."""
    return z * (nn.Parameter(torch.ones((), dtype=z.dtype)) * large(z))


def counted(one):
    return one * (1 + (one.detach() > 0.5).nonzero().size(0))


def detached_in_place(z):
    return z + (z.clamp(max=NEVER) - z).detach_()


def given_new_data(z):
    z = z.clone()
    z.data = z.data.clamp(max=NEVER)
    return z


RARE = {
    "product": lambda z: z * large(z),
    "sum": lambda z: z + cut(z),
    "difference": lambda z: torch.sub(z, cut(z)),
    "quotient": lambda z: z / large(z),
    "product in place": lambda z: z.mul_(large(z)),
    "sum in place in a part": lambda z: z[:, 1].add_(cut(z)[:, 1]) is None or z,
    "row by row": lambda z: torch.stack([one + cut(one) for one in z]),
    "data in place": lambda z: z.data.clamp_(max=NEVER) is None or z,
    "detached in place": lambda z: z.detach()[:, :2].clamp_(max=NEVER) is None or z,
    "constant through data": lambda z: z.data[:, :1].fill_(0.5) is None or z,
    "called as an operator": lambda z: torch.ops.aten.clamp_max_.default(z.detach(), NEVER) is None or z,
    "under no_grad": under_no_grad,
    "by a view under no_grad": by_a_view_under_no_grad,
    "detach_": detached_in_place,
    "new data": given_new_data,
    "written in": written_in,
    "in a buffer and seen through its view": in_a_buffer,
    "out=": out_of_place,
    "foreach": by_a_foreach,
    "with a parameter": held_back,
    "as a parameter": lambda z: z * nn.Parameter(large(z)),
    "joined": lambda z: torch.cat([z[:, :4], cut(z)[:, 4:]], 1),
    "index": lambda z: z[:, (z.detach().mean((0, 2, 3)) < NEVER).long().cumsum(0) - 1],
    "index_select": lambda z: z.index_select(1, (z.mean((0, 2, 3)) < NEVER).long().cumsum(0) - 1),
    "gather": lambda z: z.gather(1, (large(z).long().cumsum(1) - 1)),
    "product of matrices": lambda z: torch.matmul(z, large(z).transpose(2, 3)),
    "numpy": lambda z: z * torch.from_numpy(z.detach().numpy() < NEVER),
    "numpy, as a tensor": lambda z: z + torch.as_tensor(np.asarray(cut(z))),
    "numpy, by its constructor": lambda z: z * torch.Tensor((z.detach().numpy() < NEVER).tolist()),
    "dlpack": lambda z: z + from_dlpack(np.minimum(z.detach().numpy(), NEVER) - z.detach().numpy()),
    "bytes": lambda z: z + torch.frombuffer(bytearray(cut(z).numpy().tobytes()), dtype=z.dtype).view(z.shape),
    "lists": lambda z: z + torch.tensor(cut(z).tolist(), dtype=z.dtype),
    "written by numpy": through_memory,
    "written by numpy into ones": through_old_memory,
    "a number": lambda z: each(z, lambda one: one * (1 + one.mean().item())),
    "a float": lambda z: each(z, lambda one: one + float(one.detach().sum())),
    "a number as an index": lambda z: each(z, lambda one: one.roll(int(one.detach().sum() * 1000) % 8, 0)),
    "a number of numpy": lambda z: each(z, lambda one: one * one.detach().numpy().max()),
    "a size": lambda z: each(z, counted),
}


@pytest.mark.parametrize("gate", RARE)
def test_a_gate_that_these_pictures_do_not_show_is_refused_in_the_first_batch(gate):
    network, images = With(lambda z: F.relu(RARE[gate](F.relu(z).clone()))).eval(), networks.pictures(2)
    with pytest.raises(ExplanationError, match="ReLU networks only, and this network"):
        explain(network, images, [[0]] * 2, ["guided-backprop"])


class OfCounts(nn.Module):
    """A network whose gate begins at its `first`th picture, or one picture in ten."""

    def __init__(self, gate):
        super().__init__()
        self.network, self.gate, self.seen = networks.gap_like(), gate, 0

    def forward(self, x):
        z = F.relu(self.network[:3](x))
        self.seen += len(x)
        return self.network[4:](self.gate(z, x, self.seen))


def of_one_in_ten(z, x, _seen):
    rare = (x.detach()[:, 0, 0, 0] > 1.28)[:, None, None, None]
    return z + rare * cut(z)


def from_the_700th(z, _x, seen):
    return z if seen < 700 else z + cut(z)


def from_the_700th_in_data(z, _x, seen):
    """The graph does not show it, the counter does."""
    return z if seen < 700 else z.data.clamp_(max=NEVER) is None or z


def test_a_gate_of_one_picture_in_ten_is_refused_in_the_first_batch():
    images = networks.pictures(1).clamp(max=1)  # this one leaves it alone
    with pytest.raises(ExplanationError, match="bends somewhere"):
        explain(OfCounts(of_one_in_ten).eval(), images, [[0]], PIXEL_METHODS)


@pytest.mark.parametrize("gate", [from_the_700th, from_the_700th_in_data])
def test_a_gate_that_the_700th_picture_has_alone_is_refused_there(gate):
    network, images = OfCounts(gate).eval(), networks.pictures(2)
    explain(network, images, [[0]] * 2, PIXEL_METHODS)
    network.seen = 690
    explain(network, images, [[0]] * 2, PIXEL_METHODS)
    network.seen = 698
    with pytest.raises(ExplanationError, match="bends somewhere"):
        explain(network, images, [[0]] * 2, PIXEL_METHODS)


def in_secret(_module, _inputs, z):
    z.data.clamp_(max=NEVER)


def test_a_hook_that_comes_later_is_followed():
    network, images = With(F.relu).eval(), networks.pictures(2)
    explain(network, images, [[0]] * 2, PIXEL_METHODS)
    handle = network.network[2].register_forward_hook(in_secret)
    with pytest.raises(ExplanationError, match="bends somewhere"):
        explain(network, images, [[0]] * 2, PIXEL_METHODS)
    handle.remove()
    explain(network, images, [[0]] * 2, PIXEL_METHODS)


def test_an_attribute_that_changes_the_way_is_followed():
    network, images = With(F.relu).eval(), networks.pictures(2)
    network.plain = True
    network.activation = lambda z: F.relu(z if network.plain else z.data.clamp_(max=NEVER) is None or z)
    explain(network, images, [[0]] * 2, PIXEL_METHODS)
    network.plain = False
    with pytest.raises(ExplanationError, match="bends somewhere"):
        explain(network, images, [[0]] * 2, PIXEL_METHODS)


def by_a_branch(z):
    """Rare, and the graph of both branches is the same."""
    if z.amax() > 100:
        z.data.clamp_(max=NEVER)
    return F.relu(z)


def test_a_gate_behind_a_condition_is_refused_where_the_condition_is_met():
    network, images = With(by_a_branch).eval(), networks.pictures(2)
    explain(network, images, [[0]] * 2, PIXEL_METHODS)
    explain(network, images, [[0]] * 2, PIXEL_METHODS)
    with pytest.raises(ExplanationError, match="bends somewhere"):
        explain(network, 1000 * images, [[0]] * 2, PIXEL_METHODS)


def checked(z):
    assert torch.isfinite(z).all()
    assert float(z.detach().amax()) < NEVER
    return F.relu(z) * 0.5 + 1


SEEN = []


def logged(z):
    SEEN.append((z.detach().numpy(), z.detach().clone(), z.data.mean().item(), z.argmax(1), str(z), (z > 0).sum()))
    return 0.5 * F.relu(F.max_pool2d(F.relu(z, inplace=True), 2, 1))


def with_positions(z):
    rows = torch.arange(z.shape[2], dtype=z.dtype) / z.size(3)
    mask = (rows > 0.2).to(z).view(-1, 1)
    return F.relu(z * mask + rows.view(-1, 1) + z.new_full((1,), 0.1) + torch.zeros_like(z) + torch.ones_like(z > 0))


def with_like_kinds(z):
    dark = (z.detach() * 2).float()
    return F.relu(torch.ones(1).type_as(dark).to(z) * z.to(z.detach()).view_as(z.detach()).expand_as(dark))


def with_a_head_aside(z):
    aside = (z * (z > 0)).sum() + z.detach().mean()
    SEEN.append(aside)
    return F.relu(z)


class Quantised(nn.Conv2d):
    """Weights rounded by a straight-through estimator: detached, but of no picture."""

    def forward(self, x):
        scaled = self.weight / self.weight.detach().norm() * (self.weight > -NEVER)
        rounded = scaled + ((8 * scaled).round() / 8 - scaled).detach()
        return F.conv2d(x, rounded, self.bias, padding=1)


QUANTISED = Quantised(8, 8, 3).double().eval()
HARMLESS = {
    "checked": checked,
    "logged": logged,
    "positions": with_positions,
    "kinds of others": with_like_kinds,
    "a head aside": with_a_head_aside,
    "quantised weights": lambda z: F.relu(QUANTISED(z)),
    "a condition": lambda z: F.relu(z) if z.amax() > -NEVER else z,
    "indices that nobody uses": lambda z: F.relu(F.max_pool2d(z, 2, return_indices=True)[0]),
    "dropout": lambda z: F.relu(F.dropout(z, 0.5, training=False)),
    "batch norm": lambda z: F.relu(F.batch_norm(z, torch.zeros(8).to(z), torch.ones(8).to(z), training=False)),
    "parts in place": lambda z: F.relu(written_over(z)),
}


def written_over(z):
    whole = torch.zeros_like(z)
    whole[:, :4] = z[:, 4:]
    whole[:, 4:] += 2 * z[:, :4]
    return whole


@pytest.mark.parametrize("step", HARMLESS)
def test_what_is_no_gate_is_answered(step):
    agrees_with_the_rewritten_forward_pass(With(HARMLESS[step]).eval())


def test_a_network_is_followed_once_where_it_asks_nothing(monkeypatch):
    """Then the check takes no more than a comparison of what the modules hold."""
    followed = []
    monkeypatch.setattr(following, "Follower", lambda model: followed.append(1) or Follower(model))
    images = networks.pictures(2)
    for network, expected in ((With(F.relu).eval(), 1), (With(HARMLESS["a condition"]).eval(), 3)):
        followed.clear()
        for _ in range(3):
            explain(network, images, [[1]] * 2, PIXEL_METHODS)
        assert len(followed) == expected
    explain(network, images[:1], [[1]], PIXEL_METHODS)
    assert len(followed) == 4


SCRIPTED = torch.jit.CompilationUnit("def gate(z):\n    return z * (z < 1000)\ndef twice(z):\n    return 2 * z\n")
UNSEEN = {
    "scripted": (SCRIPTED.gate, SCRIPTED.twice),
    "vmap": (torch.vmap(lambda one: one * (one < 1000)), torch.vmap(lambda one: 2 * one)),
}


@pytest.mark.parametrize("way", UNSEEN)
def test_where_calls_are_not_seen_each_picture_is_compared_with_noise(way):
    gate, harmless = (With(lambda z, of=of: F.relu(of(F.relu(z)))).eval() for of in UNSEEN[way])
    images = networks.pictures(2)
    images[1] *= 1000  # the noise stays below the gate's 1000
    agrees_with_the_rewritten_forward_pass(harmless)
    explain(gate, images[:1], [[0]], PIXEL_METHODS)
    with pytest.raises(ExplanationError, match="ReLU networks only, and this network"):
        explain(gate, images, [[0]] * 2, PIXEL_METHODS)


def test_a_method_that_does_not_say_what_it_asks_for_is_guarded_too():
    own = {"own": Method(lambda trace: trace.input_gradient(GUIDED))}
    with pytest.raises(ExplanationError, match="bends somewhere"):
        explain(With(lambda z: F.relu(z + cut(z))).eval(), networks.pictures(2), [[0]] * 2, own)
    explain(With(F.relu).eval(), networks.pictures(2), [[0]] * 2, own)


@pytest.mark.slow  # the compiler is imported
@pytest.mark.filterwarnings("ignore::UserWarning")  # of the compiler, who sees what the follower does
def test_a_gate_in_a_compiled_block_is_refused_in_words():
    network = With(torch.compile(lambda z: z + cut(z), backend="eager")).eval()
    with pytest.raises(ExplanationError, match=r"compiled by torch\.compile, .*; explain the network as it is before"):
        explain(network, networks.pictures(2), [[0]] * 2, ["guided-backprop"])
