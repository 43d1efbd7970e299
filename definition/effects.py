"""Smallest effects of interest that no study could find."""

from analysis.config import AnalysisConfig
from contracts.tasks import Kind


def impossible_effects(kinds: dict[str, Kind], analysis: AnalysisConfig) -> list[str]:
    """Smallest effects of tasks that are not there, or beyond the scale of their task."""
    effects = analysis.smallest_effect if isinstance(analysis.smallest_effect, dict) else {}
    wrong = {name: _impossible(name, effect, kinds) for name, effect in effects.items()}
    return [f"analysis.smallest_effect.{name}: {problem}" for name, problem in wrong.items() if problem]


def _impossible(task: str, effect: float, kinds: dict[str, Kind]) -> str:
    if task not in kinds:
        return f"no task {task!r}; there are {', '.join(kinds)}"
    kind = kinds[task]
    if effect < kind.length_in_words:
        return ""
    unit = "percentage points of accuracy" if kind.has_truth else "points of the scale"
    return f"{effect:g} is too much; it is in {unit}, and the whole scale has {kind.length_in_words:g}"
