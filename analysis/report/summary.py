"""The first page in words: what was asked, of how many, what was found, and what to keep in mind."""

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.data.export import Export
from analysis.display.wording import Translation, count, level, p_equals, percent
from analysis.notes import marked
from analysis.report.answered_by import named
from analysis.report.deviations import networks_used, photographs_used
from analysis.results import ObserverResults, means_of
from analysis.robustness.equivalence import ENOUGH
from analysis.tasks.kind import TaskResults
from analysis.tasks.kinds import ANALYSIS_KINDS
from contracts.methods import method_name

SIGNIFICANT, EQUIVALENT, SMALL = marked("significant"), marked("equivalent"), marked("significant, but small")
INCONCLUSIVE, UNTESTED, INTERIM = marked("inconclusive"), marked("not tested yet"), marked("interim")
SENTENCES = {
    SIGNIFICANT: marked("This difference is statistically significant: {found}."),
    SMALL: marked(
        "This difference is statistically significant, but smaller than the smallest effect of interest, ±{smallest}"
        " {unit}: {found}."
    ),
    EQUIVALENT: marked(
        "The two are equivalent within the smallest effect of interest, ±{smallest} {unit} (two one-sided tests,"
        " {equivalence} after Holm correction): {found}."
    ),
    INCONCLUSIVE: marked("The data on this difference are inconclusive: {found}."),
    UNTESTED: marked("The difference so far is {found}; no test is planned at this point of the study."),
    INTERIM: marked("The difference so far is {found}; these are interim results, without a conclusion."),
}


@dataclass(frozen=True)
class Summary:
    """The paragraph of the first page: questions, how much data there is, one finding per task."""

    questions: tuple[str, ...]
    opening: str
    findings: tuple[str, ...]


def summarize(results: ObserverResults, confidence: float, translate: Translation) -> Summary:
    """Plain sentences from the numbers; nothing is said that the numbers do not hold."""
    questions = tuple(dict.fromkeys(_question(task, translate) for task in results.tasks))
    if results.included.trials.empty:
        return Summary(questions, translate("There are no responses to analyse."), ())
    findings = [_finding(task, results, confidence, translate) for task in results.tasks]
    told = {task.task.name for task in results.tasks}
    if len(results.contrasts) > len(told & set(results.contrasts["task"])):
        findings.append(_others(results, translate))
    return Summary(tuple(filter(None, questions)), _opening(results, translate), tuple(filter(None, findings)))


def conclusion(row: Any, results: ObserverResults) -> str:
    """Of a contrast, in a word or two (English; translated where it is shown); empty where there is nothing to test."""
    if math.isnan(row.value) or math.isnan(row.p_holm):
        return ""
    if not row.tested:
        return UNTESTED
    if _is_interim(row, results):
        return INTERIM
    if row.rejected:
        return SMALL if row.equivalent else SIGNIFICANT
    return EQUIVALENT if row.equivalent else INCONCLUSIVE


def interim(results: ObserverResults, translate: Translation) -> str:
    """How much of the planned ratings is in, where it is too little for verdicts; else empty."""
    given, planned = (sum(getattr(task, part) for task in results.reached) for part in ("given", "planned"))
    if all(task.given >= ENOUGH * task.planned for task in results.reached):
        return ""
    return translate("Interim, {share} of planned ratings", share=percent(given / planned))


def _is_interim(row: Any, results: ObserverResults) -> bool:
    """Whether too few ratings are in for a verdict; a look that was planned has one all the same."""
    lacking = {task.task for task in results.reached if task.given < ENOUGH * task.planned}
    return row.task in lacking and math.isnan(row.look)


def _question(results: TaskResults, translate: Translation) -> str:
    question = ANALYSIS_KINDS[results.task.kind].texts.question
    task = results.task
    quality = translate.quality(task.kind, task.wording, task.qualities)
    return translate(question, quality=quality) if question else ""


def _opening(results: ObserverResults, translate: Translation) -> str:
    people = named(results.observer_kind, results.participants, translate)
    responses = translate.plural("{n} response", "{n} responses", len(results.included.trials))
    return translate("{people} gave {responses}.", people=people, responses=responses)


def _finding(task: TaskResults, results: ObserverResults, confidence: float, translate: Translation) -> str:
    """Of the task's first contrast, else what its kind says of all methods."""
    if not task.responses:
        return translate("Task “{task}” has no responses.", task=task.task.name)
    rows = results.contrasts[results.contrasts["task"] == task.task.name]
    if rows.empty:
        return ANALYSIS_KINDS[task.task.kind].finding(task, translate)
    return _contrast(next(rows.itertuples()), task, results, confidence, translate)


def _contrast(row: Any, task: TaskResults, results: ObserverResults, confidence: float, translate: Translation) -> str:
    kind, names = ANALYSIS_KINDS[task.task.kind], {"a": method_name(row.a), "b": method_name(row.b)}
    if math.isnan(row.value):
        return translate(
            "{a} and {b} cannot be compared in “{task}”: {note}", task=row.task, note=translate.note(row.note), **names
        )
    values = means_of(task, row.of).map(kind.scale.level)
    first, _ = translate.two(task.task.networks)
    means = translate(kind.texts.means, value_a=values[row.a], value_b=values[row.b], first=first, **names)
    write, unit = kind.scale.difference, translate(kind.scale.unit)
    if not (found := conclusion(row, results)):
        return f"{means} {translate.note(row.note)}"
    said = translate(
        "{size} {unit} ({confidence} CI {low} to {high}; {p} after Holm correction)",
        size=write(row.value), unit=unit, confidence=level(confidence), low=write(row.low), high=write(row.high),
        p=p_equals(row.p_holm),
    )  # fmt: skip
    smallest = write(row.smallest).removeprefix("+")
    equivalence = p_equals(row.p_equivalence_holm)
    return f"{means} {translate(SENTENCES[found], found=said, smallest=smallest, unit=unit, equivalence=equivalence)}"


def _others(results: ObserverResults, translate: Translation) -> str:
    found = pd.Series([conclusion(row, results) for row in results.contrasts.itertuples()])
    if (found == INTERIM).all():
        return ""
    return translate(
        "Planned comparisons: {n}; significant: {significant}, inconclusive: {open}.",
        n=count(len(found)),
        significant=count(found.isin((SIGNIFICANT, SMALL)).sum()),
        open=count((found == INCONCLUSIVE).sum()),
    )


def limits(export: Export, results: ObserverResults, translate: Translation) -> tuple[str, ...]:
    """What the results do not hold for, and what is known of how the study went."""
    course = results.course
    networks = networks_used(export, translate)
    sentences = [
        photographs_used(export, translate),
        translate("Networks: {networks}.", networks=networks) if networks else "",
        translate("With other images or other networks the results may differ."),
        translate("The export does not say whether results were looked at before.")
        if not course.is_told
        else translate("Nothing was amended, and no look before the end is recorded.")
        if course.steps.empty
        else "",
    ]
    return tuple(filter(None, sentences))
