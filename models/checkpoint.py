"""Checkpoint files: safetensors whose metadata says what the network is and how it was made. Never pickle."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from models.config import Output
from models.errors import NetworkError
from models.file_kinds import kind_of_file
from models.transform import Transform

_BEGINNING, _KEYS = b'{"__metadata__":{', (b'"average_precision"', b'"data_sha256"')  # of the header of our own files
_LONGEST = 1 << 22  # bytes of it


@dataclass(frozen=True)
class CheckpointMetadata:
    """What a checkpoint says of itself; stored as strings, the structured fields as JSON."""

    architecture: str
    categories: tuple[str, ...]
    transform: Transform
    mean_average_precision: float | None
    average_precision: dict[str, float | None]
    seed: int
    command: str
    data_sha256: str
    library_versions: dict[str, str]
    single_label: bool = False  # one of all categories (softmax), else each for itself (sigmoid)
    output: Output = "logits"


def write_checkpoint(path: Path, state: Mapping[str, Tensor], metadata: CheckpointMetadata) -> None:
    """Write `path` by atomic rename: it is never seen half-written."""
    fields = asdict(metadata) | {"transform": metadata.transform.facts}
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in fields.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(_ordered(save({key: tensor.contiguous() for key, tensor in state.items()}, texts)))
    temporary.replace(path)


def read_checkpoint(path: Path) -> tuple[dict[str, Tensor], CheckpointMetadata]:
    """Tensors and metadata of `path`. Raises NetworkError for a missing, damaged or foreign file."""
    require_own_checkpoint(path)
    try:
        with safe_open(path, framework="pt") as opened:
            texts = opened.metadata() or {}
            state = {key: opened.get_tensor(key) for key in opened.keys()}  # noqa: SIM118 - not a dict
        return state, _parse(texts)
    except FileNotFoundError:
        raise NetworkError(f"checkpoint {path} is missing; make it with `./manage.py train`") from None
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise NetworkError(f"checkpoint {path} is damaged ({error}); make it anew with `./manage.py train`") from error


def require_own_checkpoint(path: Path) -> None:
    """Raise NetworkError where there is a file at `path` that `./manage.py train` did not write, and say what it is."""
    if not os.path.lexists(path):
        return
    try:
        if path.is_file() and _is_own(path):
            return
        kind = kind_of_file(path)
    except OSError as error:
        raise NetworkError(f"checkpoint {path} cannot be read ({error.strerror}); mend that or name another") from error
    if kind.holds_weights:
        remedy = (
            "To train from it, name it as `weights` of the network, and name as `checkpoint` a new file that"
            " `./manage.py train` is to write"
        )
    else:
        remedy = "Name another file as `checkpoint`, which `./manage.py train` is to write, or move this one away"
    raise NetworkError(f"checkpoint {path} is {kind.words}. Discern did not write it and leaves it as it is. {remedy}")


def _is_own(path: Path) -> bool:
    with path.open("rb") as opened:
        header = opened.read(min(int.from_bytes(opened.read(8), "little"), _LONGEST))
    return header.startswith(_BEGINNING) and all(key in header for key in _KEYS)


def _ordered(content: bytes) -> bytes:
    """The safetensors file with its metadata first and sorted: the library orders it by chance, run by run."""
    end = 8 + int.from_bytes(content[:8], "little")
    fields = json.loads(content[8:end])
    first = {"__metadata__": fields.pop("__metadata__")}  # what _is_own looks for, before any layer's name
    ordered = first | dict(sorted(fields.items()))
    header = json.dumps({k: dict(sorted(v.items())) for k, v in ordered.items()}, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    return len(header).to_bytes(8, "little") + header + content[end:]


def _parse(texts: Mapping[str, str]) -> CheckpointMetadata:
    transform = json.loads(texts["transform"])
    measured = json.loads(texts["mean_average_precision"])
    return CheckpointMetadata(
        architecture=texts["architecture"],
        categories=tuple(json.loads(texts["categories"])),
        transform=Transform(
            int(transform["image_size"]), tuple(transform["mean"]), tuple(transform["std"]), transform.get("resize")
        ),
        mean_average_precision=None if measured is None else float(measured),
        average_precision=dict(json.loads(texts["average_precision"])),
        seed=int(texts["seed"]),
        command=texts["command"],
        data_sha256=texts["data_sha256"],
        library_versions=dict(json.loads(texts["library_versions"])),
        single_label=json.loads(texts.get("single_label", "false")),
        output=texts.get("output", "logits"),  # type: ignore[arg-type]  # written from the same type
    )
