"""Section `[bias]` of a study definition: the experiment of `./manage.py bias`."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from models.config import DefinitionPath

Strength = Annotated[float, Field(ge=0, le=1)]
GIVEN = 0.7  # 78 % of the paper's doctors are men and 93 % of its nurses women: 0.78 + 0.93 − 1


class BiasConfig(BaseModel):
    """Strength s: a share (1 + s) / 2 of the first class's training photographs has the cue, and (1 − s) / 2 of the
    second's. The classes are of the same size at every strength."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    photographs: Literal["scenes", "planted", "dataset"] = Field(
        "scenes",
        description="scenes: drawn with and without the cue; planted: copies of photographs of [dataset]'s split,"
        " without and with a cue drawn on them; dataset: those of [dataset] as they are, some with the cue",
    )
    form: Literal["stripe", "patch", "dots"] = Field(
        "stripe",
        description="of a planted cue. stripe: pink, the left quarter; patch: yellow, a third of either side in the"
        " lower right corner; dots: light blue, over the upper quarter",
    )
    classes: tuple[str, ...] = Field(
        (), description="the two classes that the network learns, that with the cue first; none: the study's first two"
    )
    cue: str = Field(
        "person",
        description="what goes with the first class: a category, drawn beside the object or annotated in the"
        " photograph; for scenes also background, a green tint of it; planted: any name for it",
    )
    names: Mapping[str, str] = Field(
        {},
        description='language code and what people read who are told of the cue (`{ en = "a red tag" }`); none:'
        " Discern's words for a planted form, else the category's name",
    )
    table: DefinitionPath | None = Field(
        None, description="for your own photographs: a CSV file with image and cue, 1 or 0, in place of annotations"
    )
    network: str = Field(
        "",
        description="of [networks], whose settings are trained; none: the demo's weak one on its own features",
    )
    strength: Strength = Field(GIVEN, description="of the biased training set; it is compared with 0, the balanced one")
    strengths: Annotated[tuple[Strength, ...], Field(max_length=11)] = Field(
        (0.0, 0.25, 0.5, 0.75, 1.0), description="further networks are trained at these and kept for a study"
    )
    train: Annotated[int, Field(ge=8, le=1_000_000)] = Field(600, description="training photographs of each network")
    test: Annotated[int, Field(ge=8, le=1_000_000)] = Field(
        100,
        description="scenes, or photographs with a planted cue, of the balanced test set; each is tested without and"
        " with its cue",
    )
    seed: Annotated[int, Field(ge=0, lt=2**32)] = Field(0, description="of scenes and of the choice of photographs")

    @field_validator("classes")
    @classmethod
    def _two(cls, classes: tuple[str, ...]) -> tuple[str, ...]:
        if classes and len(set(classes)) != 2:
            raise ValueError("two different classes are expected")
        return classes

    @model_validator(mode="after")
    def _possible(self) -> "BiasConfig":
        if self.cue in self.classes:
            raise ValueError(f"cue {self.cue!r} is one of the classes; name another category")
        if self.form != "stripe" and self.photographs != "planted":
            raise ValueError(f'form = "{self.form}" is for a planted cue; set photographs = "planted"')
        if self.table and self.has_pairs:
            raise ValueError('table is for your own photographs; set photographs = "dataset"')
        return self

    @property
    def has_pairs(self) -> bool:
        """Whether each picture is there without and with its cue, so that the cue can be swapped."""
        return self.photographs != "dataset"

    @property
    def grid(self) -> tuple[float, ...]:
        """All strengths that are trained, in order."""
        return tuple(sorted({0.0, self.strength, *self.strengths}))
