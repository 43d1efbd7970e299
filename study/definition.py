"""A study's frozen definition, read back from its database row."""

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from study.config import ParticipantsConfig, StudyConfig, TaskConfig
from study.schema import Study


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
    return _sections(study.document)


@lru_cache(maxsize=16)
def definition_from_json(document: str) -> FrozenDefinition:
    """The same from the document's JSON. Kept, because every answer asks for it."""
    return _sections(json.loads(document))


def _sections(document: dict[str, Any]) -> FrozenDefinition:
    return FrozenDefinition(
        study=StudyConfig.model_validate(document["study"]),
        tasks=tuple(TaskConfig.model_validate(task) for task in document["tasks"]),
        participants=ParticipantsConfig.model_validate(document.get("participants", {})),
    )
