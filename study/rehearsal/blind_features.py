"""What a network observer can note of a trial, as numbers: everything but the pixels of its pictures."""

import math
import struct
from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from study.errors import BlindnessError
from study.rehearsal.simulated import Exchange

Observed = dict[str, str | float]  # name → text, or number
_FEW = 32  # values at most that are taken for kinds
_SPELLED = 24  # characters of a text that are looked at one by one
_OF_ITSELF = {"date"}  # the clock
_PIXELS = b"IDAT"  # their bytes follow from the pixels; their number is looked at
_FRAME_BYTES = 12  # of a chunk beside its content


def observe_reply(name: str, exchange: Exchange) -> Observed:
    """Status, headers, length and time of a reply."""
    seen: Observed = {f"{name}.status": float(exchange.status), f"{name}.bytes": float(len(exchange.content))}
    seen[f"{name}.log seconds"] = math.log(exchange.seconds + 1e-6)
    for header, value in exchange.headers:
        if header.lower() not in _OF_ITSELF:
            seen[f"{name}.{header.lower()}"] = value
    return seen


def observe_picture(name: str, exchange: Exchange) -> Observed:
    """The reply, its address, and all that the file holds beside its pixels: kinds and contents of its chunks.

    Raises BlindnessError unless it is a PNG.
    """
    seen = observe_reply(name, exchange)
    seen[f"{name}.address"] = urlsplit(exchange.path).path.rpartition("/")[2]
    seen[f"{name}.address bytes"] = float(len(exchange.path))
    parts = chunks(exchange.content)
    # Encoders split the pixels into chunks of one size, so their number follows from the pixels too.
    seen[f"{name}.chunks"] = " ".join(kind.decode("latin-1") for kind, _ in groupby(parts, key=itemgetter(0)))
    pixels = [content for kind, content in parts if kind == _PIXELS]
    seen[f"{name}.bytes of pixels"] = float(sum(map(len, pixels)) + _FRAME_BYTES * len(pixels))
    for kind, content in parts:
        if kind != _PIXELS:
            seen[f"{name}.{kind.decode('latin-1')}"] = content.hex()
    return seen


def observe_json(name: str, content: Any) -> Observed:
    """The leaves of a JSON value, each under its path."""
    if isinstance(content, Mapping):
        inner = [observe_json(f"{name}.{key}", value) for key, value in content.items()]
    elif isinstance(content, list):
        inner = [observe_json(f"{name}.{place}", value) for place, value in enumerate(content)]
    elif isinstance(content, bool | int | float):
        return {name: float(content)}
    else:
        return {name: "" if content is None else str(content)}
    return {key: value for leaves in inner for key, value in leaves.items()}


def chunks(png: bytes) -> list[tuple[bytes, bytes]]:
    """(kind, content) of each chunk, then of what follows the end. Raises BlindnessError unless it is a PNG."""
    if png[:8] != b"\x89PNG\r\n\x1a\n":
        raise BlindnessError("a picture is not a PNG: all must have one encoder")
    found, at = [], 8
    while at + 12 <= len(png):
        (length,), kind = struct.unpack(">I", png[at : at + 4]), png[at + 4 : at + 8]
        found.append((kind, png[at + 8 : at + 8 + length]))
        at += 12 + length
        if kind == b"IEND":
            break
    return [*found, (b"after", png[at:])]


def feature_table(trials: Sequence[Observed]) -> np.ndarray:
    """(N, F), standardised; what never varies is left out."""
    names = sorted({name for trial in trials for name in trial})
    columns = [column for name in names for column in _columns([trial.get(name) for trial in trials])]
    table = np.column_stack([np.zeros(len(trials)), *columns]).astype(float)
    spread = table.std(axis=0)
    varied = spread > 1e-12
    return (table[:, varied] - table[:, varied].mean(axis=0)) / spread[varied]


def _columns(values: list[str | float | None]) -> list[list[float]]:
    """Few distinct values are categories: a column for each. Of many, numbers stay numbers and texts are spelled."""
    kinds = sorted(set(values), key=repr)
    columns = [[float(value == kind) for value in values] for kind in kinds] if 1 < len(kinds) <= _FEW else []
    if any(isinstance(value, str) for value in values):
        texts = ["" if value is None else str(value) for value in values]
        columns.append([float(len(text)) for text in texts])
        if len(kinds) > _FEW:
            padded = [text[:_SPELLED].ljust(_SPELLED) for text in texts]
            columns += [[float(ord(character)) for character in place] for place in zip(*padded, strict=True)]
    else:
        columns.append([0.0 if value is None else float(value) for value in values])
    return columns
