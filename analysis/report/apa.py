"""A sentence in APA style for each comparison that the definition names."""

import math
from typing import Any

from analysis.display.wording import Translation, level, number
from analysis.results import ObserverResults, means_of
from analysis.tasks.kind import Scale
from analysis.tasks.kinds import ANALYSIS_KINDS
from contracts.methods import method_name


def apa_sentences(
    results: ObserverResults, confidence: float, translate: Translation, italic: str = ""
) -> tuple[str, ...]:
    """One for each contrast, in the definition's order. `italic` is put round the letters of statistics."""
    return tuple(_sentence(row, results, confidence, translate, italic) for row in results.contrasts.itertuples())


def _sentence(row: Any, results: ObserverResults, confidence: float, translate: Translation, italic: str) -> str:
    kind, a, b = ANALYSIS_KINDS[row.kind], method_name(row.a), method_name(row.b)
    if math.isnan(row.value):
        return translate(
            "{a} and {b} cannot be compared in “{task}”: {note}", a=a, b=b, task=row.task, note=translate.note(row.note)
        )
    means = means_of(next(task for task in results.tasks if task.task.name == row.task), row.of)
    m, unit, write = f"{italic}M{italic} = ", translate(kind.scale.unit), kind.scale.difference
    parts = [
        translate(
            "Task “{task}”: {a} ({mean_a}) against {b} ({mean_b}), difference = {difference} {unit}",
            task=row.task,
            a=a,
            b=b,
            mean_a=m + kind.scale.level(means[row.a]),
            mean_b=m + kind.scale.level(means[row.b]),
            difference=_unsigned(row.value, kind.scale),
            unit=unit,
        )
    ]
    if not math.isnan(row.low):
        ends = ", ".join(_unsigned(end, kind.scale) for end in (row.low, row.high))
        parts.append(translate("{confidence} CI [{ends}]", confidence=level(confidence), ends=ends))
    if not math.isnan(row.p):
        parts += [*_statistic(row, italic), _p(row.p, italic)]
        parts.append(translate("{p} after Holm's correction", p=_p(row.p_holm, italic)))
    sentence = ", ".join(parts) + "."
    if not math.isnan(row.p_equivalence):
        sentence += " " + translate(
            "Equivalence within ±{smallest} {unit}, two one-sided tests: {p} after Holm's correction.",
            smallest=write(row.smallest).removeprefix("+"), unit=unit, p=_p(row.p_equivalence_holm, italic),
        )  # fmt: skip
    return f"{sentence} {translate.note(row.note)}" if row.note else sentence


def _unsigned(value: float, scale: Scale) -> str:
    return scale.difference(value).removeprefix("+")


def _statistic(row: Any, italic: str) -> list[str]:
    """t with its degrees of freedom; none of an exact test."""
    if math.isnan(row.se):
        return []
    return [
        f"{italic}t{italic}({number(row.df, 0 if float(row.df).is_integer() else 1)}) = {number(row.value / row.se)}"
    ]


def _p(p: float, italic: str) -> str:
    """Three decimals without the zero before the point."""
    size = "< .001" if p < 0.001 else "> .999" if p > 0.999 else f"= {p:.3f}".replace("0.", ".")
    return f"{italic}p{italic} {size}"
