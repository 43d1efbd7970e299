"""The answers on who sees what: conditions, and what chance decides."""

from collections.abc import Iterator

from analysis.notes import marked
from analysis.preregistration.plan import Plan
from contracts.conditions import ConditionConfig
from contracts.methods import method_name
from contracts.tasks import KINDS


def conditions(plan: Plan) -> list[str]:
    """What each condition shows that is not the same for all; nothing where there are none."""
    return [sentence for condition in plan.conditions for sentence in _of_condition(plan, condition)]


def _of_condition(plan: Plan, condition: ConditionConfig) -> Iterator[str]:
    """A sentence for each difference, with the tasks that have it."""
    tasks: dict[tuple[str, str], list[str]] = {}
    for task in plan.tasks:
        for difference in _differences(condition, task.name):
            tasks.setdefault(difference, []).append(plan.translate.quoted(task.name))
    for (template, told), names in tasks.items():
        yield plan.translate(template, condition=condition.name, tasks=", ".join(names), told=told)


def _differences(condition: ConditionConfig, task: str) -> Iterator[tuple[str, str]]:
    """(sentence, what it tells) of each way in which the condition changes the task."""
    if not condition.does(task):
        yield marked("Condition “{condition}” does not have: {tasks}."), ""
        return
    changes = condition.changes(task)
    if shown := [*map(method_name, changes.get("methods", ())), *changes.get("networks", ())]:
        yield marked("Condition “{condition}” shows in {tasks}: {told}."), ", ".join(shown)
    if "wording" in changes:
        yield marked("Condition “{condition}” has in {tasks} the wording “{told}”."), changes["wording"]


def causes(plan: Plan) -> list[str]:
    """Whether a difference between methods can be called their effect; nothing where chance does not decide them."""
    if not any(task.varies("methods") for task in plan.tasks):
        return []
    return [
        plan.translate(
            "Which method explains an image to a person is random, so a difference between methods can be interpreted"
            " as their effect on the answers."
        )
    ]


def randomization(plan: Plan) -> list[str]:
    """What chance decides, as far as the design leaves it something to decide."""
    return [" ".join(_random(plan))]


def _random(plan: Plan) -> Iterator[str]:
    translate = plan.translate
    if plan.conditions:
        yield translate(
            "Each new participant gets the condition with the largest share of its ratings missing, at random where"
            " several are equal."
        )
    yield translate(
        "For each participant, the images and the order of trials are random. Each item gets exactly its planned number"
        " of ratings, and nobody sees an image twice in a task."
    )
    if any(task.varies("methods") for task in plan.tasks):
        yield translate("The method of each image is random; methods are balanced within people.")
    if any(task.varies("networks") for task in plan.tasks):
        yield translate("The network of each image is random.")
    for task in plan.tasks:
        if earlier := task.section.get("repeats"):
            yield translate(
                "The task “{task}” shows each person the images of “{earlier}” again.", task=task.name, earlier=earlier
            )
    if any(KINDS[task.section["kind"]].swaps for task in plan.tasks):
        yield translate("Sides, or the order of options, are random in each trial.")
