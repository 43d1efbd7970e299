"""Sections `[dataset]` and `[networks.<name>]` of a study definition."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,63}$")]


def _from_definition(path: Path, info: ValidationInfo) -> Path:
    """Expand environment variables and read a relative path from the definition's folder."""
    text = os.path.expandvars(str(path))
    if missing := re.search(r"\$\{?(\w+)", text):
        raise ValueError(f"environment variable {missing[1]} is not set; export it or write a plain path")
    return (Path((info.context or {}).get("folder", ".")) / text).resolve()


Layout = Literal["channels-first", "channels-last", "tokens"]
"""How a layer's output is arranged: (N, K, u, v), (N, u, v, K) or (N, tokens, K)."""

Output = Literal["logits", "softmax", "sigmoid"]
"""What a network answers: scores of any size, probabilities of one of all categories, or of each category by itself."""

DefinitionPath = Annotated[Path, AfterValidator(_from_definition)]


def code_place(code: str, info: ValidationInfo) -> str:
    """`file.py:function`, its file read from the definition's folder, or `package.module:function`; or nothing."""
    place, colon, function = code.rpartition(":")
    if code and not (place and colon and function.isidentifier()):
        raise ValueError("file.py:function or package.module:function is expected")
    return f"{_from_definition(Path(place), info)}:{function}" if place.endswith(".py") else code


ASK_FOR_IT = (
    "`labels` name its outputs and keep its last layer; `training = {{}}` in [networks.{name}] puts a new last layer on"
    " it and trains it"
)
FORMAT = "how the photographs are kept: docs/how-to/real-photographs.md"


class DatasetConfig(BaseModel):
    """What the photographs of every source have; a source adds keys of its own (models/sources.py)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: str = Field(description=FORMAT)
    root: DefinitionPath = Field(description="folder of the photographs; environment variables are read: ${NAME}")
    train_split: str = Field("train", description="the split that networks are trained on")
    split: str = Field("val", description="the split whose images are shown to people and on which mAP is measured")
    categories: Annotated[tuple[str, ...], Field(min_length=2)] = Field(
        description="names of the categories of the study, as the annotations write them"
    )

    @field_validator("categories")
    @classmethod
    def _distinct(cls, categories: tuple[str, ...]) -> tuple[str, ...]:
        if repeated := sorted({c for c in categories if categories.count(c) > 1}):
            raise ValueError(f"categories listed more than once: {', '.join(repeated)}")
        return categories


Channel = Annotated[float, Field(ge=-255, le=255)]
Spread = Annotated[float, Field(gt=0, le=255)]


class TrainingConfig(BaseModel):
    """Section `[networks.<name>.training]`: how `./manage.py train` makes the checkpoint."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    parts: Literal["head", "classifier", "all"] = Field(
        "head", description="what learns: the last layer alone, the module `classifier`, or everything"
    )
    epochs: Annotated[int, Field(ge=1, le=1000)] = Field(10, description="passes over the training split")
    batch_size: Annotated[int, Field(ge=1, le=4096)] = Field(32, description="images of one training step")
    learning_rate: Annotated[float, Field(gt=0, lt=10)] = Field(1e-3, description="of the optimiser AdamW, at most")
    weight_decay: Annotated[float, Field(ge=0, le=10)] = Field(0.0, description="of the optimiser AdamW")
    images: Annotated[int, Field(ge=1, le=10_000_000)] | None = Field(
        None, description="train on the first N images only"
    )
    seed: Annotated[int, Field(ge=0, lt=2**32)] = Field(0, description="of order, crops and first weights")


class NormalizeConfig(BaseModel):
    """Subtracted from and divided into each channel of pixels from 0 to 1; ImageNet's numbers where none are told."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mean: tuple[Channel, Channel, Channel] = Field((0.485, 0.456, 0.406), description="of red, green and blue")
    std: tuple[Spread, Spread, Spread] = Field((0.229, 0.224, 0.225), description="of red, green and blue")

    @model_validator(mode="after")
    def _of_pixels_from_0_to_1(self) -> "NormalizeConfig":
        if max(*map(abs, self.mean), *self.std) > 2:
            raise ValueError("numbers for pixels from 0 to 1 are expected; divide those for pixels to 255 by 255")
        return self


def _without_default(schema: dict[str, Any]) -> None:
    del schema["default"]


class NetworkConfig(BaseModel):
    """One network: its architecture, what it starts from, and the checkpoint that stimuli are made from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    architecture: str = Field(
        "",
        description="a torchvision name (`vgg16`), `timm:<name>` where timm is installed, or one of Discern's"
        " (`demo-vgg`, `demo-alexnet`, both with `-wide`); or `module`",
    )
    module: str = Field(
        "",
        description="in place of architecture: a function without arguments that returns the network, as"
        " `file.py:function` beside the definition or `package.module:function`; its code is run",
    )
    weights: str | None = Field(
        None,
        description="`torchvision:<NAME>` or a state-dict file training starts from; none: random, or as `module` sets"
        " them",
    )
    checkpoint: DefinitionPath = Field(
        Path("network.safetensors"),
        description="safetensors file that `train` or `import-network` writes and `generate-stimuli` reads;"
        " none: networks/<name>.safetensors beside the folder of the stimuli",
        json_schema_extra=_without_default,  # it depends on the network's name
    )
    target_layer: str = Field(
        description="dotted module name whose output Grad-CAM weighs, e.g. `features.29`; auto: the last with maps or"
        " tokens"
    )
    layout: Layout | None = Field(
        None, description="how the target layer's output is arranged, where it is not recognised by itself"
    )
    labels: Literal["torchvision"] | DefinitionPath | tuple[str, ...] | None = Field(
        None,
        description="names of the outputs, a list in their order or a CSV file with index and name: the network is"
        " imported as it is, last layer included, by `import-network`; outputs without a name are kept, not studied."
        " torchvision: the names of the 1,000 categories of ImageNet as torchvision has them, also where weights are"
        " named and neither labels, training nor checkpoint",
    )
    output: Output = Field(
        "logits",
        description="what an imported network answers: logits, or probabilities whose sum is 1 (softmax) or of each"
        " category by itself (sigmoid)",
    )
    normalize: NormalizeConfig = Field(NormalizeConfig(), description="what the network wants its input to be")
    image_size: Annotated[int, Field(ge=32, le=1024)] = Field(
        224, description="pixels of the square that the network sees, and of its visualizations"
    )
    crop: Literal["none", "centre"] = Field(
        "none",
        description="none: the whole photograph is squashed to the square; centre: it keeps its shape, and the square"
        " in its middle is seen",
    )
    resize: Annotated[int, Field(ge=32, le=4096)] | None = Field(
        None, description="pixels of the photograph's shorter side before its middle is cut out; none: image_size"
    )
    reset_last_layer: Annotated[int, Field(ge=0, lt=2**32)] | None = Field(
        None,
        description="seed of random weights for the last layer that has weights, as a defect that people may find; the"
        " checkpoint stays as it is. none: as it was trained",
    )
    exchanged_labels: Annotated[int, Field(ge=0, lt=2**32)] | None = Field(
        None,
        description="seed of an order in which every category gets the output of another one, as a defect that people"
        " may find: the network that trains on labels exchanged by category; the checkpoint stays as it is",
    )
    out_of_distribution: tuple[str, ...] = Field(
        (),
        description="the only categories that this network answers with, as a defect that people may find: tasks of"
        " kind rating show photographs of none of them; none: all that it knows",
    )
    training: TrainingConfig | None = Field(
        None,
        description="asks `train` to put a new last layer on the network and to make the checkpoint; {}: with the usual"
        " numbers; none: it is not trained",
    )

    @model_validator(mode="before")
    @classmethod
    def _named_by_torchvision(cls, network: Any) -> Any:
        return named_by_torchvision(network)

    @field_validator("weights")
    @classmethod
    def _weights(cls, weights: str | None, info: ValidationInfo) -> str | None:
        if weights is None or weights.startswith("torchvision:"):
            return weights
        return str(_from_definition(Path(weights), info))

    @field_validator("module")
    @classmethod
    def _found_beside(cls, module: str, info: ValidationInfo) -> str:
        return code_place(module, info)

    @model_validator(mode="after")
    def _one_source(self) -> "NetworkConfig":
        if bool(self.architecture) == bool(self.module):
            raise ValueError("either architecture or module must say what the network is")
        if self.module and self.labels is None:
            raise ValueError(
                "labels are missing: a network of your own is imported as it is, with names of its outputs"
            )
        return self

    @model_validator(mode="after")
    def _possible(self) -> "NetworkConfig":
        if self.resize is not None and self.crop == "none":
            raise ValueError('resize is for crop = "centre"; without a crop the photograph is squashed to image_size')
        if self.resize is not None and self.resize < self.image_size:
            raise ValueError(f"resize = {self.resize} is less than image_size = {self.image_size}; raise it")
        if self.labels is not None and self.training is not None:
            raise ValueError("labels keep the network's last layer, and training puts a new one there; remove one")
        if self.output != "logits" and self.labels is None:
            raise ValueError("output is for networks that are imported with labels; training makes logits")
        return self

    @property
    def has_defect(self) -> bool:
        """Whether a defect is given to it each time it is loaded; its checkpoint stays as it is."""
        given = self.reset_last_layer is not None or self.exchanged_labels is not None
        return given or bool(self.out_of_distribution)

    @property
    def source(self) -> str:
        """What it is, without folders: its architecture, or its function's file and name."""
        place, _, function = self.module.rpartition(":")
        return self.architecture or f"{Path(place).name}:{function}"


def named_by_torchvision(network: Any) -> Any:
    """A network's section, with torchvision's names as its labels where it has weights and nothing else is told."""
    named = isinstance(network, Mapping) and _is_torchvisions_own(network)
    return {**network, "labels": "torchvision"} if named else network


def _is_torchvisions_own(network: Mapping[str, Any]) -> bool:
    """Whether it has weights for an architecture of torchvision, and nothing says what becomes of its last layer."""
    architecture = str(network.get("architecture") or "timm:")
    told = network.keys() & {"labels", "training", "checkpoint"}
    return bool(network.get("weights")) and not told and not architecture.startswith(("timm:", "demo-"))


def not_asked_for(networks: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Networks of which nothing says whether their last layer stays; a checkpoint holds one that is ready."""
    return [
        f"networks.{name}: labels or training is missing: {ASK_FOR_IT.format(name=name)}"
        for name, network in networks.items()
        if not network.keys() & {"labels", "training", "checkpoint"} and not _is_torchvisions_own(network)
    ]
