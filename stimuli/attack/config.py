"""Section `[attack]` of a study definition: how `./manage.py attack` perturbs photographs."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class AttackConfig(BaseModel):
    """The paper tells of p > .9999 alone; all else is chosen here."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    algorithm: Literal["pgd", "fgsm"] = Field(
        "pgd", description="pgd: many small steps (Madry et al., 2018); fgsm: one of epsilon (Goodfellow et al., 2015)"
    )
    epsilon: Annotated[float, Field(gt=0, le=255)] = Field(
        8.0, description="the greatest change of a pixel's channel, of 255 levels"
    )
    step: Annotated[float, Field(gt=0, le=255)] = Field(1.0, description="change of a channel in one step of pgd")
    steps: Annotated[int, Field(ge=1, le=10_000)] = Field(60, description="of pgd, at most")
    confidence: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.9999, description="pgd stops where the network gives the absent category at least this probability"
    )
    gone: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.01, description="and each category that is there less than this one"
    )
    target: str = Field(
        "", description="the absent category of the study to push towards; none: one at random for each photograph"
    )
    threshold: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.15, description="of a map's maximum, from which on it counts for the IoU before and after"
    )
    images: Annotated[int, Field(ge=1, le=100_000)] = Field(
        50, description="photographs of the split that are perturbed, spread evenly"
    )
    seed: Annotated[int, Field(ge=0, lt=2**32)] = Field(0, description="of the absent categories and random changes")
