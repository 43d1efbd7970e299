"""captum's methods can be plugged in, and captum stays optional."""

import pytest
import torch
from captum.attr import InputXGradient, IntegratedGradients

from stimuli.errors import ExplanationError
from stimuli.explain.captum_adapter import from_captum
from stimuli.explain.engine import explain
from stimuli.explain.methods import METHODS
from tests.stimuli import networks

pytestmark = pytest.mark.slow


def test_a_captum_method_answers_for_every_pair(monkeypatch):
    monkeypatch.setitem(METHODS, "input-x-gradient", from_captum(InputXGradient))
    network, images = networks.vgg_like(), networks.pictures()
    maps = explain(network, images, [[0, 3], [], [1]], ["input-x-gradient"]).maps["input-x-gradient"]
    leaf = images.clone().requires_grad_()
    scores = network(leaf)
    for place, (row, category) in enumerate(((0, 0), (0, 3), (2, 1))):
        (gradient,) = torch.autograd.grad(scores[row, category], leaf, retain_graph=True)
        assert torch.allclose(maps[place], images[row] * gradient[row], rtol=1e-10, atol=0)


def test_its_options_reach_captum(monkeypatch):
    """Integrated gradients sum to the difference of the scores (completeness), the better the more steps."""
    monkeypatch.setitem(METHODS, "integrated", from_captum(IntegratedGradients, n_steps=400))
    network, images = networks.gap_like(), networks.pictures(1)
    found = explain(network, images, [[2]], ["integrated"])
    difference = network(images)[0, 2] - network(torch.zeros_like(images))[0, 2]
    assert found.maps["integrated"].sum().item() == pytest.approx(difference.item(), rel=1e-2)


def test_captum_gets_a_copy_of_the_network(monkeypatch):
    seen = []

    class Watching(InputXGradient):
        def __init__(self, model):
            seen.append(model)
            super().__init__(model)

    monkeypatch.setitem(METHODS, "watching", from_captum(Watching))
    network = networks.gap_like()
    explain(network, networks.pictures(1), [[2]], ["watching"])
    assert seen[0] is not network


def test_target_functions_are_refused(monkeypatch):
    monkeypatch.setitem(METHODS, "input-x-gradient", from_captum(InputXGradient))
    with pytest.raises(ExplanationError, match="takes no target function"):
        explain(networks.gap_like(), networks.pictures(1), [[lambda scores: scores.sum()]], ["input-x-gradient"])


def test_explaining_does_not_need_captum(loaded_by_stimuli):
    assert "stimuli.explain.engine" in loaded_by_stimuli
    assert "captum" not in loaded_by_stimuli
