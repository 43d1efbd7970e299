"""The sections of a study definition, each checked by the model of the package that reads it."""

from functools import cache
from typing import Any

from pydantic import TypeAdapter

from analysis.config import AnalysisConfig
from contracts.conditions import ConditionConfig
from contracts.original import OriginalConfig
from models.config import Name, NetworkConfig
from models.sources import Dataset
from stimuli.attack.config import AttackConfig
from stimuli.bias.config import BiasConfig
from stimuli.config import StimuliConfig
from stimuli.evaluate_config import EvaluateConfig
from stimuli.method_config import Methods
from study.audience import RecruitmentConfig
from study.config import ParticipantsConfig, StudyConfig, TaskConfig
from study.questionnaires import QuestionnaireConfig
from study.retention import DataConfig
from study.screening import ScreeningConfig

SECTIONS: dict[str, Any] = {
    "dataset": Dataset,
    "networks": dict[Name, NetworkConfig],
    "methods": Methods,
    "stimuli": StimuliConfig,
    "evaluate": EvaluateConfig,
    "study": StudyConfig,
    "tasks": tuple[TaskConfig, ...],
    "questionnaires": tuple[QuestionnaireConfig, ...],
    "conditions": tuple[ConditionConfig, ...],
    "participants": ParticipantsConfig,
    "recruitment": RecruitmentConfig,
    "screening": ScreeningConfig,
    "data": DataConfig,
    "analysis": AnalysisConfig,
    "attack": AttackConfig,
    "bias": BiasConfig,
    "original": OriginalConfig,
}
_NEWER_TABLES = ("networks", "methods", "evaluate", "screening", "data", "recruitment", "attack", "bias", "original")
OPTIONAL_SECTIONS: dict[str, Any] = {"participants": {}, "analysis": {}, "conditions": [], "questionnaires": []}
OPTIONAL_SECTIONS |= {name: {} for name in _NEWER_TABLES}
"""What is read where they are missing."""
UNWRITTEN = {"conditions", "questionnaires", *_NEWER_TABLES}
"""Those of them that the document then lacks, so that a definition from before there were any keeps its hash."""


@cache
def adapter_of(kind: Any) -> TypeAdapter[Any]:
    """What checks a section of this kind; pydantic takes as long to make all of them as to read a definition."""
    return TypeAdapter(kind)
