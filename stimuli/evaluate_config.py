"""Section `[evaluate]` of a study definition: every choice that the figures of `evaluate` depend on.

A metric is named after the key that holds its options, so `[evaluate.localization]` holds those of localization.
"""

import difflib
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

Share = Annotated[float, Field(ge=0, le=1)]
Steps = Annotated[int, Field(ge=2, le=1000)]


class Options(BaseModel):
    """The choices of one metric; each has a description and a default."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class LocalizationOptions(Options):
    """Weakly supervised localization: a box around the largest segment of a thresholded map."""

    threshold: Share = Field(0.15, description="of the map's maximum; the paper's is 0.15")
    iou: Share = Field(0.5, description="intersection over union with an annotated box that counts as found")
    steps: Steps = Field(100, description="thresholds of the curve, from 0 to below 1; Choe et al. take 1000")
    neighbours: Literal[4, 8] = Field(8, description="pixels that touch a pixel of the same segment")


class PointingOptions(Options):
    """The pointing game: is the map's maximum on the object?"""

    tolerance: Annotated[float, Field(ge=0, le=1000)] = Field(
        15, description="pixels of the network's picture by which the maximum may miss a box; Zhang et al.: 15"
    )
    steps: Steps = Field(50, description="thresholds of the curve with the option to reject")


class EnergyOptions(Options):
    """Energy in the box and in the mask (Wang et al. 2020, Score-CAM, section 4.3). It has no choices."""


class SeedsOptions(Options):
    """Segmentation seeds: the thresholded map against the category's mask."""

    threshold: Share = Field(0.2, description="of the map's maximum; CAM seeds are usually made at 0.2")
    steps: Steps = Field(100, description="thresholds of the curve, from 0 to below 1")


class OcclusionCorrelationOptions(Options):
    """Rank correlation with occlusion maps (the Grad-CAM paper, section 5.3)."""

    patch: Annotated[int, Field(ge=1, le=1000)] = Field(45, description="side of the square that is masked, in pixels")
    stride: Annotated[int, Field(ge=1, le=1000)] = Field(15, description="by how many pixels the square moves")
    fill: Annotated[float, Field(ge=-100, le=100)] = Field(
        0.0, description="value in the square, in the network's normalised space; 0: the mean colour"
    )
    resolution: Annotated[int, Field(ge=2, le=1000)] = Field(
        14, description="cells across and down over which both maps are averaged before they are ranked"
    )
    curve: tuple[Annotated[int, Field(ge=2, le=1000)], ...] = Field(
        (7, 14, 28, 56, 224), description="the resolutions of the curve"
    )


class DeletionOptions(Options):
    """Deletion and insertion (Petsiuk et al. 2018, RISE, section 4.3)."""

    steps: Steps = Field(8, description="equal steps in which pixels are deleted or inserted")


class RoadOptions(Options):
    """ROAD, remove and debias (Rong et al. 2022)."""

    removed: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = Field(
        (0.2, 0.5, 0.8), description="shares of the pixels that are removed", min_length=1
    )


class SensitivityOptions(Options):
    """Max-sensitivity (Yeh et al. 2019)."""

    samples: Annotated[int, Field(ge=1, le=1000)] = Field(5, description="changed pictures for each map")
    radius: Annotated[float, Field(gt=0, le=100)] = Field(
        0.02, description="by how much each number of the picture changes at most, in the network's normalised space"
    )


class CounterfactualOptions(Options):
    """How the score changes without a map's region."""

    threshold: Annotated[float, Field(gt=0, le=1)] = Field(
        0.5, description="share of the map's maximum from which on a pixel belongs to the region"
    )
    regions: Annotated[int, Field(ge=1, le=1000)] = Field(
        4, description="random regions of the same size and shape for each map"
    )


class SanityOptions(Options):
    """Sanity check: the map against that of the network with random weights."""

    seed: Annotated[int, Field(ge=0, lt=2**32)] = Field(0, description="of the random weights")


class EvaluateConfig(Options):
    """What `evaluate` computes, on which photographs, and each metric's choices."""

    metrics: tuple[str, ...] = Field((), description="names of the metrics that are computed; none: all")
    images: Annotated[int, Field(ge=1, le=10_000_000)] | None = Field(
        None, description="photographs of the split that are evaluated, spread evenly; none: all"
    )
    resamples: Annotated[int, Field(ge=100, le=100_000)] = Field(
        1000, description="bootstrap samples of the photographs, for the 95 % intervals"
    )
    seed: Annotated[int, Field(ge=0, lt=2**32)] = Field(0, description="of the bootstrap and of random baselines")
    localization: LocalizationOptions = Field(LocalizationOptions(), description="boxes from maps")
    pointing: PointingOptions = Field(PointingOptions(), description="the pointing game")
    energy: EnergyOptions = Field(EnergyOptions(), description="energy in boxes and masks")
    seeds: SeedsOptions = Field(SeedsOptions(), description="segmentation seeds")
    sanity: SanityOptions = Field(SanityOptions(), description="maps of random weights")
    occlusion_correlation: OcclusionCorrelationOptions = Field(
        OcclusionCorrelationOptions(), description="rank correlation with occlusion maps"
    )
    deletion: DeletionOptions = Field(DeletionOptions(), description="deletion and insertion")
    road: RoadOptions = Field(RoadOptions(), description="ROAD")
    sensitivity: SensitivityOptions = Field(SensitivityOptions(), description="max-sensitivity")
    counterfactual: CounterfactualOptions = Field(
        CounterfactualOptions(), description="the score without a map's region"
    )

    @field_validator("metrics")
    @classmethod
    def _known(cls, metrics: tuple[str, ...]) -> tuple[str, ...]:
        for name in metrics:
            if problem := unknown_metric(name):
                raise ValueError(problem)
        return metrics

    def options_of(self, metric: str) -> Options:
        """The choices of one metric."""
        found = getattr(self, metric)
        assert isinstance(found, Options)
        return found


METRIC_NAMES = tuple(name for name, field in EvaluateConfig.model_fields.items() if isinstance(field.default, Options))
"""All metrics, in the order in which the page shows them."""


def unknown_metric(name: str) -> str:
    """A sentence where there is no such metric, with the nearest known ones or all; else empty."""
    if name in METRIC_NAMES:
        return ""
    near = difflib.get_close_matches(name, METRIC_NAMES, 3)
    return f"no metric {name!r}; " + (
        f"is {' or '.join(near)} meant?" if near else f"there are {', '.join(METRIC_NAMES)}"
    )
