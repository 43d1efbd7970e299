"""The report's first paragraphs: what was found, in plain words."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from analysis.data.completeness import unfinished
from analysis.display.wording import Wording, count, interval, number, p_equals, percent, points, signed
from analysis.results import ObserverResults, TaskResults
from contracts.methods import method_name
from contracts.observers import HUMAN, MACHINE, parse

OBSERVERS = {
    "human": "{n} participants",
    "simulated": "{n} simulated participants",
    "machine": "{n} machine observers",
}
SCOPES = {
    "human": "{people} gave the {responses} responses analysed here. Intervals are at {confidence} and hold for other"
    " people and other images of the same kind.",
    "machine": "{people} gave the {responses} responses analysed here. Intervals are at {confidence} and hold for other"
    " runs of the observer and other images of the same kind; they say nothing of people.",
}


@dataclass(frozen=True)
class Summary:
    """Sentences about one kind of observer: an opening, then one a task and one a contrast."""

    opening: str
    findings: tuple[str, ...]


def summarize(results: ObserverResults, confidence: float, say: Wording) -> Summary:
    """Plain sentences from the numbers; nothing is said that the numbers do not hold."""
    observer = parse(results.observer_kind)
    people = say(OBSERVERS[observer.family], n=count(results.participants))
    if observer.name:
        people = say("{n} runs of the machine observer “{name}”", n=count(results.participants), name=observer.name)
    if results.kept.trials.empty:
        return Summary(say("There are no responses to analyse."), ())
    opening = say(
        SCOPES[MACHINE if observer.family == MACHINE else HUMAN],
        people=people,
        responses=count(len(results.kept.trials)),
        confidence=f"{100 * confidence:g}%",
    )
    if lacking := unfinished(results.reached, say):
        opening += " " + say(
            "Not all planned ratings were in: {lacking}. The study was closed or exported before.", lacking=lacking
        )
    findings = [_task_finding(task, say) for task in results.tasks]
    findings += [_contrast_finding(row, results, say) for row in results.contrasts.itertuples()]
    return Summary(opening, tuple(findings))


def _task_finding(results: TaskResults, say: Wording) -> str:
    name = results.task.name
    if not results.responses:
        return say("Task “{task}” has no responses.", task=name)
    if results.task.kind == "trust":
        return _trust_finding(results, say)
    table = results.tables["accuracy"].dropna(subset="value")
    ordered = table.sort_values("value", ascending=False, kind="stable")
    best, worst = ordered.iloc[0], ordered.iloc[-1]
    if len(ordered) == 1:
        return say(
            "In “{task}”, the right category was named in {value} of the answers with {method}; guessing gives 50%.",
            task=name,
            value=_with_interval(best, percent),
            method=method_name(best["method"]),
        )
    if best["value"] == worst["value"]:
        return say(
            "In “{task}”, the right category was named equally often with every method, in {value} of the answers;"
            " guessing gives 50%.",
            task=name,
            value=percent(best["value"]),
        )
    return say(
        "In “{task}”, the right category was named most often with {best}, {best_value}, and least often with {worst},"
        " {worst_value}; guessing gives 50%.",
        task=name,
        best=method_name(best["method"]),
        best_value=_with_interval(best, percent),
        worst=method_name(worst["method"]),
        worst_value=_with_interval(worst, percent),
    )


def _trust_finding(results: TaskResults, say: Wording) -> str:
    first, _ = results.task.networks
    table = results.tables["scores"].dropna(subset="value")
    means = "; ".join(f"{method_name(row['method'])} {_with_interval(row, number)}" for _, row in table.iterrows())
    return say(
        "In “{task}”, the mean score towards “{first}” on the scale from −2 to 2 was: {means}.",
        task=results.task.name,
        first=first,
        means=means,
    )


def _contrast_finding(row: object, results: ObserverResults, say: Wording) -> str:
    a, b = method_name(row.a), method_name(row.b)
    if math.isnan(row.value):
        return say(
            "{a} and {b} cannot be compared in “{task}”: {note}", a=a, b=b, task=row.task, note=say.note(row.note)
        )
    is_trust = row.kind == "trust"
    write = signed if is_trust else points
    size = write(row.value)
    unit = say("on the score") if is_trust else say("percentage points")
    if math.isnan(row.p_holm):
        return say(
            "{a} against {b} in “{task}”: {size} {unit}. {note}",
            a=a, b=b, task=row.task, size=size, unit=unit, note=say.note(row.note),
        )  # fmt: skip
    verdict = (
        say("a difference that chance alone would rarely make")
        if row.rejected
        else say("no test is planned at this point of the study")
        if not row.tested
        else say("these data do not settle whether there is a difference")
    )
    sentence = say(
        "{a} against {b} in “{task}”: {size} {unit} (from {low} to {high}; {p} after Holm's correction):"
        " {verdict}.",
        a=a, b=b, task=row.task, size=size, unit=unit, low=write(row.low), high=write(row.high),
        p=p_equals(row.p_holm), verdict=verdict,
    )  # fmt: skip
    return f"{sentence} {say.note(row.note)}" if row.note else sentence


def _with_interval(row: pd.Series, write: Callable[[float], str]) -> str:
    """ "61.2% (56.0 – 66.1%)", or the value alone where there is no interval."""
    value = write(row["value"])
    return value if math.isnan(row["low"]) else f"{value} ({interval(row['low'], row['high'], write)})"
