"""The answers on what is measured: of each trial, between the tasks, and of people."""

from collections.abc import Iterator
from typing import Any

from analysis.display.wording import count, level, number
from analysis.notes import marked
from analysis.preregistration.plan import Plan, PlannedTask
from contracts.scales import SCALES
from contracts.tasks import CLASS as CORRECT_CLASS
from contracts.tasks import CLASS_SURE as CORRECT_CLASS_SURE
from contracts.tasks import CONFIDENCE, KINDS, MOTIVE, OWN, REASON, REQUEST, SURE, Question

ASKED = {
    CONFIDENCE: marked("confidence"),
    SURE: marked("confidence"),
    MOTIVE: marked("what the answer was based on"),
    OWN: marked("the own answer before the advice"),
    REQUEST: marked("whether the advice is wanted"),
    CORRECT_CLASS: marked("the correct class"),
    CORRECT_CLASS_SURE: marked("confidence in the correct class"),
    REASON: marked("a reason in words"),
}
"""Further questions of a trial, in words."""


def measured(plan: Plan) -> list[str]:
    """The answer of each task with what else its trials ask, questionnaires, and questions about oneself."""
    answers = [" ".join(_of_task(plan, task)) for task in plan.tasks]
    scales = [_questionnaire(plan, section) for section in plan.document.get("questionnaires", ())]
    asked = [question["name"] for question in plan.document["study"].get("demographics", [])]
    about = plan.translate("Questions about oneself: {names}.", names=", ".join(asked)) if asked else ""
    return [*answers, *scales, about or plan.missing("study.demographics")]


def _of_task(plan: Plan, task: PlannedTask) -> Iterator[str]:
    translate, facts = plan.translate, KINDS[task.section["kind"]]
    told = {"task": task.name, "outcome": translate(task.kind.scale.label), "value": facts.value}
    if facts.has_truth:
        yield translate(
            "Task “{task}”: {outcome}. The answer that is analysed is right (1) or wrong (0) in each trial, and"
            " guessing gives {null}; the export has it as `{value}`.",
            **told, null=level(facts.null),
        )  # fmt: skip
    else:
        yield translate(
            "Task “{task}”: {outcome}. The answer that is analysed is from {least} to {most} in each trial, and {null}"
            " is the middle; the export has it as `{value}`.",
            **told, least=number(facts.least, 0), most=number(facts.most, 0), null=number(facts.null, 0),
        )  # fmt: skip
    if facts.compares_networks:
        first, _ = translate.two(task.section["networks"])
        yield translate("Positive values favour {network}.", network=translate.quoted(first))
    if names := [translate(ASKED[question.name]) for question in _further(task) if question.name in ASKED]:
        yield translate("Each trial also asks for: {names}.", names=", ".join(names))
    yield translate("The response time is recorded.")


def _further(task: PlannedTask) -> Iterator[Question]:
    """The questions of a trial after the one that is analysed, reasons included."""
    facts, section = KINDS[task.section["kind"]], task.section
    for question in facts.questions[1:]:
        is_asked = section.get(question.asked_if, False) if question.asked_if else True
        if is_asked and question.advice in ("", section.get("advice", "after-own-answer")):
            yield question
    if section.get("reasons"):
        yield Question(REASON)


def _questionnaire(plan: Plan, section: dict[str, Any]) -> str:
    place = section.get("at", "end")
    size = len(section["items"]) if section.get("items") else len(SCALES[section["scale"]].items)
    words = {"start": marked("at the start"), "end": marked("at the end")}
    return plan.translate(
        "Questionnaire “{name}”, {place}; number of questions: {n}.",
        name=section["name"],
        place=plan.translate(words[place])
        if place in words
        else plan.translate("after the task “{task}”", task=place.removeprefix("after:")),
        n=count(size),
    )
