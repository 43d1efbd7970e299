"""Section `[stimuli]` of a study definition, and what a task asks of the stimulus set."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidatorFunctionWrapHandler, WrapValidator

from contracts.tasks import KINDS, Kind
from models.config import DefinitionPath


def _folder_or_url(value: Any, as_folder: ValidatorFunctionWrapHandler) -> Path | str:
    if not (isinstance(value, str) and "://" in value):
        return as_folder(value)
    url = os.path.expandvars(value)
    if "$" in url:
        raise ValueError("an environment variable in it is not set; export it or write it out")
    return url


Location = Annotated[DefinitionPath, WrapValidator(_folder_or_url)]
"""A folder of this machine, which becomes a Path, or an object store's URL, which stays a string."""


DISCERN_VERSION = "0.1.0"


class StimuliConfig(BaseModel):
    """How visualizations are computed and drawn; which ones is decided by the tasks."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    output: Location = Field(description="folder of the stimulus set, or s3://bucket/prefix")
    recipe: Literal["paper-v1"] = "paper-v1"
    precision: Literal["fp32", "mixed"] = "fp32"  # mixed: fp32 forward, bfloat16 backward
    device: str = "auto"
    batch_size: Annotated[int, Field(ge=1)] = 8
    seed: int = 0


@dataclass(frozen=True)
class StimulusRequest:
    """What one task asks for: `images` × its pairs × `methods` × `networks` visualizations."""

    task: str
    kind: str  # name of a kind of task
    images: int
    methods: tuple[str, ...]
    networks: tuple[str, ...]

    @property
    def facts(self) -> Kind:
        """Of its kind of task."""
        return KINDS[self.kind]
