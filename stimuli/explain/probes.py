"""Whether a network answers each picture by itself, and twice the same."""

import warnings

import torch
from torch import Tensor, nn

from stimuli.errors import ExplanationError, ExplanationWarning
from stimuli.explain.hidden_gates import noise_like


@torch.no_grad()
def check_answers(model: nn.Module, images: Tensor) -> None:
    """Raise ExplanationError where `model` mixes the pictures of a batch or draws at random; warn of a softmax.

    Asks for the scores of a picture of noise beside two others. A network that takes no two pictures is not asked.
    """
    noise = noise_like(images, 3)
    first, second = torch.cat((noise, 1 - noise)), torch.cat((3 + noise, noise))
    before = _random_state(images)
    try:
        scores, others = model(first), model(second)
    except Exception:  # the recorded pass will say what is wrong, with the pictures that were asked about
        return
    if not (isinstance(scores, Tensor) and scores.ndim > 0 and scores.shape == others.shape):
        return
    has_drawn = not torch.equal(before, _random_state(images))
    if has_drawn or _differ(scores[0], others[1]):
        again = model(first)
        if _differ(scores, again) or (has_drawn and not torch.equal(scores, again)):
            raise ExplanationError(
                "the network gives other scores for the same pictures each time: it draws at random, also in eval mode"
                " (functional dropout without training=self.training?); make it give the same scores each time"
            )
    if _differ(scores[0], others[1]):
        raise ExplanationError(
            "the network's scores of a picture depend on the other pictures of its batch, so its explanation would too"
            " (batch norm without running statistics?); make it treat each picture by itself"
        )
    if scores.ndim == 2:
        _warn_of_softmax(scores)


def _random_state(images: Tensor) -> Tensor:
    """Of the generator that a network would draw from: it moves on with each number drawn."""
    return torch.cuda.get_rng_state(images.device) if images.is_cuda else torch.get_rng_state()


def _differ(one: Tensor, other: Tensor) -> bool:
    """By more than rounding; numbers that are not finite are told of elsewhere."""
    if not one.is_floating_point():
        return False
    rounding = torch.finfo(one.dtype).eps ** 0.5 * one.abs().max()
    return bool(((one - other).abs() > rounding).any())


def _warn_of_softmax(scores: Tensor) -> None:
    totals = scores.sum(1) if scores.min() >= 0 else scores.exp().sum(1)
    if scores.shape[1] > 1 and (totals - 1).abs().max() < 1e-3:
        warnings.warn(
            "the network's scores are a softmax: its gradient fades where the network is sure, and speaks for a"
            " category by speaking against the others; explain the logits: leave the softmax out of the network",
            ExplanationWarning,
            stacklevel=2,
        )
