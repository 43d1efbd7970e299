"""Networks of transformers, tiny and with random weights, against autograd, captum and the reference."""

import pytest
import torch
import transformers  # its networks, which take long to load, where they are used
from captum.attr import LayerGradCam
from torch import nn

from stimuli.explain import Window, explain
from tests.stimuli.explain.test_explain_leaves_the_network_alone import assert_same, state
from tests.stimuli.reference import modified_gradient

LAST = "resnet.encoder.stages.1"
TOKENS = "vit.layers.1.layernorm_before"
SIZES = {"hidden_size": 24, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}


def enlarged(maps):
    return nn.functional.interpolate(maps, (32, 32), mode="bilinear", align_corners=True)


def logits_of(answer):
    return answer.logits


class Logits(nn.Module):
    """What the oracles take: a network that answers with a tensor."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, pictures):
        return self.network(pictures).logits


@pytest.fixture
def pictures():
    return torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


@pytest.fixture
def vit():
    torch.manual_seed(0)
    network = transformers.ViTForImageClassification(
        transformers.ViTConfig(**SIZES, image_size=32, patch_size=8, num_labels=5)
    )
    return network.double().eval()


@pytest.fixture
def resnet():
    torch.manual_seed(0)
    sizes = {"embedding_size": 8, "hidden_sizes": [8, 16], "depths": [1, 1], "layer_type": "basic"}
    return transformers.ResNetForImageClassification(transformers.ResNetConfig(**sizes, num_labels=5)).double().eval()


def gradient(network, layer, pictures, target):
    """(maps, gradient) at `layer` of the sum over pictures of `target` of what the network answers, by autograd."""
    found = []
    hook = network.get_submodule(layer).register_forward_hook(lambda _, __, output: found.append(output))
    score = sum(target(row) for row in network(**pictures).logits)
    hook.remove()
    return found[0], torch.autograd.grad(score, found[0])[0]


def by_hand(network, layer, inputs, target, before=1):
    """Grad-CAM of tokens after `before` others, by its formula, not enlarged."""
    tokens, grads = (part[:, before:].detach() for part in gradient(network, layer, inputs, target))
    return torch.relu((grads.mean(1, keepdim=True) * tokens).sum(2)).unflatten(1, (4, 4)).unsqueeze(1)


def test_a_residual_network_s_maps_are_those_of_captum_and_of_the_reference(resnet, pictures):
    before = state(resnet)
    methods = ["grad-cam", "guided-backprop", "gradient"]
    found = explain(resnet, {"pixel_values": pictures}, [[1], [1]], methods, LAST, select=logits_of)
    assert_same(before, state(resnet))
    plain = Logits(resnet)
    cam = LayerGradCam(plain, plain.network.resnet.encoder.stages[1]).attribute(pictures, 1, relu_attributions=True)
    torch.testing.assert_close(found.maps["grad-cam"], enlarged(cam.detach()))
    guided = torch.stack([modified_gradient("guided-backprop", plain, picture, 1) for picture in pictures])
    torch.testing.assert_close(found.maps["guided-backprop"], guided)
    asked = pictures.clone().requires_grad_()
    torch.testing.assert_close(found.maps["gradient"], torch.autograd.grad(plain(asked)[:, 1].sum(), asked)[0])


def test_a_vision_transformer_s_tokens_become_the_maps_that_the_formula_gives(vit, pictures):
    found = explain(vit, {"pixel_values": pictures}, [[3], [3]], ["grad-cam"], TOKENS, select=logits_of)
    assert found.maps["grad-cam"].amax((1, 2, 3)).min() > 0
    expected = by_hand(vit, TOKENS, {"pixel_values": pictures}, lambda logits: logits[3])
    torch.testing.assert_close(found.maps["grad-cam"], enlarged(expected))


def test_an_answer_s_word_of_a_network_of_pictures_and_words_is_explained(pictures):
    """The picture's 16 places among the words are numbers 39; the last place answers."""
    torch.manual_seed(0)
    config = transformers.LlavaConfig(
        vision_config=transformers.CLIPVisionConfig(**SIZES | {"num_hidden_layers": 3}, image_size=32, patch_size=8),
        text_config=transformers.LlamaConfig(**SIZES, vocab_size=40, num_key_value_heads=2),
        image_token_index=39,
    )
    network = transformers.LlavaForConditionalGeneration(config).double().eval()
    words = torch.tensor([[1, *[39] * 16, 4, 5], [1, *[39] * 16, 6, 7]])
    inputs, layer = {"pixel_values": pictures, "input_ids": words}, "model.vision_tower.encoder.layers.1.layer_norm1"

    def answer(logits):
        return logits[-1, 9]

    found = explain(
        network, inputs, [[answer], [answer]], ["gradient", "grad-cam", "occlusion"], layer,
        select=logits_of, window=Window(8, 8),
    )  # fmt: skip
    expected = by_hand(network, layer, inputs, answer)
    torch.testing.assert_close(found.maps["grad-cam"], enlarged(expected))
    masked = pictures.clone()
    masked[:, :, 8:16, 24:] = 0
    scores = [network(pixel_values=each, input_ids=words).logits[:, -1, 9] for each in (pictures, masked)]
    torch.testing.assert_close(found.maps["occlusion"][:, 0, 10, 30], scores[0] - scores[1])
    swapped = explain(
        network, {**inputs, "input_ids": words.flip(0)}, [[answer]] * 2, ["grad-cam"], layer, select=logits_of
    )
    assert not torch.allclose(swapped.maps["grad-cam"], found.maps["grad-cam"])
