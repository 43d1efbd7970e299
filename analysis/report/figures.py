"""The figures of the primary results: a forest plot, and for trust the answers as diverging bars."""

from dataclasses import replace

import matplotlib as mpl

from analysis.display.drawing import Figure, lettering
from analysis.display.wording import Translation
from analysis.tasks.kind import TaskResults
from analysis.tasks.kinds import ANALYSIS_KINDS


def of_task(figure: Figure, task: str, translate: Translation) -> Figure:
    """The figure, its caption headed by the name of its task."""
    return replace(figure, caption=f"{translate.quoted(task)}: {figure.caption}")


def task_figures(
    results: TaskResults, observer_kind: str, translate: Translation, is_named: bool = False
) -> tuple[Figure, ...]:
    """The figures of one task, captions and alternative texts translated; none without responses.

    `is_named`: the captions name the task, as they must where the study has several of its kind.
    """
    if not results.responses:
        return ()
    draw = ANALYSIS_KINDS[results.task.kind].figures
    inside = lettering(translate)
    with mpl.rc_context(inside.style):
        drawn = draw(results, observer_kind, translate, inside.translate)
    return tuple(of_task(figure, results.task.name, translate) if is_named else figure for figure in drawn)
