"""The sources of photographs by the name that `[dataset] format` uses."""

from typing import Annotated, Any

from pydantic import ValidationInfo, ValidatorFunctionWrapHandler, WrapValidator

from models.coco import COCO
from models.config import DatasetConfig
from models.folders import FOLDER
from models.photographs import Photograph
from models.source import Source
from models.voc import VOC

SOURCES: dict[str, Source] = {source.name: source for source in (VOC, COCO, FOLDER)}


def _of_its_source(section: Any, _base: ValidatorFunctionWrapHandler, info: ValidationInfo) -> DatasetConfig:
    name = section.get("format", VOC.name) if isinstance(section, dict) else VOC.name
    if not isinstance(name, str) or name not in SOURCES:
        raise ValueError(f"format: no format {str(name)[:60]!r}; there are {', '.join(SOURCES)}")
    return SOURCES[name].config.model_validate(section, context=info.context)


Dataset = Annotated[DatasetConfig, WrapValidator(_of_its_source)]
"""Section `[dataset]`, with the keys of its source."""


def open_split(dataset: DatasetConfig, split: str) -> tuple[Photograph, ...]:
    """All photographs of `split` in the order of its list; pixels are not read.

    Raises PhotographError where the list, annotations or pictures are missing or cannot be understood.
    """
    return SOURCES[dataset.format].open_split(dataset, split)
