"""What tasks with examples to learn from need beside their own section: two classes, one method, an earlier task."""

from collections.abc import Iterator, Sequence

from contracts.conditions import ConditionConfig, by_condition
from contracts.tasks import KINDS
from models.config import DatasetConfig
from study.config import TaskConfig

_SAME = (
    "kind",
    "networks",
    "images",
    "ratings_per_item",
    "trials_per_participant",
    "learning",
    "classes",
    "matched",
    "image_ids",
)


def classes_of(task: TaskConfig, dataset: DatasetConfig) -> tuple[str, ...]:
    """The classes between which people choose; the study's categories where none are told."""
    return (task.classes or tuple(dataset.categories)) if KINDS[task.kind].classes else ()


def faults_of_learning(
    task: TaskConfig, tasks: Sequence[TaskConfig], conditions: Sequence[ConditionConfig], dataset: DatasetConfig
) -> Iterator[str]:
    """Each in words, with what to do."""
    facts = KINDS[task.kind]
    if facts.classes and len(classes_of(task, dataset)) != facts.classes:
        yield (
            f"classes: people choose between {facts.classes} classes, and dataset.categories has"
            f" {len(dataset.categories)}; name {facts.classes} in classes"
        )
    if facts.learns and not task.learning and not _explains_itself(task, tasks):
        yield (
            f"learning: {task.kind} needs examples to learn from; write learning = {facts.classes} or more, or"
            " explained_tests = true, which explains the questions"
        )
    if facts.learns and any(len(part["methods"]) > 1 for part in by_condition(conditions, task.model_dump())):
        yield (
            "methods: a person learns from examples of one method; add [[conditions]] that each show one, as"
            f' methods.{task.name} = ["{task.methods[0]}"]'
        )
    if task.repeats:
        yield from _faults_of_repeating(task, tasks)


def _explains_itself(task: TaskConfig, tasks: Sequence[TaskConfig]) -> bool:
    """Whether its questions are explained, or a later task asks them again with explanations."""
    return task.explained_tests or any(t.explained_tests and t.repeats == task.name for t in tasks)


def _faults_of_repeating(task: TaskConfig, tasks: Sequence[TaskConfig]) -> Iterator[str]:
    before = {earlier.name: earlier for earlier in tasks[: list(tasks).index(task)]}
    if task.repeats not in before:
        yield f"repeats: no earlier task {task.repeats!r}; there are {', '.join(before) or 'none'}"
        return
    earlier = before[task.repeats]
    if differing := [key for key in _SAME if getattr(task, key) != getattr(earlier, key)]:
        yield f"repeats: {', '.join(differing)} must be as in task {earlier.name!r}, whose photographs are shown again"
    if earlier.repeats:
        yield f"repeats: task {earlier.name!r} itself repeats {earlier.repeats!r}; name that"
