"""Weights a network starts from: torchvision's own or a state-dict file, all but the head."""

import pickle
from collections.abc import Mapping
from pathlib import Path
from urllib.error import URLError

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from models.architectures import find_head
from models.errors import NetworkError
from models.file_kinds import kind_of_file

_TORCHVISION = "torchvision:"
_WRAPPERS = ("state_dict", "model")  # what training scripts put a state dict into
_PARALLEL = "module."
_AUXILIARY = ("aux1.", "aux2.", "AuxLogits.")


def load_weights(module: nn.Module, architecture: str, weights: str, but: str = "") -> None:
    """Load `weights` (`torchvision:<NAME>` or a file's path) into all of `module` but its head, or its part `but`.

    Raises NetworkError where they are unknown, missing, damaged or made for another architecture.
    """
    state, _ = read_weights(architecture, weights)
    left_out = f"{but or find_head(module)}."
    body = {k: v for k, v in state.items() if not k.startswith((left_out, *_AUXILIARY))}
    load_state(module, body, f"weights {weights}", architecture, may_lack=left_out)


def read_weights(architecture: str, weights: str) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    """The tensors of `weights` by name, and what was unwrapped to find them, in words. Raises NetworkError."""
    if weights.startswith(_TORCHVISION):
        return dict(_torchvision_state(architecture, weights)), ()
    return _file_state(Path(weights))


def load_state(
    module: nn.Module, state: Mapping[str, Tensor], source: str, architecture: str, may_lack: str = ""
) -> None:
    """Load `state` strictly; only keys that start with `may_lack`, if given, may be missing. Raises NetworkError."""
    own = module.state_dict()
    missing = [k for k in own if k not in state and not (may_lack and k.startswith(may_lack))]
    unexpected = [k for k in state if k not in own]
    reshaped = [f"{k} {tuple(state[k].shape)}" for k in state if k in own and state[k].shape != own[k].shape]
    problems = [
        f"{what} {', '.join(keys[:3])}{' and more' if len(keys) > 3 else ''}"
        for what, keys in (("lacks", missing), ("has unknown", unexpected), ("has another shape for", reshaped))
        if keys
    ]
    if problems:
        raise NetworkError(
            f"{source} does not fit {architecture}: it {'; it '.join(problems)}; name the right architecture or file"
        )
    module.load_state_dict(state, strict=False)


def _torchvision_state(architecture: str, weights: str) -> Mapping[str, Tensor]:
    from torchvision.models import get_model_weights  # takes as long to load as torch

    name = weights.removeprefix(_TORCHVISION)
    try:
        known = get_model_weights(architecture)
    except ValueError:
        raise NetworkError(
            f"torchvision has no weights for {architecture}; name a state-dict file or leave weights out"
        ) from None
    if name not in known.__members__:
        raise NetworkError(
            f"torchvision has no weights {name!r} for {architecture}; it has {', '.join(known.__members__)}"
        )
    try:
        return known[name].get_state_dict(progress=False, check_hash=True)
    except (URLError, OSError, RuntimeError) as error:
        raise NetworkError(
            f"weights {weights} of {architecture} could not be fetched ({error}); connect to the internet once,"
            " or name a state-dict file"
        ) from error


def _why_unread(path: Path, error: Exception) -> str:
    kind = kind_of_file(path)
    if not kind.holds_weights:
        return f"cannot be read: it is {kind.words}; name a file that holds a state dict"
    if isinstance(error, pickle.UnpicklingError):
        return (
            "hold more than tensors and are not opened, as that could run foreign code;"
            " save them as `torch.save(module.state_dict(), file)`"
        )
    return f"are damaged ({error}); fetch them anew"


def _file_state(path: Path) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    if not path.exists():
        raise NetworkError(f"weights {path} are missing; put the file there or correct its path")
    try:
        state = load_file(path) if path.suffix == ".safetensors" else torch.load(path, "cpu", weights_only=True)
    except (pickle.UnpicklingError, SafetensorError, RuntimeError, OSError, EOFError, ValueError, KeyError) as error:
        raise NetworkError(f"weights {path} {_why_unread(path, error)}") from error
    notes = []
    for key in _WRAPPERS:
        if isinstance(state, Mapping) and isinstance(state.get(key), Mapping):
            state = state[key]
            notes.append(f"the weights were taken from {key!r} inside of the file")
    if not isinstance(state, Mapping) or not all(isinstance(value, Tensor) for value in state.values()):
        raise NetworkError(f"weights {path} are not a state dict; save them as `torch.save(module.state_dict(), file)`")
    if state and all(name.startswith(_PARALLEL) for name in state):
        state = {name.removeprefix(_PARALLEL): tensor for name, tensor in state.items()}
        notes.append(f"{_PARALLEL!r} was taken off the names, which DataParallel puts there")
    return dict(state), tuple(notes)
