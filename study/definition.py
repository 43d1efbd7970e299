"""A study's frozen definition, read back from its database row."""

from dataclasses import dataclass
from typing import Any

from study.config import ParticipantsConfig, StudyConfig, TaskConfig
from study.database.schema import Study


@dataclass(frozen=True)
class FrozenDefinition:
    """The sections of the definition that concern the survey."""

    study: StudyConfig
    tasks: tuple[TaskConfig, ...]
    participants: ParticipantsConfig

    def task(self, name: str) -> TaskConfig:
        return next(task for task in self.tasks if task.name == name)


def frozen_definition(study: Study) -> FrozenDefinition:
    """The definition as it was when the study opened."""
    return definition_of(study.document)


def definition_of(document: dict[str, Any]) -> FrozenDefinition:
    """The sections of the definition's document."""
    return FrozenDefinition(
        study=StudyConfig.model_validate(document["study"]),
        tasks=tuple(TaskConfig.model_validate(task) for task in document["tasks"]),
        participants=ParticipantsConfig.model_validate(document.get("participants", {})),
    )
