"""Can anything but the pixels tell a visualization's method, network or truth? A classifier is asked.

Participants take the study as browsers do, and everything observable beside the pixels is noted of each picture: sizes
and headers of replies, times, the characters of tokens, the file's chunks. A logistic regression is trained on one half
of the participants and tried on the other; it must not do better than guessing the most frequent class.

The compressed length of a picture follows from its pixels and so tells nothing that the pixels do not
(docs/adr/033-picture-lengths.md); what the file and the reply hold beyond them is compared.
"""

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from study.errors import BlindnessError

_STEPS, _RATE, _PENALTY = 400, 0.5, 0.01  # of gradient descent on standardised features
_FEW = 12  # values at most that a column is taken apart for
_Z = 2.576  # two-sided 99 %


@dataclass(frozen=True)
class Observation:
    """One picture as a network observer sees it: `headers` of the reply, `content` its bytes, `seconds` it took."""

    participant: int
    place: int  # in the participant's order
    address: str
    headers: dict[str, str]
    content: bytes
    seconds: float


@dataclass(frozen=True)
class Verdict:
    """Accuracy on participants that the classifier has not seen, with a 99 % interval, and what chance gives."""

    label: str
    accuracy: float
    low: float
    high: float
    chance: float
    trials: int

    @property
    def leaks(self) -> bool:
        return self.low > self.chance


def features(seen: Sequence[Observation]) -> np.ndarray:
    """(N, F), standardised; columns that never vary are zero."""
    names = sorted({name for one in seen for name in one.headers} - {"Date", "Content-Length", "Connection"})
    rows = [
        [
            one.place,
            math.log(one.seconds + 1e-6),
            len(one.content) - pixel_bytes(one.content),
            *chunk_sizes(one.content),
            len(one.address),
            *(ord(character) for character in one.address.rpartition("/")[2][:22].ljust(22)),
            *(_number(one.headers.get(name, "")) for name in names),
        ]
        for one in seen
    ]
    table = _with_levels(np.array(rows, dtype=float))
    spread = table.std(axis=0)
    return (table - table.mean(axis=0)) / np.where(spread > 0, spread, 1)


def _with_levels(table: np.ndarray) -> np.ndarray:
    """A column of few values stands for kinds, not amounts: each of its values becomes a column too."""
    levels = []
    for column in table.T:
        values = np.unique(column)
        if 2 < len(values) <= _FEW:
            levels += [column == value for value in values]
    return np.column_stack([table, *levels])


def _number(text: str) -> float:
    """A stable number for a header's value: equal for equal values, and nothing else is asked of it."""
    return float(sum((i + 1) * ord(character) for i, character in enumerate(text)) % 10007)


def chunks(png: bytes) -> list[tuple[bytes, int]]:
    """(kind, length) of each chunk, then of what follows the end. Raises BlindnessError for what is no PNG."""
    if png[:8] != b"\x89PNG\r\n\x1a\n":
        raise BlindnessError("a picture is not a PNG: all must have one encoder")
    found, at = [], 8
    while at + 12 <= len(png):
        (length,), kind = struct.unpack(">I", png[at : at + 4]), png[at + 4 : at + 8]
        found.append((kind, length))
        at += 12 + length
        if kind == b"IEND":
            break
    return [*found, (b"after", len(png) - at)]


def pixel_bytes(png: bytes) -> int:
    return sum(length for kind, length in chunks(png) if kind == b"IDAT")


def chunk_sizes(png: bytes) -> list[int]:
    """Everything in the file but the pixels: kinds, sizes, whatever follows its end."""
    others = [(kind, length) for kind, length in chunks(png) if kind != b"IDAT"]
    return [
        len(others),
        sum(length for _, length in others),
        sum(sum(kind) for kind, _ in others),
        int.from_bytes(png[16:20], "big"),
        int.from_bytes(png[20:24], "big"),
        sum(png[24:29]),
    ]


def judge(seen: Sequence[Observation], labels: Sequence[str], name: str) -> Verdict:
    """Train on participants of even number, try on the others. Raises BlindnessError with too few to tell."""
    table, classes = features(seen), sorted(set(labels))
    truth = np.array([classes.index(label) for label in labels])
    trained = np.array([one.participant % 2 == 0 for one in seen])
    if len(classes) < 2 or min(trained.sum(), (~trained).sum()) < 30:
        raise BlindnessError(
            f"{len(seen)} pictures of {len(classes)} kinds are too few to judge {name}; send more people"
        )
    weights = _fit(table[trained], truth[trained], len(classes))
    guessed = (_with_one(table[~trained]) @ weights).argmax(axis=1)
    tried = truth[~trained]
    low, high = _wilson(int((guessed == tried).sum()), len(tried))
    chance = float(np.bincount(tried).max() / len(tried))
    return Verdict(name, float((guessed == tried).mean()), low, high, chance, len(tried))


def _with_one(table: np.ndarray) -> np.ndarray:
    return np.hstack([table, np.ones((len(table), 1))])


def _fit(table: np.ndarray, truth: np.ndarray, classes: int) -> np.ndarray:
    """Softmax regression with a ridge penalty, by gradient descent: (F + 1, classes)."""
    inputs, wanted = _with_one(table), np.eye(classes)[truth]
    weights = np.zeros((inputs.shape[1], classes))
    for _ in range(_STEPS):
        scores = inputs @ weights
        odds = np.exp(scores - scores.max(axis=1, keepdims=True))
        slope = inputs.T @ (odds / odds.sum(axis=1, keepdims=True) - wanted) / len(inputs)
        weights -= _RATE * (slope + _PENALTY * weights)
    return weights


def _wilson(hits: int, trials: int) -> tuple[float, float]:
    share, z2 = hits / trials, _Z * _Z / trials
    middle = (share + z2 / 2) / (1 + z2)
    half = _Z * math.sqrt(share * (1 - share) / trials + z2 / (4 * trials)) / (1 + z2)
    return middle - half, middle + half
