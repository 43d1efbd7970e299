"""What a report says of its design, counted in the data instead of taken for granted."""

from collections.abc import Iterator

import pandas as pd

from analysis.data.exclusions import is_identical_pair
from analysis.data.export import Export, Task
from analysis.display.wording import Translation, count
from analysis.report.answered_by import named


def seen_twice(export: Export, translate: Translation) -> str:
    """Whether anybody rated an image twice in a task, and of how many pairs that is said."""
    seen = _rated(export).groupby(["participant_id", "task", "image_id"]).size()
    if seen.empty:
        return ""
    if repeated := int((seen > 1).sum()):
        return translate(
            "Of {pairs} pairs of a participant and an image in a task, {repeated} were rated more than once.",
            pairs=count(len(seen)),
            repeated=count(repeated),
        )
    return translate(
        "Nobody rated an image twice in a task (counted: {pairs} pairs of a participant and an image).",
        pairs=count(len(seen)),
    )


def methods_balanced(export: Export, translate: Translation) -> str:
    """How equally often each participant who finished saw the methods of a task; empty where all tasks have one."""
    finished = export.participants.loc[export.participants["completed"], "participant_id"]
    rated = _rated(export)
    rated = rated[rated["participant_id"].isin(finished)]
    spreads = [
        counts.max(axis=1) - counts.min(axis=1)
        for task in export.tasks
        for methods, rows in _shown(rated[rated["task"] == task.name], export, task)
        if len(methods) > 1 and len(rows)
        for counts in [pd.crosstab(rows["participant_id"], rows["method"]).reindex(columns=methods, fill_value=0)]
    ]
    if not spreads:
        return ""
    people = named(export.observer_kinds[0], rated["participant_id"].nunique(), translate)
    most = max(spread.max() for spread in spreads)
    if not most:
        return translate(
            "All who finished saw each method of a task in equally many trials (counted: {people}).", people=people
        )
    return translate(
        "For all who finished, the numbers of trials with each method of a task differed by at most {most} (counted:"
        " {people}).",
        most=count(most),
        people=people,
    )


def _shown(rows: pd.DataFrame, export: Export, task: Task) -> Iterator[tuple[tuple[str, ...], pd.DataFrame]]:
    """(methods, responses) of each condition that does the task; of all people where there are none."""
    for condition in export.conditions:
        if condition.does(task.name):
            methods = condition.changes(task.name).get("methods", task.methods)
            yield methods, rows[rows["condition"] == condition.name]
    if not export.conditions:
        yield task.methods, rows


def _rated(export: Export) -> pd.DataFrame:
    """Answered ratings of the first kind of observers, people where there are any."""
    trials = export.of(export.observer_kinds[0]).trials if export.observer_kinds else export.trials
    return trials[(trials["state"] == "answered") & ~is_identical_pair(trials)]
