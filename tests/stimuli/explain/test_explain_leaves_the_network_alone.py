"""`explain` never edits the network, and says what it cannot do."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from stimuli.errors import ExplanationError
from stimuli.explain import steps
from stimuli.explain.engine import explain
from stimuli.explain.methods import METHODS, Method
from stimuli.explain.recording import Window
from stimuli.explain.relu_rules import GUIDED
from tests.stimuli import networks

HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


def state(network):
    """Everything of a network that a caller could notice."""
    return (
        {name: tensor.clone() for name, tensor in network.state_dict().items()},
        {name: (p.requires_grad, p.grad, p._version, id(p)) for name, p in network.named_parameters()},
        {name: (m.training, *(dict(getattr(m, hooks)) for hooks in HOOKS)) for name, m in network.named_modules()},
    )


def assert_same(before, after):
    assert before[1:] == after[1:]
    assert all(torch.equal(tensor, after[0][name]) for name, tensor in before[0].items())


@pytest.mark.parametrize("frozen", [True, False], ids=["frozen", "trainable"])
@pytest.mark.parametrize("method", METHODS)
def test_the_network_and_the_pictures_are_as_before(method, frozen):
    network, images = networks.gap_like().requires_grad_(not frozen), networks.pictures()
    network[2].register_forward_hook(lambda *_: None)
    before, pixels = state(network), images.clone()
    explain(network, images, [[0, 1], [2], [3]], {method: networks.FEW[method]}, "3", Window(9, 8))
    assert_same(before, state(network))
    assert torch.equal(images, pixels)
    assert not images.requires_grad


def test_a_gradient_that_the_caller_had_is_neither_lost_nor_added_to():
    network, images = networks.vgg_like(), networks.pictures()
    network(images).sum().backward()
    before = {name: p.grad.clone() for name, p in network.named_parameters()}
    explain(network, images, [[0, 1]] * 3, ["guided-grad-cam"], "9")
    assert all(torch.equal(p.grad, before[name]) for name, p in network.named_parameters())


class Failing(nn.Module):
    def __init__(self):
        super().__init__()
        self.network = networks.vgg_like()

    def forward(self, x):
        self.network(x)
        raise RuntimeError("no more memory")


def test_the_network_is_as_before_after_an_exception_in_its_forward_pass():
    network = Failing().eval()
    before = state(network)
    with pytest.raises(RuntimeError, match="no more memory"):
        explain(network, networks.pictures(), [[0]] * 3, ["grad-cam"], "network.9")
    assert_same(before, state(network))


def test_a_backward_pass_that_fails_leaves_no_rule_behind(monkeypatch):
    """The plain gradient taken after a failed guided backward pass is not guided."""
    network, images = networks.vgg_like(), networks.pictures()

    def fails_then_plain(trace):
        with monkeypatch.context() as patch:
            patch.setattr(steps, "apply_rule", _broken)
            with pytest.raises(RuntimeError, match="broken"):
                trace.input_gradient(GUIDED)
        return trace.input_gradient()

    monkeypatch.setitem(METHODS, "fails-then-plain", Method(fails_then_plain))
    before = state(network)
    found = explain(network, images, [[2]] * 3, ["fails-then-plain"]).maps["fails-then-plain"]
    assert_same(before, state(network))
    leaf = images.clone().requires_grad_()
    assert torch.allclose(found, torch.autograd.grad(network(leaf)[:, 2].sum(), leaf)[0], rtol=1e-10, atol=0)


def _broken(*_args, **_kwargs):
    raise RuntimeError("broken")


def test_it_works_under_inference_mode_and_no_grad():
    network, images = networks.vgg_like(), networks.pictures()
    expected = explain(network, images, [[0]] * 3, ["guided-grad-cam"], "9").maps["guided-grad-cam"]
    for mode in (torch.no_grad(), torch.inference_mode()):
        with mode:
            found = explain(network, networks.pictures(), [[0]] * 3, ["guided-grad-cam"], "9").maps["guided-grad-cam"]
        assert torch.equal(found, expected)


class Gate(nn.Module):
    def forward(self, x):
        return x * F.relu6(x + 3) / 6


class CustomRelu(torch.autograd.Function):
    @staticmethod
    def forward(context, x):
        context.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(context, g):
        return g * (context.saved_tensors[0] > 0)


class Custom(nn.Module):
    def forward(self, x):
        return CustomRelu.apply(x)


@pytest.mark.parametrize("method", ["guided-backprop", "deconvolution", "guided-grad-cam", "deconvolution-grad-cam"])
@pytest.mark.parametrize(
    ("activation", "named"),
    [
        (nn.GELU(), "GeluBackward0"),
        (nn.SiLU(), "SiluBackward0"),
        (nn.Hardswish(), "HardswishBackward0"),
        (nn.Sigmoid(), "SigmoidBackward0"),
        (nn.Tanh(), "TanhBackward0"),
        (nn.LeakyReLU(), "LeakyReluBackward0"),
        (nn.ELU(), "EluBackward0"),
        (nn.Hardtanh(), "HardtanhBackward0"),
        (nn.Softmax(1), "SoftmaxBackward0"),
        (Gate(), "MulBackward0"),
        (Custom(), "CustomReluBackward"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_activations_other_than_relu_are_refused_by_name(activation, named, method):
    network = networks.gap_like()
    network[3] = activation.eval()
    with pytest.raises(ExplanationError, match=f"ReLU networks only.*{named}"):
        explain(network, networks.pictures(), [[0]] * 3, [method], "2")
    assert explain(network, networks.pictures(), [[0]] * 3, ["grad-cam"], "2").maps["grad-cam"].isfinite().all()


@pytest.mark.parametrize("method", ["guided-backprop", "deconvolution"])
def test_a_network_without_relu_is_refused(method):
    network = networks.gap_like()
    network[1] = network[3] = nn.Identity().eval()
    with pytest.raises(ExplanationError, match="has no ReLU"):
        explain(network, networks.pictures(), [[0]] * 3, [method])


class SharedRelu(nn.Module):
    def __init__(self):
        super().__init__()
        self.network, self.relu = networks.gap_like(), nn.ReLU()

    def forward(self, x):
        return self.relu(self.relu(self.network(x)) + 1)


@pytest.mark.parametrize(
    ("network", "targets", "methods", "layer", "message"),
    [
        (networks.gap_like(), [[0]], ["grad-cam"], "3", "3 images but 1 lists of targets"),
        (networks.gap_like(), [[0], [5], [1]], ["grad-cam"], "3", "target 5 is not one of the network's 5 categories"),
        (networks.gap_like(), [[0], [-1], [1]], ["grad-cam"], "3", "target -1 is not one"),
        (networks.gap_like(), [[0]] * 3, ["grad_cam"], "3", "unknown method grad_cam; known are grad-cam"),
        (networks.gap_like(), [[0]] * 3, ["grad-cam"], "layer4", "no layer 'layer4'; it has 0, 1, 2"),
        (networks.gap_like(), [[0]] * 3, ["grad-cam"], None, "name the target layer"),
        (networks.gap_like(), [[0]] * 3, ["grad-cam"], "7", r"must give feature maps .* a tensor of shape \(3, 5\)"),
        (networks.gap_like(), [[0]] * 3, ["occlusion"], None, r"window of 45 px, stride 15 does not fit 33×41"),
        (networks.gap_like(), [[lambda scores: scores]] * 3, ["grad-cam"], "3", "must return a scalar"),
        (networks.gap_like(), [[sum]] * 3, ["cam"], "3", "it takes no target function"),
        (networks.gap_like()[:4].eval(), [[0]] * 3, ["grad-cam"], "3", r"must answer with scores \(N, categories\)"),
        (networks.gap_like().train(), [[0]] * 3, ["grad-cam"], "3", r"call model.eval\(\) first"),
        (SharedRelu().eval(), [[0]] * 3, ["grad-cam"], "relu", "'relu' ran 2 times"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_the_reason(network, targets, methods, layer, message):
    with pytest.raises(ExplanationError, match=message):
        explain(network, networks.pictures(), targets, methods, layer)
