"""Metric columns of a stimulus set: the values of the maps that its pictures were drawn from."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from contracts.metrics import MARKS, MetricColumn, metrics_files
from contracts.stimulus_set import PROVENANCE, TABLE, StimulusSetError, provenance_from, stimuli_from
from stimuli.errors import StorageError
from stimuli.evaluate.metrics.metric import Metric
from stimuli.evaluate.work import Row
from stimuli.produce.storage import Storage


def require_own_columns(storage: Storage, where: Any) -> None:
    """Raise StorageError where a file of the columns' name is there that Discern did not write."""
    for name, mark in MARKS.items():
        try:
            if mark not in storage.read(name)[:4096]:
                raise StorageError(f"{where} holds a {name} that Discern did not write; move it away")
        except FileNotFoundError:
            continue


def write_columns(
    storage: Storage,
    request_sha256: str,
    metrics: Iterable[Metric],
    rows: Mapping[str, Iterable[tuple[str, Row]]],
    told: Mapping[str, Any],
) -> str:
    """Write the columns beside the finished set, if `storage` holds one of this request; what was done, in words."""
    try:
        table = storage.read(TABLE)
        made_for = provenance_from(storage.read(PROVENANCE), PROVENANCE)["request_sha256"]
        stimuli = stimuli_from(table, TABLE)
    except (FileNotFoundError, StimulusSetError):
        return (
            "There is no finished stimulus set, so no columns were written beside it; generate-stimuli, then evaluate"
        )
    if made_for != request_sha256:
        return "The stimulus set was made for other settings, so no columns were written beside it; generate-stimuli"
    names: dict[tuple[str, str, str, str], list[str]] = defaultdict(list)
    for stimulus in stimuli:
        place = (stimulus.network, stimulus.image_id, stimulus.category, stimulus.method)
        names[place].append(stimulus.stimulus_id)
    values: dict[str, dict[str, float | None]] = defaultdict(dict)
    for found in rows.values():
        for network, row in found:
            for stimulus_id in names.get((network, row["image"], row["category"], row["method"]), ()):
                values[stimulus_id] |= row.get("values", {})
    columns = [MetricColumn(c.name, c.label, c.unit, c.better, c.chance) for metric in metrics for c in metric.columns]
    storage.write(metrics_files(table, columns, values, told))
    return f"Metric columns of {len(values)} of {len(stimuli)} stimuli: {len(columns)} columns beside the set"
