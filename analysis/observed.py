"""A study as planned, answered by observers who are not people: the same trials for each of them, in one export."""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.data.export import Export, ExportError
from analysis.data.table_files import conform, write_table
from analysis.reading.load import DESCRIPTION
from analysis.tasks.kinds import ANALYSIS_KINDS
from contracts.export import TABLES
from contracts.observers import HUMAN, parse
from contracts.own_files import replace_folder
from contracts.tasks import KINDS


def answered(
    plan: Export, observer_kind: str, answers: Mapping[str, str], times: Mapping[str, float] | None = None
) -> Export:
    """The trials of `plan` that `answers` (trial_id → response) holds, answered by one `observer_kind`; `times` in ms.

    Participants and trials get names of their own, so that several observers fit in one export. Times of day are empty.
    Raises ExportError for an observer_kind that is unknown or human.
    """
    kind = parse(observer_kind)
    if kind is None or kind.family == HUMAN:
        raise ExportError(f"{observer_kind!r} is no kind of observer whose answers may be made by a program")
    # The plan's identical pairs are for people; machines have their own control of that kind.
    asked = plan.trials["trial_id"].isin(answers) & (plan.trials["purpose"] == "main")
    trials = plan.trials[asked].copy()
    response = trials["trial_id"].map(answers)
    networks = {task.name: task.networks for task in plan.tasks}
    values = [
        (KINDS[row.trial_type].value, ANALYSIS_KINDS[row.trial_type].value(row, networks[row.task]))
        for row in trials.assign(response=response).itertuples()
    ]
    marks = {
        column: [float(value) if of == column else np.nan for of, value in values]
        for column in dict.fromkeys(kind.value for kind in KINDS.values())
    }
    trials = trials.assign(
        response=response,
        **marks,
        rt=trials["trial_id"].map(times or {}).astype(float),
        state="answered",
        observer_kind=observer_kind,
    )
    people = plan.participants[plan.participants["participant_id"].isin(trials["participant_id"])]
    counts = people["participant_id"].map(trials.groupby("participant_id").size())
    people = people.assign(
        observer_kind=observer_kind, joined_at=pd.NaT, trials_planned=counts, trials_answered=counts, completed=True
    )
    return replace(plan, participants=_renamed(people, observer_kind), trials=_renamed(trials, observer_kind))


def write_together(exports: list[Export], plan_folder: Path, folder: Path) -> Path:
    """Write the answers of all `exports` of one plan to `folder`, beside the plan's own materials and sidecars.

    Raises ExportError when `folder` exists.
    """
    require_new(folder)
    try:
        replace_folder(folder, lambda fresh: _write_together(exports, plan_folder, fresh))
    except OSError as error:
        raise ExportError(f"cannot write {folder}: {error.strerror}; name another folder") from error
    return folder


def require_new(folder: Path) -> None:
    """Raise ExportError when `folder` exists."""
    if os.path.lexists(folder):
        raise ExportError(f"{folder} exists; name a new folder or remove this one")


def _write_together(exports: list[Export], plan_folder: Path, folder: Path) -> None:
    shutil.copytree(plan_folder, folder, dirs_exist_ok=True)
    description = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
    kinds = ", ".join(kind for export in exports for kind in export.observer_kinds)
    description["description"] = f"Answers of observers who are not people ({kinds}), made by Discern."
    (folder / DESCRIPTION).write_text(json.dumps(description, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    for table in ("participants", "trials"):
        (path,) = (folder / "data").glob(f"*_description-{table}_data.csv")
        frame = pd.concat([getattr(export, table) for export in exports], ignore_index=True)
        write_table(conform(frame, table)[list(TABLES[table])], table, path)


def _renamed(frame: pd.DataFrame, observer_kind: str) -> pd.DataFrame:
    names = [column for column in ("participant_id", "trial_id") if column in frame]
    return frame.assign(**{column: observer_kind + " " + frame[column].astype(str) for column in names})
