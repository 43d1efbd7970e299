"""Methods that a definition names: built-in ones with options, functions of the researcher's own, classes of captum."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from inspect import Parameter, signature
from typing import Any

import numpy as np
import torch
from torch import Tensor

from models.errors import NetworkError
from models.own_module import own_function
from stimuli.errors import ExplanationError, GenerationError
from stimuli.explain.methods import METHODS, Method, with_options
from stimuli.explain.recording import described
from stimuli.explain.trace import Trace
from stimuli.method_config import MethodConfig


def methods_of_study(configs: Mapping[str, MethodConfig]) -> dict[str, Method]:
    """The built-in methods and those of `configs`, by name, but for those whose pictures are made elsewhere.

    Code of the researcher's own is run.

    Raises GenerationError, naming the method, where a function, class or option is not there.
    """
    own = {name: _method(name, config) for name, config in configs.items() if not config.pictures}
    return {name: method for name, method in METHODS.items() if name not in configs} | own


def _method(name: str, config: MethodConfig) -> Method:
    try:
        if config.built_in:
            return with_options(METHODS[config.built_in], config.options)
        own = _of_captum(config) if config.captum else _of_function(config)
        return replace(own, maps=partial(_checked, name, own.maps))
    except (ExplanationError, NetworkError) as error:
        raise GenerationError(f"method {name!r}: {error}") from error


def _of_captum(config: MethodConfig) -> Method:
    try:
        from stimuli.explain.captum_adapter import captum_class, from_captum
    except ModuleNotFoundError as error:
        raise ExplanationError(f"captum is not installed ({error.name} is missing); pip install captum") from error
    return from_captum(captum_class(config.captum), **_as_tuples(config.options))


def _as_tuples(value: Any) -> Any:
    """Lists as tuples, which captum's options are."""
    if isinstance(value, dict):
        return {key: _as_tuples(inner) for key, inner in value.items()}
    return tuple(map(_as_tuples, value)) if isinstance(value, list) else value


_GIVEN: dict[int, Callable[[Trace], tuple[Any, ...]]] = {
    1: lambda trace: (trace,),
    2: lambda trace: (trace.images, list(trace.targets)),
    3: lambda trace: (copy.deepcopy(trace.recording.model), trace.images, list(trace.targets)),
}
"""What a function is given, by the number of its parameters; the network as a copy, so that it may be hooked."""


def _of_function(config: MethodConfig) -> Method:
    function = own_function(config.function, "function")
    told = signature(function).parameters.values()
    positional = [p for p in told if p.kind in (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)]
    given = [p.name for p in positional if p.default is Parameter.empty and p.name not in config.options]
    if len(given) not in _GIVEN:
        raise ExplanationError(
            f"function {config.function!r} takes {', '.join(given) or 'nothing'}; it must take (trace),"
            " (images, targets) or (network, images, targets), and options with a default"
        )
    takes_any = any(p.kind is Parameter.VAR_KEYWORD for p in told)
    optional = [p.name for p in told if p.name not in given]
    if unknown := [name for name in config.options if name not in optional and not takes_any]:
        there = f"it takes {', '.join(optional)}" if optional else "it takes none"
        raise ExplanationError(f"function {config.function!r} has no option {', '.join(unknown)}; {there}")

    def maps(trace: Trace) -> Any:
        try:
            return function(*_GIVEN[len(given)](trace), **config.options)
        except ExplanationError:
            raise
        except Exception as error:  # anything can go wrong in a function that is not ours
            raise ExplanationError(
                f"function {config.function!r} failed ({type(error).__name__}: {error}); correct it"
            ) from error

    return Method(maps, at_picture=None if len(given) == 1 else ())


def _checked(name: str, maps_of: Callable[[Trace], Any], trace: Trace) -> Tensor:
    """The maps as they are. Raises ExplanationError, which names the method, for what is no map for each pair.

    torch draws the same numbers for each batch, so that a run that was stopped comes out as one that was not.
    """
    device = trace.images.device
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(0)
        maps = _named(name, maps_of, trace)
    found = torch.from_numpy(maps) if isinstance(maps, np.ndarray) else maps
    pairs, (height, width) = len(trace.targets), trace.size
    wanted = f"({pairs}, 1 or 3, {height}, {width}), one map for each picture and target"
    if not isinstance(found, Tensor) or tuple(found.shape) not in {(pairs, c, height, width) for c in (1, 3)}:
        problem = f"it returns {described(found)}; return a tensor or array of shape {wanted}"
    elif not found.is_floating_point():
        problem = f"its maps are {found.dtype}; return floating-point numbers, as with .float()"
    elif not found.isfinite().all():
        problem = "its maps hold NaN or infinity; return finite numbers, 0 where there is nothing"
    else:
        return found.detach().to(device)
    raise ExplanationError(f"method {name!r}: {problem}")


def _named(name: str, maps_of: Callable[[Trace], Any], trace: Trace) -> Any:
    try:
        return maps_of(trace)
    except ExplanationError as error:
        raise ExplanationError(f"method {name!r}: {error}") from error
