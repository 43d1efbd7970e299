"""A study's frozen definition, read back from its database row."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from contracts.conditions import ConditionConfig
from contracts.tasks import KINDS
from study.audience import RecruitmentConfig
from study.config import ParticipantsConfig, StudyConfig, TaskConfig
from study.database.schema import Study
from study.questionnaires import QuestionnaireConfig
from study.retention import DataConfig
from study.screening import ScreeningConfig

_RENAMED = {"comment": "comments"}
_MOVED = ("institution", "ethics")  # from [study.information]


@dataclass(frozen=True)
class FrozenDefinition:
    """The sections of the definition that concern the survey."""

    study: StudyConfig
    tasks: tuple[TaskConfig, ...]
    participants: ParticipantsConfig
    conditions: tuple[ConditionConfig, ...] = ()
    questionnaires: tuple[QuestionnaireConfig, ...] = ()
    screening: ScreeningConfig = field(default_factory=ScreeningConfig)
    data: DataConfig = field(default_factory=DataConfig)
    recruitment: RecruitmentConfig = field(default_factory=RecruitmentConfig)
    recipe: str = "paper-v1"
    recipes: Mapping[str, str] = field(default_factory=dict)  # of methods that another recipe draws

    def task(self, name: str) -> TaskConfig:
        return next(task for task in self.tasks if task.name == name)

    def in_condition(self, name: str) -> "FrozenDefinition":
        """As people in this condition meet it; the empty name is that of all people where there are no conditions."""
        if not name:
            return self
        chosen = next(condition for condition in self.conditions if condition.name == name)
        done = (task for task in self.tasks if chosen.does(task.name))
        return replace(self, tasks=tuple(task.model_copy(update=chosen.changes(task.name)) for task in done))

    @property
    def by_condition(self) -> tuple[tuple[str, "FrozenDefinition"], ...]:
        """(name, the definition there) of each condition; where there are none, itself under the empty name."""
        names = [condition.name for condition in self.conditions] or [""]
        return tuple((name, self.in_condition(name)) for name in names)

    @property
    def has_tiles(self) -> bool:
        """Whether a task cuts pictures into tiles."""
        return any(KINDS[task.kind].tiles for task in self.tasks)

    @property
    def has_sheets(self) -> bool:
        """Whether a trial shows several explanations of one network."""
        return any(task.explanations > 1 for task in self.tasks)

    def recipes_of(self, task: TaskConfig) -> frozenset[str]:
        """What draws the task's pictures."""
        return frozenset(self.recipes.get(method, self.recipe) for method in task.methods)


def frozen_definition(study: Study) -> FrozenDefinition:
    """The definition as it was when the study opened."""
    return definition_of(study.document)


def definition_of(document: dict[str, Any]) -> FrozenDefinition:
    """The sections of the definition's document."""
    drawn = {key: value for key, value in document.get("stimuli", {}).items() if key in ("recipe", "recipes")}
    return FrozenDefinition(
        study=StudyConfig.model_validate(_named_as_now(document["study"])),
        tasks=tuple(TaskConfig.model_validate(task) for task in document["tasks"]),
        participants=ParticipantsConfig.model_validate(document.get("participants", {})),
        recruitment=RecruitmentConfig.model_validate(document.get("recruitment", {})),
        conditions=tuple(map(ConditionConfig.model_validate, document.get("conditions", ()))),
        questionnaires=tuple(QuestionnaireConfig.model_validate(q) for q in document.get("questionnaires", ())),
        screening=ScreeningConfig.model_validate(document.get("screening", {})),
        data=DataConfig.model_validate(document.get("data", {})),
        **drawn,
    )


def _named_as_now(study: dict[str, Any]) -> dict[str, Any]:
    """The section of a study that was opened before some of its keys were renamed. What is stored keeps its hash."""
    renamed = {_RENAMED.get(name, name): value for name, value in study.items()}
    information = dict(study.get("information", {}))
    moved = {name: information.pop(name) for name in _MOVED if name in information}
    return renamed | moved | {"information": information}
