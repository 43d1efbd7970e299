"""Section `[stimuli]` of a study definition, and what a task asks of the stimulus set."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from models.config import DefinitionPath

Method = Literal[
    "grad-cam",
    "counterfactual-grad-cam",
    "cam",
    "guided-backprop",
    "deconvolution",
    "guided-grad-cam",
    "deconvolution-grad-cam",
    "occlusion",
]
TaskKind = Literal["class-discrimination", "trust"]


DISCERN_VERSION = "0.1.0"


class StimuliConfig(BaseModel):
    """How visualizations are computed and drawn; which ones is decided by the tasks."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    output: DefinitionPath = Field(description="folder of the stimulus set")
    recipe: Literal["paper-v1"] = "paper-v1"
    precision: Literal["fp32", "mixed"] = "fp32"  # mixed: fp32 forward, bfloat16 backward
    device: str = "auto"
    batch_size: Annotated[int, Field(ge=1)] = 8
    seed: int = 0


@dataclass(frozen=True)
class StimulusRequest:
    """What one task asks for: `images` × its pairs × `methods` × `networks` visualizations."""

    task: str
    kind: TaskKind
    images: int
    methods: tuple[Method, ...]
    networks: tuple[str, ...]
