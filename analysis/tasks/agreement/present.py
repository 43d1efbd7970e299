"""Agreement in the report: its figures and its sentence."""

import numpy as np

from analysis.display.drawing import Figure
from analysis.display.forest import Axis, described, forest, named_rows
from analysis.display.wording import Translation, listed, percent, value_and_interval
from analysis.notes import marked
from analysis.tasks.agreement.estimates import RIGHT, WRONG
from analysis.tasks.kind import TaskResults
from contracts.methods import method_name

ROWS = {RIGHT: marked("{method}, right predictions"), WRONG: marked("{method}, wrong predictions")}
ANSWERS = {
    "4": marked("fairly sure: correct"),
    "3": marked("somewhat sure: correct"),
    "2": marked("somewhat sure: incorrect"),
    "1": marked("fairly sure: incorrect"),
}


def figures(
    results: TaskResults, observer_kind: str, translate: Translation, inside: Translation
) -> tuple[Figure, ...]:
    """Shares judged rightly among right and wrong predictions, and how many predictions were right by the answer."""
    name, limits = results.task.name, (0, 100)
    shares = named_rows(results.tables["predictions"], "prediction", ROWS, inside)
    axis = Axis(inside("judged rightly, %"), 100, 50, inside("guessing"), limits, percent)
    caption = translate(
        "Right and wrong predictions that were judged rightly, by method, with intervals over participants and images."
        " Dashed: guessing, 50%. Where wrong predictions are below it, most people believed them."
    )
    alternative = translate("Judged rightly in per cent: {estimates}.", estimates=described(shares, axis))
    answers = results.tables["calibration"]
    answers = answers.assign(method=[inside(ANSWERS[a]) for a in answers["response"]], paper=np.nan)
    of_answer = Axis(inside("right predictions, %"), 100, 50, inside("as many as shown"), limits, percent)
    told = translate(
        "Of the predictions that got each answer, those that were right, with intervals over participants and images."
        " Dashed: 50%, as many as were shown. Answers that tell right from wrong are far from it."
    )
    alternative_told = translate("Right predictions in per cent: {estimates}.", estimates=described(answers, of_answer))
    return (
        forest(shares, axis, f"{name}-judged", observer_kind, caption, alternative, inside),
        forest(answers, of_answer, f"{name}-calibration", observer_kind, told, alternative_told, inside),
    )


def finding(results: TaskResults, translate: Translation) -> str:
    """What people judged rightly, and how many wrong predictions they believed, by method."""
    judged, belief = (results.tables[name].set_index("method") for name in ("judged", "belief"))
    parts = [
        translate(
            "{method} {value} (belief in wrong predictions {belief})",
            method=method_name(method),
            value=value_and_interval(row, percent),
            belief=value_and_interval(belief.loc[method], percent),
        )
        for method, row in judged.iterrows()
        if not np.isnan(row["value"])
    ]
    return translate(
        "In “{task}”, predictions were judged rightly, right and wrong ones counting alike, with: {parts}; guessing"
        " gives 50%.",
        task=results.task.name,
        parts=listed(parts, translate),
    )
