"""What `explain` is asked, in the form that it works with; what it cannot work with is refused in words."""

from collections.abc import Iterable, Mapping, Sequence
from operator import index
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from stimuli.errors import ExplanationError
from stimuli.explain.trace import Target

Method = TypeVar("Method")


def check_network(model: nn.Module) -> None:
    """Raise ExplanationError for a network whose gradients cannot be followed, or in training mode."""
    if not isinstance(model, nn.Module):
        raise ExplanationError(f"the network must be a torch.nn.Module; this is a {type(model).__name__}")
    parts = dict(model.named_modules())
    tensors = (*model.parameters(), *model.buffers())
    if isinstance(model, torch.jit.ScriptModule):
        reason = "is scripted or traced, which hides its layers; explain the network that it was made of"
    elif quantised := [name for name, part in parts.items() if ".quantized" in type(part).__module__]:
        reason = f"is quantised (layer {quantised[0]!r}), so no gradient passes; explain the one that it was made of"
    elif any(tensor.is_inference() for tensor in tensors):
        reason = "was made under torch.inference_mode(), so no gradient passes; make or load it outside of that"
    elif any(tensor.is_meta for tensor in tensors):
        reason = "has weights on the meta device, which hold no numbers; load its weights first"
    elif training := [name for name, part in parts.items() if part.training]:
        reason = _in_training(model, training)
    else:
        return
    raise ExplanationError(f"the network {reason}")


def _in_training(model: nn.Module, training: Sequence[str]) -> str:
    if isinstance(model, torch.fx.GraphModule):
        return "is an exported graph in training mode; explain the network that it was made of, in eval mode"
    if model.training:
        return "is in training mode (dropout, batch statistics); call model.eval() first"
    return (
        f"is in eval mode, but its layers {', '.join(training[:3])} are in training mode, where they may draw at random"
        " or normalise by their batch; put them into eval mode too"
    )


def check_pictures(model: nn.Module, images: Tensor) -> None:
    """Raise ExplanationError where `images` are not pictures (N, C, H, W) of the network's kind of numbers."""
    wanted = "the pictures must be a tensor (N, 3, H, W) of floating-point numbers, normalised for the network"
    if not isinstance(images, Tensor):
        raise ExplanationError(f"{wanted}; this is a {type(images).__name__}")
    if images.ndim != 4 or 0 in images.shape:
        raise ExplanationError(f"{wanted}; these have the shape {tuple(images.shape)}")
    if not images.is_floating_point():
        raise ExplanationError(f"{wanted}; these are {_name(images.dtype)}")
    weights = [weight for weight in model.parameters() if weight.is_floating_point()]
    if weights and images.dtype not in (kinds := {weight.dtype for weight in weights}):
        raise ExplanationError(
            f"the pictures are {_name(images.dtype)}, the network is {', '.join(sorted(map(_name, kinds)))};"
            " convert one of them with .to(dtype)"
        )
    if weights and images.device not in (places := {weight.device for weight in weights}):
        raise ExplanationError(
            f"the pictures are on {images.device}, the network is on {', '.join(sorted(map(str, places)))};"
            " move one of them with .to(device)"
        )


def targets_of(targets: Sequence[Sequence[Target]], count: int) -> list[list[Target]]:
    """The targets of each of `count` images, categories as int. Raises ExplanationError for another form."""
    asked: list[Any] = targets.tolist() if hasattr(targets, "tolist") else list(targets)
    if len(asked) != count:
        raise ExplanationError(f"{count} images but {len(asked)} lists of targets; give one list an image")
    if flat := [wanted for wanted in asked if isinstance(wanted, str) or not isinstance(wanted, Iterable)]:
        raise ExplanationError(
            f"targets must be one list an image, as [[3], [5]]; {flat[0]!r} is not a list, write [{flat[0]!r}]"
        )
    return [[_target(target) for target in wanted] for wanted in asked]


def _target(target: Any) -> Target:
    if callable(target) and not isinstance(target, Tensor):
        return target
    try:
        if not isinstance(target, bool):
            return index(target)
    except TypeError:
        pass
    raise ExplanationError(f"target {target!r} is neither a category's index nor a function of an image's scores")


def methods_of(methods: Sequence[str] | Mapping[str, Method], known: Mapping[str, Method]) -> dict[str, Method]:
    """The methods by name: those that are given, or `known` ones. Raises ExplanationError where one is unknown."""
    if isinstance(methods, Mapping):
        return dict(methods)
    names = [methods] if isinstance(methods, str) else list(methods)
    if unknown := [method for method in names if method not in known]:
        raise ExplanationError(f"unknown method {', '.join(map(str, unknown))}; known are {', '.join(known)}")
    return {name: known[name] for name in names}


def layers_of(model: nn.Module, layer: str | Sequence[str] | None) -> list[str]:
    """The target layers' names. Raises ExplanationError for what is not one, and names a module that is."""
    layers = [layer] if isinstance(layer, str | nn.Module | int) else list(layer or ())
    names = {part: name for name, part in model.named_modules()}
    for wanted in layers:
        if isinstance(wanted, nn.Module):
            found = f"; this one is {names[wanted]!r}" if wanted in names else ", and this one is not in the network"
            raise ExplanationError(f"target layers are given by their dotted names{found}")
        if not isinstance(wanted, str):
            raise ExplanationError(f"target layers are given by their dotted names; {wanted!r} is none")
        if not wanted or wanted not in names.values():
            raise ExplanationError(
                f"the network has no layer {wanted!r}; it has {', '.join(filter(None, names.values()))}"
            )
    return layers


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
