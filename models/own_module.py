"""A network from a function of the researcher's own: `module = "file.py:function"` or `"package.module:function"`."""

import importlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from torch import Tensor, nn

from models.errors import NetworkError


def build_own(spec: str) -> nn.Module:
    """What the function that `spec` names returns, called without arguments: a network, in eval mode.

    Its code is run. Where it answers with an object that has `logits`, these are its answer. Raises NetworkError
    where file, package or function are missing, fail or return something else.
    """
    function = own_function(spec, "module")
    try:
        module = function()
    except Exception as error:  # anything can go wrong in a function that is not ours
        raise NetworkError(
            f"module {spec!r}: the function failed ({type(error).__name__}: {error}); correct it, and let it be called"
            " without arguments"
        ) from error
    if not isinstance(module, nn.Module):
        raise NetworkError(f"module {spec!r} returns {type(module).__name__}; it must return a torch.nn.Module")
    module.register_forward_hook(_logits_alone)
    return module.eval()


def _logits_alone(_module: nn.Module, _inputs: object, answer: object) -> Tensor | None:
    """The `logits` of an answer that is an object with such, as transformers gives it; else the answer stays."""
    logits = getattr(answer, "logits", None)
    return logits if isinstance(logits, Tensor) else None


def own_function(spec: str, key: str) -> Callable[..., object]:
    """The function that `spec` names. Raises NetworkError, which calls it `key`, where it cannot be had."""
    place, _, name = spec.rpartition(":")
    if place.endswith(".py") and not Path(place).is_file():
        raise NetworkError(f"{key} {spec!r}: there is no file {place}; put it there or correct its path")
    try:
        found = _of_file(Path(place)) if place.endswith(".py") else importlib.import_module(place)
    except Exception as error:  # a file of somebody else's is run
        raise NetworkError(
            f"{key} {spec!r} cannot be imported ({type(error).__name__}: {error}); install what it needs or correct it"
        ) from error
    function = getattr(found, name, None)
    if not callable(function):
        there = ", ".join(_own_names(found)) or "none"
        raise NetworkError(f"{key} {spec!r}: no function {name!r}; functions there: {there}")
    return function


def _of_file(path: Path) -> ModuleType:
    specification = importlib.util.spec_from_file_location(f"discern_own_{path.stem}", path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module  # dataclasses and pickles look their module up
    specification.loader.exec_module(module)
    return module


def _own_names(module: ModuleType) -> list[str]:
    """Functions and classes that the module itself defines."""
    return [
        name
        for name, value in vars(module).items()
        if callable(value) and name[0] != "_" and getattr(value, "__module__", "") == module.__name__
    ]
