"""The figures of the primary results: a forest plot, and for trust the answers as diverging bars."""

import matplotlib as mpl

from analysis.display.drawing import Figure, lettering
from analysis.display.wording import Wording
from analysis.tasks.kinds import ANALYSIS_KINDS
from analysis.tasks.results import TaskResults


def task_figures(results: TaskResults, observer_kind: str, say: Wording) -> tuple[Figure, ...]:
    """The figures of one task, captions and alternative texts in the language of `say`; none without responses."""
    if not results.responses:
        return ()
    draw = ANALYSIS_KINDS[results.task.kind].figures
    inside = lettering(say)
    with mpl.rc_context(inside.style):
        return draw(results, observer_kind, say, inside.say)
