"""Section `[[conditions]]` of a study definition: between-subject conditions, and what each changes of the tasks."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

_CHANGED = ("methods", "networks", "wording")  # keys of a task, and here by the task's name
Several = Annotated[tuple[str, ...], Field(min_length=1)]


class ConditionConfig(BaseModel):
    """A random group of people, who do other tasks, see other methods or read other words than the others."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9-]{0,63}$",
        description="of the condition in the export and the report; participants never see it",
    )
    tasks: tuple[str, ...] = Field((), description="names of the tasks that it has; none: all")
    methods: dict[str, Several] = Field(
        {}, description="name of a task → those of its methods that are shown; a task that is not named: all"
    )
    networks: dict[str, Several] = Field(
        {}, description="name of a task → those of its networks that are shown; a task that is not named: all"
    )
    wording: dict[str, str] = Field(
        {}, description="name of a task → the wording that people read; a task that is not named: its own"
    )

    @property
    def named(self) -> tuple[tuple[str, str], ...]:
        """(key, name of a task) of each place that names one."""
        changed = ((key, task) for key in _CHANGED for task in getattr(self, key))
        return (*(("tasks", task) for task in self.tasks), *changed)

    def does(self, task: str) -> bool:
        """Whether people in this condition do the task of that name."""
        return not self.tasks or task in self.tasks

    def changes(self, task: str) -> dict[str, Any]:
        """Keys of the task's section → their values in this condition."""
        return {key: getattr(self, key)[task] for key in _CHANGED if task in getattr(self, key)}


def by_condition(conditions: Sequence[ConditionConfig], task: dict[str, Any]) -> list[dict[str, Any]]:
    """A task's section as each condition that does it has it; the section itself where there are none."""
    doing = [condition for condition in conditions if condition.does(task["name"])]
    return [task | condition.changes(task["name"]) for condition in doing] or [task]
