"""Writes an Export to a folder exactly as docs/reference/contracts.md, 5, prescribes."""

import json
from pathlib import Path

from analysis.export import Export
from analysis.tables import COLUMNS


def write_export(export: Export, folder: Path) -> Path:
    """Write `export` to `folder` (made if need be) and return it."""
    (folder / "data").mkdir(parents=True)
    (folder / "materials").mkdir()
    stem = f"study-{export.definition['study']['slug'].replace('-', '')}"
    for table, columns in COLUMNS.items():
        frame = getattr(export, table).copy()
        for column, kind in columns.items():
            if kind == "flag":
                frame[column] = frame[column].astype(int)
            elif kind == "time":
                frame[column] = frame[column].dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        path = folder / "data" / f"{stem}_description-{table}_data.csv"
        frame.to_csv(path, index=False)
        path.with_suffix(".json").write_text(json.dumps({c: {"description": c} for c in columns}))
    materials = {"document": export.definition, "sha256": export.definition_sha256}
    (folder / "materials" / "definition.json").write_text(json.dumps(materials))
    (folder / "materials" / "provenance.json").write_text(json.dumps(export.provenance))
    (folder / "dataset_description.json").write_text(json.dumps(export.description))
    return folder
