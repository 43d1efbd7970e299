"""Methods of captum as methods of Discern. captum is optional: this module is the only one that imports it."""

import copy
import difflib
import warnings
from collections.abc import Callable, Iterator
from inspect import isclass, signature
from typing import Any

import captum.attr
import torch
from captum.attr import Attribution
from torch import Tensor

from stimuli.errors import ExplanationError
from stimuli.explain.methods import Method
from stimuli.explain.trace import Trace


def captum_class(name: str) -> type[Attribution]:
    """The class of captum.attr that is called so. Raises ExplanationError, which names the nearest, for another."""
    known = [key for key, value in vars(captum.attr).items() if isclass(value) and issubclass(value, Attribution)]
    if name not in known:
        near = difflib.get_close_matches(name, known, 3, 0.4) or sorted(known)
        raise ExplanationError(f"captum.attr has no method {name!r}; there are {', '.join(near)}")
    return getattr(captum.attr, name)


def from_captum(attribution: Callable[..., Attribution], **options: Any) -> Method:
    """Return the method that asks captum: `attribution` is a class such as captum.attr.IntegratedGradients.

    `options` go to its `attribute`, or to the class where that takes them; a class that explains by a layer gets the
    target layer. captum hooks the network's modules, so it gets a copy; it is asked once a pair, and every call is a
    forward pass of its own. Target functions are refused: captum knows categories alone.

    Raises ExplanationError for an option that captum does not take.
    """
    taken = list(signature(attribution).parameters)
    first = {key: value for key, value in options.items() if key in taken[1:]}
    later = {key: value for key, value in options.items() if key not in first}
    _refuse_unknown(attribution, later, taken)

    def asked(trace: Trace) -> Attribution:
        network = copy.deepcopy(trace.recording.model)
        layer = {"layer": network.get_submodule(trace.layer)} if "layer" in taken and trace.layer else {}
        return attribution(network, **layer, **first)

    def maps_of(trace: Trace) -> Tensor:
        if not all(isinstance(target, int) for target in trace.targets):
            raise ExplanationError("captum explains categories; it takes no target function")
        try:
            return torch.cat(list(_attributed(asked(trace), trace, later))).detach()
        except ExplanationError:
            raise
        except Exception as error:  # of another package, in a network that is not its own
            name = getattr(attribution, "__name__", "the class")
            raise ExplanationError(
                f"captum's {name} failed ({type(error).__name__}: {error}); correct its options or choose another one"
            ) from error

    return Method(maps_of, at_picture=())


def _attributed(asked: Attribution, trace: Trace, options: dict[str, Any]) -> Iterator[Tensor]:
    for image, target in zip(trace.images.split(1), trace.targets, strict=True):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Setting .*hooks", UserWarning)  # on a copy, which is thrown away
            yield asked.attribute(image.clone().requires_grad_(), target=target, **options)


def _refuse_unknown(attribution: Callable[..., Attribution], options: dict[str, Any], taken: list[str]) -> None:
    attribute = getattr(attribution, "attribute", None)
    told = signature(attribute).parameters if attribute else {}
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in told.values()) or not told:
        return
    own = {"self", "inputs", "target", "layer", "forward_func", "model"}
    known = [name for name in (*told, *taken[1:]) if name not in own]
    if unknown := [name for name in options if name not in known]:
        raise ExplanationError(f"captum's class has no option {', '.join(unknown)}; it takes {', '.join(known)}")
