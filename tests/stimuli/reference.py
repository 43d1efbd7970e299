"""An independent reference: the ReLU rules as custom autograd functions, put in place of every ReLU call.

It shares no mechanism with stimuli/: a TorchFunctionMode rewrites the forward pass, nothing hooks the graph.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

_RELUS = {torch.relu, torch.relu_, F.relu, Tensor.relu, Tensor.relu_}
_CLIPPED = {F.hardtanh, F.relu6, F.hardtanh_, torch.clamp, Tensor.clamp, torch.clamp_min, Tensor.clamp_min}


class _Guided(torch.autograd.Function):
    @staticmethod
    def forward(context, z, lower, upper):
        context.save_for_backward((z > lower) & (z < upper))
        return torch.minimum(torch.maximum(z, torch.full_like(z, lower)), torch.full_like(z, upper))

    @staticmethod
    def backward(context, g):
        (inside,) = context.saved_tensors
        return torch.where(inside & (g > 0), g, torch.zeros_like(g)), None, None


class _Deconvolution(_Guided):
    @staticmethod
    def backward(context, g):
        return torch.where(g > 0, g, torch.zeros_like(g)), None, None


class _Replaced(TorchFunctionMode):
    def __init__(self, function: type[torch.autograd.Function]) -> None:
        super().__init__()
        self.function = function

    def __torch_function__(self, called, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        infinity = float("inf")
        if called in _RELUS:
            return self.function.apply(args[0], 0.0, infinity)
        if called in _CLIPPED:
            names = ("min_val", "max_val") if "hardtanh" in called.__name__ else ("min", "max")
            bounds = dict(zip(names, args[1:], strict=False)) | kwargs
            upper = 6.0 if called is F.relu6 else bounds.get(names[1])
            lower = 0.0 if called is F.relu6 else bounds[names[0]]
            return self.function.apply(args[0], lower, infinity if upper is None else upper)
        return called(*args, **kwargs)


def modified_gradient(method: str, network: nn.Module, image: Tensor, category: int) -> Tensor:
    """Guided backpropagation or deconvolution of one category for `image` (3, H, W)."""
    leaf = image.clone().requires_grad_()
    with _Replaced({"guided-backprop": _Guided, "deconvolution": _Deconvolution}[method]):
        score = network(leaf[None])[0, category]
    return torch.autograd.grad(score, leaf)[0]
