"""What an analysis must know of conditions: whether two means are of the same people, and how many people each had."""

from dataclasses import replace

import pandas as pd

from analysis.config import ContrastConfig
from analysis.data.export import Export, Task
from analysis.notes import marked

WITHIN, BETWEEN, PARTLY = "within", "between", "partly"
WHOSE = {
    WITHIN: marked("within people: the same people saw both"),
    BETWEEN: marked("between people: different people saw each"),
    PARTLY: marked("partly within people: some people saw both"),
}
"""Said of a comparison in a study with conditions."""
COLUMNS = ("condition", "joined", "finished", "excluded", "analysed", "responses")


def names(export: Export, task: Task) -> tuple[str, ...]:
    """Conditions that do the task; empty where the study has none."""
    return tuple(condition.name for condition in export.conditions if condition.does(task.name))


def whose(export: Export, contrast: ContrastConfig) -> str:
    """Whether the two means of a contrast are of the same people, by the design: WITHIN, BETWEEN or PARTLY."""
    if contrast.of == "conditions":
        return BETWEEN
    task = next(task for task in export.tasks if task.name == contrast.task)
    doing = [condition for condition in export.conditions if condition.does(task.name)]
    shown = [condition.changes(task.name).get("methods", task.methods) for condition in doing]
    seen = [(contrast.a in methods, contrast.b in methods) for methods in shown]
    if all(a == b for a, b in seen):
        return WITHIN
    return PARTLY if any(a and b for a, b in seen) else BETWEEN


def compared(export: Export, contrast: ContrastConfig, rows: pd.DataFrame, task: Task) -> tuple[pd.DataFrame, Task]:
    """Responses of a task and the task, as its contrast sees them: of conditions, these are in the place of methods."""
    if contrast.of == "methods":
        return rows, task
    return rows.assign(method=rows["condition"]), replace(task, methods=names(export, task))


def people_by_condition(export: Export, analysed: pd.DataFrame) -> pd.DataFrame:
    """A row for each condition; of people who withdrew nothing is known. `analysed`: the responses of the analysis."""
    rows = []
    for condition in export.conditions:
        people = export.participants[export.participants["condition"] == condition.name]
        kept = analysed[analysed["condition"] == condition.name]
        counts = len(people), int(people["completed"].sum()), int(people["excluded"].sum())
        rows.append((condition.name, *counts, kept["participant_id"].nunique(), len(kept)))
    return pd.DataFrame(rows, columns=list(COLUMNS))
