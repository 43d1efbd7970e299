"""`[dataset] format` names a source of photographs, and the section has the keys of that source alone."""

import tomllib
from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from models.config import DatasetConfig
from models.photographs import Photograph
from models.source import Source
from models.sources import SOURCES, Dataset, open_split
from models.voc import VocDataset

SECTION = {"root": "/photographs", "categories": ["dog", "cat"]}


def read(**changes) -> DatasetConfig:
    return TypeAdapter(Dataset).validate_python(SECTION | changes)


def test_a_section_without_a_format_is_voc():
    assert read(year="2007") == VocDataset(root="/photographs", year="2007", categories=("dog", "cat"))


def test_an_unknown_format_is_refused_with_the_known_ones():
    with pytest.raises(ValidationError, match="no format 'jpeg'; there are voc"):
        read(format="jpeg")


def test_every_key_that_the_source_does_not_take_is_named():
    with pytest.raises(ValidationError) as refused:
        read(colour="red", year="07")
    assert sorted(error["loc"] for error in refused.value.errors()) == [("colour",), ("year",)]


def test_a_source_is_one_entry(monkeypatch):
    """Its keys are read from the definition, and its photographs by everything that opens a split."""

    class Numbered(DatasetConfig):
        count: int

    def numbered(dataset: Numbered, split: str) -> tuple[Photograph, ...]:
        return tuple(Photograph(f"{split}{n}", Path("x.jpg"), 8, 8, ()) for n in range(dataset.count))

    monkeypatch.setitem(SOURCES, "numbered", Source("numbered", Numbered, numbered))
    assert [p.image_id for p in open_split(read(format="numbered", count=2), "val")] == ["val0", "val1"]


@pytest.mark.parametrize("split", ["train", "val"])
def test_the_examples_of_two_layouts_are_the_same_photographs(split):
    """Discs, squares and triangles, once in COCO's JSON and once in tables."""
    folder = Path(__file__).parents[2] / "examples" / "formats"

    def photographs(name: str) -> list[tuple]:
        section = tomllib.loads((folder / f"{name}.toml").read_text())["dataset"]
        dataset = TypeAdapter(Dataset).validate_python(section, context={"folder": folder})
        return [(i.image_id, i.path, i.width, i.height, set(i.objects)) for i in open_split(dataset, split)]

    found = photographs("coco")
    assert found == photographs("folder")
    assert len(found) == {"train": 4, "val": 10}[split]
    assert all(box for *_, objects in found for box in (seen.box for seen in objects))
