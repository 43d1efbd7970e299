"""The report's first paragraphs: what was found, in plain words."""

import math
from dataclasses import dataclass
from typing import Any

from analysis.display.wording import Translation, level, p_equals
from analysis.notes import marked, marked_plural
from analysis.results import ObserverResults
from analysis.tasks.kind import TaskResults
from analysis.tasks.kinds import ANALYSIS_KINDS
from contracts.methods import method_name
from contracts.observers import HUMAN, MACHINE, observer_of

OBSERVERS = {
    "human": marked_plural("{n} participant", "{n} participants"),
    "simulated": marked_plural("{n} simulated participant", "{n} simulated participants"),
    "machine": marked_plural("{n} machine observer", "{n} machine observers"),
}
SCOPES = {
    "human": marked(
        "{people} gave the {responses} analysed here. Intervals are at {confidence}, each by itself, and hold for other"
        " people and other images of the same kind."
    ),
    "machine": marked(
        "{people} gave the {responses} analysed here. Intervals are at {confidence}, each by itself, and hold for other"
        " runs of the observer and other images of the same kind; they say nothing of people."
    ),
}


@dataclass(frozen=True)
class Summary:
    """Sentences about one kind of observer: an opening, then one a task and one a contrast."""

    opening: str
    findings: tuple[str, ...]


def summarize(results: ObserverResults, confidence: float, translate: Translation) -> Summary:
    """Plain sentences from the numbers; nothing is said that the numbers do not hold."""
    observer = observer_of(results.observer_kind)
    people = translate.plural(*OBSERVERS[observer.family], results.participants)
    if observer.name:
        people = translate.plural(
            "{n} run of the machine observer “{name}”",
            "{n} runs of the machine observer “{name}”",
            results.participants,
            name=observer.name,
        )
    if results.included.trials.empty:
        return Summary(translate("There are no responses to analyse."), ())
    opening = translate(
        SCOPES[MACHINE if observer.family == MACHINE else HUMAN],
        people=people,
        responses=translate.plural("{n} response", "{n} responses", len(results.included.trials)),
        confidence=level(confidence),
    )
    findings = [_task_finding(task, translate) for task in results.tasks]
    findings += [_contrast_finding(row, results, translate) for row in results.contrasts.itertuples()]
    return Summary(opening, tuple(findings))


def _task_finding(results: TaskResults, translate: Translation) -> str:
    if not results.responses:
        return translate("Task “{task}” has no responses.", task=results.task.name)
    return ANALYSIS_KINDS[results.task.kind].finding(results, translate)


def _contrast_finding(row: Any, results: ObserverResults, translate: Translation) -> str:
    a, b = method_name(row.a), method_name(row.b)
    if math.isnan(row.value):
        return translate(
            "{a} and {b} cannot be compared in “{task}”: {note}", a=a, b=b, task=row.task, note=translate.note(row.note)
        )
    scale = ANALYSIS_KINDS[row.kind].scale
    write, unit = scale.difference, translate(scale.unit)
    size = write(row.value)
    if math.isnan(row.p_holm):
        return translate(
            "{a} against {b} in “{task}”: {size} {unit}. {note}",
            a=a,
            b=b,
            task=row.task,
            size=size,
            unit=unit,
            note=translate.note(row.note),
        )  # fmt: skip
    verdict = (
        translate(
            "statistically significant, but smaller than the smallest effect of interest, ±{smallest} {unit}",
            smallest=write(row.smallest).removeprefix("+"),
            unit=unit,
        )
        if row.rejected and row.equivalent
        else translate("statistically significant")
        if row.rejected
        else translate(
            "equivalent within the smallest effect of interest, ±{smallest} {unit} (two one-sided tests, {p} after"
            " Holm's correction)",
            smallest=write(row.smallest).removeprefix("+"),
            unit=unit,
            p=p_equals(row.p_equivalence_holm),
        )
        if row.equivalent
        else translate("no test is planned at this point of the study")
        if not row.tested
        else translate("the data are inconclusive")
    )
    sentence = translate(
        "{a} against {b} in “{task}”: {size} {unit} (from {low} to {high}; {p} after Holm's correction):"
        " {verdict}.",
        a=a, b=b, task=row.task, size=size, unit=unit, low=write(row.low), high=write(row.high),
        p=p_equals(row.p_holm), verdict=verdict,
    )  # fmt: skip
    return f"{sentence} {translate.note(row.note)}" if row.note else sentence
