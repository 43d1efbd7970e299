"""The kind's figure and sentence."""

from analysis.display.drawing import Figure
from analysis.display.forest import Axis, described, forest
from analysis.display.wording import Translation, percent, value_and_interval
from analysis.tasks.kind import TaskResults
from contracts.methods import method_name


def figures(
    results: TaskResults, observer_kind: str, translate: Translation, inside: Translation
) -> tuple[Figure, ...]:
    table = results.tables["halves"]
    axis = Axis(inside("right halves, %"), 100, 50, inside("guessing"), (0, 100), percent)
    caption = translate("Right halves by method. Dashed: guessing, 50%.")
    alternative = translate("Right halves in per cent: {estimates}.", estimates=described(table, axis))
    return (forest(table, axis, f"{results.task.name}-halves", observer_kind, caption, alternative, inside),)


def finding(results: TaskResults, translate: Translation) -> str:
    rows = [row for _, row in results.tables["halves"].dropna(subset="value").iterrows()]
    shares = "; ".join(f"{method_name(row.method)} {value_and_interval(row, percent)}" for row in rows)
    return translate("In “{task}”, the right half was chosen with: {shares}.", task=results.task.name, shares=shares)
