"""Metric columns of a stimulus set: `metrics.csv` and `metrics.json` beside `stimuli.csv`, which stays as it is.

`evaluate` writes them, the export and the report read them. A set without them is whole.
"""

import csv
import hashlib
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from contracts.stimulus_set import TABLE

METRICS, FACTS = "metrics.csv", "metrics.json"
MARKS = {METRICS: b"stimulus_id", FACTS: b'"stimuli_sha256"'}
"""What each file holds near its beginning if Discern wrote it."""

Values = Mapping[str, float | None]


class MetricsError(Exception):
    """The metric columns beside a stimulus set cannot be used; the message says why and what to run."""


class MetricsWarning(UserWarning):
    """Metric columns are there and were left out."""


@dataclass(frozen=True)
class MetricColumn:
    """One number for each visualization.

    `better`: which end is the better one, "" where neither is. `chance`: its expectation for a map that knows nothing,
    where that is known. `unit` in words: "share", "IoU", "rank correlation".
    """

    name: str
    label: str  # English; the report translates it
    unit: str
    better: Literal["higher", "lower", ""] = "higher"
    chance: float | None = None


@dataclass(frozen=True)
class StimulusMetrics:
    """`columns` of a set and `values`: stimulus_id → column → number; None where it could not be computed."""

    columns: tuple[MetricColumn, ...]
    values: Mapping[str, Values]


def metrics_files(
    table: bytes, columns: Sequence[MetricColumn], values: Mapping[str, Values], told: Mapping[str, Any]
) -> dict[str, bytes]:
    """The two files for the set whose stimuli.csv is `table`. `told`: how the numbers came about, as JSON."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["stimulus_id", *(column.name for column in columns)])
    for stimulus_id in sorted(values):
        found = [values[stimulus_id].get(column.name) for column in columns]
        writer.writerow([stimulus_id, *("" if value is None else repr(float(value)) for value in found)])
    facts = {"stimuli_sha256": hashlib.sha256(table).hexdigest(), "columns": [asdict(c) for c in columns], **told}
    return {METRICS: text.getvalue().encode(), FACTS: (json.dumps(facts, indent=1, ensure_ascii=False) + "\n").encode()}


def read_metrics(folder: Path) -> StimulusMetrics | None:
    """Of the set in `folder`; None where nothing was evaluated, or another set was. Raises MetricsError."""
    try:
        facts = json.loads((folder / FACTS).read_bytes())
        rows = list(csv.DictReader(io.StringIO((folder / METRICS).read_text(encoding="utf-8")), strict=True))
        if facts["stimuli_sha256"] != hashlib.sha256((folder / TABLE).read_bytes()).hexdigest():
            return None
        columns = tuple(MetricColumn(**column) for column in facts["columns"])
        values = {row["stimulus_id"]: {c.name: _number(row[c.name]) for c in columns} for row in rows}
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, csv.Error) as error:
        raise MetricsError(
            f"{folder / METRICS} or {FACTS} cannot be read ({error}); run `./manage.py evaluate` again"
        ) from error
    return StimulusMetrics(columns, values)


def _number(cell: str) -> float | None:
    value = float(cell) if cell else None
    if value is not None and not math.isfinite(value):
        raise ValueError(f"{cell} is no finite number")
    return value
