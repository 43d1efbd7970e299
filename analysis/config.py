"""Section `[analysis]` of a study definition; it travels in the export."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class ContrastConfig(BaseModel):
    """A primary contrast, fixed before the data: the mean of method `a` minus that of method `b` in `task`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    task: str
    a: str
    b: str


class ExclusionsConfig(BaseModel):
    """Named rules by which participants or responses are left out of the primary analysis."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    incomplete: bool = Field(False, description="leave out participants who did not finish")
    min_median_rt_ms: Annotated[float, Field(ge=0)] | None = Field(
        None, description="leave out participants whose median rt in a task is below this many milliseconds"
    )


class AnalysisConfig(BaseModel):
    """What is estimated and compared."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    contrasts: tuple[ContrastConfig, ...] = ()
    exclusions: ExclusionsConfig = ExclusionsConfig()
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    paper: Literal["grad-cam"] | None = Field(None, description="show this paper's figures beside the study's own")
