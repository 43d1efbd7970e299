"""Several inputs, answers of any form, any differentiable target: against the same network with one of each."""

from collections import OrderedDict
from dataclasses import dataclass, replace

import pytest
import torch
from torch import nn

from stimuli.errors import ExplanationError
from stimuli.explain import Window, explain
from tests.stimuli import networks
from tests.stimuli.explain.test_explain import agree
from tests.stimuli.explain.test_explain_leaves_the_network_alone import assert_same, state

TARGETS = [[0, 3], [], [4]]
METHODS = {name: method for name, method in networks.NOT_BLANK.items() if name not in ("cam", "occlusion")}


class Conditioned(nn.Module):
    """Scores of a picture, shifted and scaled by numbers that come with it; the answer as transformers gives it."""

    def __init__(self, form=OrderedDict):
        super().__init__()
        self.network, self.form = networks.vgg_like(), form

    def forward(self, pixel_values, numbers, gain=1.0, mask=None):
        maps = pixel_values * numbers.view(-1, 1, 1, 1)
        return self.form({"hidden": maps, "logits": gain * self.network(maps)})


class Plain(nn.Module):
    """The same for one picture's number."""

    def __init__(self, number):
        super().__init__()
        self.network, self.number = networks.vgg_like(), number

    def forward(self, x):
        return 2.0 * self.network(self.number * x)


def oracle(images, numbers, methods=METHODS):
    found = [
        explain(Plain(number).eval(), images[row : row + 1], [TARGETS[row]], methods, "network.9").maps
        for row, number in enumerate(numbers)
        if TARGETS[row]
    ]
    return {method: torch.cat([maps[method] for maps in found]) for method in methods}


@dataclass
class Answer:
    logits: torch.Tensor
    hidden: torch.Tensor


NUMBERS = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)


def test_each_picture_goes_with_its_own_other_inputs_for_all_methods():
    images = networks.pictures()
    inputs = {"pixel_values": images, "numbers": NUMBERS, "gain": 2.0, "mask": None}
    network = Conditioned().eval()
    before = state(network)
    found = explain(network, inputs, TARGETS, METHODS, "network.9", select=lambda answer: answer["logits"])
    assert_same(before, state(network))
    for method, expected in oracle(images, NUMBERS).items():
        agree(found.maps[method], expected)
    assert torch.equal(found.logits, network(**inputs)["logits"])


@pytest.mark.parametrize(
    ("form", "select"),
    [
        (lambda found: Answer(**found), lambda answer: answer.logits),
        (lambda found: (found["hidden"], found["logits"]), lambda answer: answer[1]),
    ],
    ids=["object", "tuple"],
)
def test_inputs_in_order_and_answers_of_other_forms(form, select):
    images, methods = networks.pictures(), {"gradient": networks.FEW["gradient"], "rise": networks.FEW["rise"]}
    found = explain(Conditioned(form).eval(), (images, NUMBERS, 2.0), TARGETS, methods, select=select)
    for method, expected in oracle(images, NUMBERS, methods).items():
        agree(found.maps[method], expected)


def test_one_of_two_pictures_is_explained_as_named():
    class Both(nn.Module):
        def forward(self, left, right):
            return (left * right).mean((2, 3))

    left, right = networks.pictures(2), networks.pictures(2).flip(0)
    found = explain(Both().eval(), {"left": left, "right": right}, [[1], [2]], ["gradient"], of="right").maps[
        "gradient"
    ]
    for row, category in enumerate((1, 2)):
        expected = torch.zeros_like(left[row])
        expected[category] = left[row, category] / left[row, 0].numel()
        torch.testing.assert_close(found[row], expected)


def test_a_target_is_any_differentiable_scalar_of_what_is_selected():
    """Here the answer is a map for each category, as of a network that segments."""
    network, images = networks.vgg_like()[:10].eval(), networks.pictures()
    for methods in (["gradient"], ["grad-cam"], {"rise": networks.FEW["rise"]}):
        (method,) = methods
        found = explain(network, images, [[lambda maps: maps[3, 2:5].mean()]] * 3, methods, "4").maps[method]
        pooled = explain(Pooled(network).eval(), images, [[0]] * 3, methods, "network.4").maps[method]
        agree(found, pooled)


class Pooled(nn.Module):
    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, x):
        return self.network(x)[:, 3, 2:5].mean((1, 2)).unsqueeze(1)


def test_a_single_number_for_each_picture_is_explained_too():
    network, images = networks.vgg_like(), networks.pictures()
    found = explain(network, images, [[lambda age: age]] * 3, ["guided-backprop"], select=lambda scores: scores[:, 2])
    agree(
        found.maps["guided-backprop"], explain(network, images, [[2]] * 3, ["guided-backprop"]).maps["guided-backprop"]
    )


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_the_mode_and_the_dtype_are_the_callers(mode):
    network = Conditioned().float().eval()
    with mode():
        inputs = {"pixel_values": networks.pictures().float(), "numbers": NUMBERS.float()}
        found = explain(network, inputs, TARGETS, ["gradient"], select=lambda answer: answer["logits"])
    assert found.maps["gradient"].dtype == torch.float32


def test_a_network_in_half_precision_keeps_it():
    network, images = networks.gap_like().to(torch.bfloat16), networks.pictures().to(torch.bfloat16)
    found = explain(network, images, [[0]] * 3, networks.FEW, "3", window=Window(9, 8))
    assert {maps.dtype for maps in found.maps.values()} == {torch.bfloat16}


@pytest.mark.parametrize(
    ("inputs", "options", "message"),
    [
        (
            {"pixel_values": 0, "numbers": 0},
            {},
            r"it answered a OrderedDict with hidden, logits; choose one, as select=",
        ),
        ({"a": 1}, {}, "say which of the inputs is explained, as of=…; .* are none"),
        ({"pixel_values": 0, "other": 0}, {"of": "numbers"}, "input 'numbers' is none.* are 'pixel_values', 'other'"),
    ],
)
def test_what_cannot_be_found_is_asked_for(inputs, options, message):
    images = networks.pictures()
    given = {key: NUMBERS if key == "numbers" else images if value == 0 else value for key, value in inputs.items()}
    with pytest.raises(ExplanationError, match=message):
        explain(Conditioned().eval(), given, TARGETS, ["gradient"], **options)


def test_a_category_of_an_answer_without_categories_is_refused():
    with pytest.raises(
        ExplanationError, match=r"target 1 is a category, for which .* scores .*select=…, or give a func"
    ):
        explain(networks.vgg_like()[:4].eval(), networks.pictures(), [[1]] * 3, ["gradient"])


def test_a_method_that_mixes_up_rows_is_refused():
    def careless(trace):
        return trace.recording.answer(trace.images[:2]) and trace.images

    method = replace(networks.FEW["gradient"], maps=careless)
    inputs = {"pixel_values": networks.pictures(), "numbers": NUMBERS}
    with pytest.raises(ExplanationError, match="2 pictures, which belong to none of the 3 rows of input 'numbers'"):
        explain(Conditioned().eval(), inputs, [[0]] * 3, {"careless": method}, select=lambda answer: answer["logits"])
