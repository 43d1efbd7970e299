"""What a definition's conditions say that its tasks contradict."""

from collections.abc import Iterator, Sequence

from pydantic import ValidationError

from contracts.conditions import ConditionConfig
from contracts.tasks import KINDS
from study.config import TaskConfig


def contradicting_conditions(conditions: Sequence[ConditionConfig], tasks: Sequence[TaskConfig]) -> list[str]:
    """A sentence for each place where they name what there is not, or leave out what nobody would then see."""
    problems = []
    names = [condition.name for condition in conditions]
    problems += [
        f"conditions: two conditions are named {n!r}" for n in sorted({n for n in names if names.count(n) > 1})
    ]
    if len(conditions) == 1:
        problems.append(f"conditions: {names[0]!r} is the only condition; add a second one, or remove it")
    by_name = {task.name: task for task in tasks}
    for number, condition in enumerate(conditions, start=1):
        place = f'condition {number} ("{condition.name}")'
        problems += [f"{place}: {fault}" for fault in _faults(condition, by_name)]
    return problems or (list(_unseen(conditions, tasks)) if conditions else [])


def _faults(condition: ConditionConfig, tasks: dict[str, TaskConfig]) -> Iterator[str]:
    for key, name in condition.named:
        if name not in tasks:
            yield f"{key}: no task {name!r}; there are {', '.join(tasks)}"
        elif not condition.does(name):
            yield f"{key}: the condition does not have task {name!r}; add it to its `tasks`, or remove it here"
        elif key != "tasks":
            yield from _fault_of_task(condition, key, tasks[name])


def _fault_of_task(condition: ConditionConfig, key: str, task: TaskConfig) -> Iterator[str]:
    place, value = f"{key}.{task.name}", condition.changes(task.name)[key]
    if key == "wording":
        try:
            TaskConfig.model_validate(task.model_dump() | {"wording": value})
        except ValidationError as error:
            yield f"{place}: {error.errors()[0]['msg'].removeprefix('Value error, ')}"
        return
    known = getattr(task, key)
    yield from (f"{place}: the task has no {part!r}; it has {', '.join(known)}" for part in value if part not in known)
    if len(set(value)) < len(value):
        yield f"{place}: one is listed twice"
    if key == "networks" and KINDS[task.kind].networks is not None:
        yield f"{place}: a task of kind {task.kind} compares its networks, so each condition shows all; remove this"


def _unseen(conditions: Sequence[ConditionConfig], tasks: Sequence[TaskConfig]) -> Iterator[str]:
    for task in tasks:
        having = [condition for condition in conditions if condition.does(task.name)]
        if not having:
            yield f"conditions: no condition has task {task.name!r}; add it to `tasks` of one, or remove the task"
        for key in ("methods", "networks"):
            seen = {part for c in having for part in c.changes(task.name).get(key, getattr(task, key))}
            for part in getattr(task, key):
                if having and part not in seen:
                    yield (
                        f"conditions: no condition shows {part!r} of task {task.name!r};"
                        f" add it to `{key}` of one, or remove it from the task"
                    )
