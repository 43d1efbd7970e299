"""Names with marks are one name in both Unicode forms; tables of other separators are told how to be saved."""

import csv
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from contracts.file_names import as_stored, composed
from models.errors import PhotographError
from models.folders import FOLDER, FolderDataset
from stimuli.errors import GenerationError
from stimuli.produce.tables import read_table
from stimuli.rendering import Rendering

FORMS = [("NFC", "NFD"), ("NFD", "NFC")]
CATEGORIES = ("교회", "Säge")


def written(path: Path, *rows: tuple[object, ...], separator: str = ",") -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=separator).writerows(rows)
    return path


def opened(root: Path, **tables: Path):
    dataset = FolderDataset(root=root, categories=CATEGORIES, split="all", **tables)
    return FOLDER.open_split(dataset, "all")


def pictures(root: Path, form: str) -> None:
    for category in CATEGORIES:
        folder = root / unicodedata.normalize(form, category)
        folder.mkdir(parents=True)
        Image.new("RGB", (8, 8)).save(folder / unicodedata.normalize(form, "Föto 사진.png"))


@pytest.mark.parametrize(("stored", "told"), FORMS)
def test_categories_boxes_and_tables_find_photographs_in_the_other_form(stored, told, tmp_path: Path):
    root = tmp_path / "photographs"
    pictures(root, stored)
    names = [unicodedata.normalize(told, f"{category}/Föto 사진.png") for category in CATEGORIES]
    boxes = written(tmp_path / "b.csv", ("image", "x0", "y0", "x1", "y1"), *((name, 1, 1, 5, 5) for name in names))
    found = opened(root, boxes=boxes)
    assert {image.categories for image in found} == {(category,) for category in CATEGORIES}
    assert all(image.objects[0].box for image in found)
    rows = ((name, category) for name, category in zip(names, CATEGORIES, strict=True))
    assert len(opened(root, table=written(tmp_path / "t.csv", ("picture", "labels"), *rows))) == 2


@pytest.mark.parametrize(("stored", "told"), FORMS)
def test_a_table_of_maps_finds_files_and_photographs_in_the_other_form(stored, told, tmp_path: Path):
    pictures(tmp_path / "photographs", stored)
    image = opened(tmp_path / "photographs")[0]
    np.save(tmp_path / unicodedata.normalize(stored, "Kärte.npy"), np.ones((8, 8)))
    name, file = (unicodedata.normalize(told, text) for text in (image.image_id, "Kärte.npy"))
    row = (name, "church", "a network", file)
    path = written(tmp_path / "maps.csv", ("image", "category", "network", "file"), row)
    assert read_table("mine", path, Rendering("heat-v1")).find("a network", image, "church") is not None


def test_a_file_that_is_not_there_keeps_the_name_that_was_written(tmp_path: Path):
    assert as_stored(tmp_path, "Kärte.npy") == tmp_path / "Kärte.npy"
    assert composed(unicodedata.normalize("NFD", "Kärte")) == "Kärte"


@pytest.mark.parametrize(("separator", "sign"), [(";", "semicolons"), ("\t", "tabs")])
def test_a_table_with_another_separator_is_told_how_to_be_saved(separator, sign, tmp_path: Path):
    columns = ("image", "category", "network", "file")
    path = written(tmp_path / "maps.csv", columns, separator=separator)
    with pytest.raises(GenerationError, match=f"its columns are separated by {sign}: save it with commas"):
        read_table("mine", path, Rendering("heat-v1"))
    pictures(tmp_path / "photographs", "NFC")
    with pytest.raises(PhotographError, match=f"separated by {sign}"):
        opened(tmp_path / "photographs", names=written(tmp_path / "n.csv", ("folder", "name"), separator=separator))


def test_a_map_with_its_colours_last_is_refused_by_its_shape(tmp_path: Path):
    np.save(tmp_path / "map.npy", np.ones((8, 8, 3)))
    path = written(
        tmp_path / "maps.csv", ("image", "category", "network", "file"), ("a", "church", "a network", "map.npy")
    )
    with pytest.raises(GenerationError, match=r"has the shape \(8, 8, 3\); \(H, W\), .* is expected"):
        read_table("mine", path, Rendering("heat-v1"))
