"""Section `[stimuli]` of a study definition, and what a task asks of the stimulus set."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidatorFunctionWrapHandler, WrapValidator, model_validator

from contracts.foils import ANNOTATED, FOILS
from contracts.methods import PHOTOGRAPH
from contracts.tasks import KINDS, Kind
from models.config import DefinitionPath
from stimuli.rendering import PARAMETERS, RECIPES, Rendering


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
    recipe: str = Field(
        "paper-v1",
        description="how maps become pictures; as-is: pictures made elsewhere are shown as they are",
        json_schema_extra=lambda schema: schema.update(enum=list(RECIPES)),
    )
    recipes: dict[str, str] = Field(
        {}, description='recipes of single methods, in place of recipe: { grad-cam = "heat-v1", lime = "as-is" }'
    )
    percentile: Annotated[float, Field(ge=50, le=100)] | None = Field(
        None, description="of the numbers' sizes in a map, drawn at full strength; signed-v1, heat-v1 and overlay-v1"
    )
    gamma: Annotated[float, Field(ge=0.1, le=5)] | None = Field(
        None, description="power that sizes are raised to; below 1 weak ones become visible; as for percentile"
    )
    opacity: Annotated[float, Field(gt=0, le=1)] | None = Field(
        None, description="of the strongest colour over the photograph; overlay-v1"
    )
    precision: Literal["fp32", "mixed"] = Field(
        "fp32", description="of the numbers; mixed: fp32 forward, bfloat16 backward"
    )
    device: str = Field("auto", description="auto, cpu, cuda or cuda:N; auto: a GPU where there is one")
    batch_size: Annotated[int, Field(ge=1, le=4096)] = Field(8, description="images that are explained together")
    seed: Annotated[int, Field(ge=0, lt=2**32)] = Field(0, description="of the choice of images")

    @model_validator(mode="after")
    def _of_the_recipe(self) -> "StimuliConfig":
        recipes = {"recipe": self.recipe} | {f"recipes.{method}": recipe for method, recipe in self.recipes.items()}
        if unknown := [key for key, recipe in recipes.items() if recipe not in RECIPES]:
            key = unknown[0]
            raise ValueError(f"{key}: no recipe {recipes[key]!r}; there are {', '.join(RECIPES)}")
        taken = {name for recipe in recipes.values() for name in RECIPES[recipe].parameters}
        if unused := [name for name in PARAMETERS if getattr(self, name) is not None and name not in taken]:
            names = " and ".join(dict.fromkeys(recipes.values()))
            raise ValueError(f"{', '.join(unused)}: {names} does not take this; remove it or change the recipe")
        return self

    def rendering_of(self, method: str, joint: bool = False) -> Rendering:
        """How a method's maps are drawn, with the parameters that are not told; `joint`: several maps on one scale."""
        told = {name: getattr(self, name) for name in PARAMETERS if getattr(self, name) is not None}
        return Rendering(self.recipes.get(method, self.recipe), joint=joint, **told)


@dataclass(frozen=True)
class StimulusRequest:
    """What one task asks for: `images` × its pairs × `drawn` × `networks` visualizations."""

    task: str
    kind: str  # name of a kind of task
    images: int
    methods: tuple[str, ...]
    networks: tuple[str, ...]
    foil: str = ANNOTATED  # where the wrong option comes from
    foils: Mapping[str, str] = field(default_factory=dict)  # image id → wrong option, of a table
    matched: bool = False  # images with each right answer are alike in what else the kind says
    classes: tuple[str, ...] = ()  # between which people choose, where all items have the same
    repeats: str | None = None  # an earlier task, whose images are shown again
    image_ids: tuple[str, ...] = ()  # the only images that it may show; none: any
    relied_on: Mapping[str, str] = field(default_factory=dict)  # network → the wrong and the right option, as measured
    deferral: float | None = None  # the network's confidence from which on an image is not shown
    foreign: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # network → what it knows and no image shows
    joint_scale: bool = False  # the networks' pictures of an image are drawn on one scale
    error_groups: Mapping[str, str] = field(default_factory=dict)  # class → group: wrong predictions of both kinds
    explanations: int = 1  # of its images that a trial shows, and a picture holds

    @property
    def drawn(self) -> tuple[str, ...]:
        """The methods, and the photograph where the kind shows it."""
        return (*self.methods, *((PHOTOGRAPH,) if self.facts.shows_photograph else ()))

    @property
    def together(self) -> tuple[str, ...]:
        """The networks whose pictures of an image have one scale; none: each picture has its own."""
        return tuple(sorted(self.networks)) if self.joint_scale else ()

    @property
    def needs_predictions(self) -> bool:
        """Whether images or wrong options are chosen by what the networks predict."""
        return self.facts.needs_predictions or FOILS[self.foil].needs_predictions

    @property
    def words(self) -> str:
        """How many images it asks for."""
        sets = f" ({self.images // self.explanations} sets of {self.explanations})" if self.explanations > 1 else ""
        return f"{self.images} images{sets}"

    @property
    def facts(self) -> Kind:
        """Of its kind of task."""
        return KINDS[self.kind]
