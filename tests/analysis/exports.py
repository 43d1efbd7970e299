"""Writes an Export to a folder exactly as docs/reference/contracts.md, 5, prescribes."""

import json
from pathlib import Path

from analysis.data.export import Export
from analysis.data.table_files import write_table
from contracts.export import TABLES


def write_export(export: Export, folder: Path) -> Path:
    """Write `export` to `folder` (made if need be) and return it."""
    (folder / "data").mkdir(parents=True)
    (folder / "materials").mkdir()
    stem = f"study-{export.definition['study']['slug'].replace('-', '')}"
    for table, columns in TABLES.items():
        path = folder / "data" / f"{stem}_description-{table}_data.csv"
        write_table(getattr(export, table), table, path)
        path.with_suffix(".json").write_text(json.dumps({c: {"description": c} for c in columns}))
    amendments = [vars(a) | {"at": a.at.isoformat(), "change": dict(a.change)} for a in export.history.amendments]
    materials = {"document": export.definition, "sha256": export.definition_sha256, "amendments": amendments}
    materials["turned_away"] = [vars(row) for row in export.turned_away]
    if export.history.is_told:
        told = [{"at": h.at.isoformat(), "what": h.what, "answers": {}} for h in export.history.happenings]
        (folder / "materials" / "history.json").write_text(json.dumps({"happenings": told}))
    (folder / "materials" / "definition.json").write_text(json.dumps(materials))
    (folder / "materials" / "provenance.json").write_text(json.dumps(export.provenance))
    (folder / "dataset_description.json").write_text(json.dumps(export.description))
    return folder
