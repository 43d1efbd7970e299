"""The figures of the primary results: a forest plot, and for trust the answers as diverging bars."""

import matplotlib as mpl

from analysis.display.drawing import Figure, lettering
from analysis.display.wording import Translation
from analysis.tasks.kind import TaskResults
from analysis.tasks.kinds import ANALYSIS_KINDS


def task_figures(results: TaskResults, observer_kind: str, translate: Translation) -> tuple[Figure, ...]:
    """The figures of one task, captions and alternative texts translated; none without responses."""
    if not results.responses:
        return ()
    draw = ANALYSIS_KINDS[results.task.kind].figures
    inside = lettering(translate)
    with mpl.rc_context(inside.style):
        return draw(results, observer_kind, translate, inside.translate)
