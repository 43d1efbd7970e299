"""models.coco reads what COCO's JSON says, and names what it cannot read."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

from models.coco import CocoDataset
from models.errors import PhotographError
from models.photographs import AnnotatedObject
from models.sources import open_split

CATEGORIES = [{"id": 18, "name": "dog"}, {"id": 17, "name": "cat"}]


@pytest.fixture
def document():
    return {
        "images": [{"id": 7, "file_name": "b.jpg", "width": 40, "height": 30}, {"id": 3, "file_name": "a.png", "width": 40, "height": 30}],
        "categories": CATEGORIES,
        "annotations": [
            {"image_id": 7, "category_id": 18, "bbox": [2, 3, 18, 22], "iscrowd": 0},
            {"image_id": 7, "category_id": 17, "bbox": [0.0, 0.0, 40.0, 30.0], "iscrowd": 1},
        ],
    }  # fmt: skip


@pytest.fixture
def root(tmp_path: Path):
    (tmp_path / "val").mkdir()
    (tmp_path / "annotations").mkdir()
    for name in ("b.jpg", "a.png"):
        Image.new("RGB", (40, 30)).save(tmp_path / "val" / name)
    return tmp_path


def read(root: Path, document: object):
    (root / "annotations" / "instances_val.json").write_text(json.dumps(document))
    return open_split(CocoDataset(root=root, categories=("dog", "cat")), "val")


def test_objects_have_box_and_category_and_a_crowd_is_difficult(root, document):
    first, second = read(root, document)
    assert (first.image_id, first.width, first.height, second.image_id) == ("b", 40, 30, "a")
    assert first.objects == (AnnotatedObject("dog", (3, 4, 20, 25)), AnnotatedObject("cat", (1, 1, 40, 30), True))
    assert second.objects == ()


def test_a_box_thinner_than_a_pixel_has_one(root, document):
    document["annotations"] = [{"image_id": 3, "category_id": 18, "bbox": [5.1, 6.2, 0.3, 0.2]}]
    assert read(root, document)[1].objects == (AnnotatedObject("dog", (6, 7, 6, 7)),)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d["images"][0].update(file_name="c.jpg"), r"c\.jpg is missing; restore it"),
        (lambda d: d["images"][0].update(file_name="../b.jpg"), r"'\.\./b\.jpg' leads out of"),
        (lambda d: d["images"][0].update(width=41), r"says that b\.jpg has 41 × 30 pixels, but it has 40 × 30"),
        (lambda d: d["annotations"][0].update(bbox=[2, 3, 50, 9]), r"dog: box \(3, 4, 52, 12\) does not lie in 40 × 30"),
        (lambda d: d["annotations"][0].update(bbox=[2, 3]), r"b\.jpg in .*instances_val\.json cannot be understood"),
        (lambda d: d["annotations"][0].update(bbox=[2, 3, float("inf"), 4]), r"cannot be understood"),
        (lambda d: d["annotations"][0].update(segmentation=[[1, 1, 5, 5]]), r"dog: its segmentation is neither polygons"),
        (lambda d: d["annotations"][0].update(segmentation=[[1, 1, 5, 5, float("nan"), 2]]), r"its segmentation is neither"),
        (lambda d: d["annotations"][0].update(segmentation={"size": [40, 30], "counts": "0"}), r"run lengths of 40 × 30"),
        (lambda d: d["annotations"][0].update(segmentation={"size": [30, 40], "counts": [5]}), r"run lengths of 40 × 30"),
        (lambda d: d["annotations"][0].update(category_id=99), r"no category has the id 99"),
        (lambda d: d["annotations"][0].pop("image_id"), r"not as COCO writes instances \(KeyError: 'image_id'\)"),
        (lambda d: d.pop("categories"), r"not as COCO writes instances \(KeyError: 'categories'\)"),
        (lambda d: d.update(images=[]), r"lists no images"),
        (lambda d: d.update(annotations=5), r"not as COCO writes"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused_by_what_is_wrong(root, document, change, message):
    change(document)
    with pytest.raises(PhotographError, match=message):
        read(root, document)


def test_a_missing_file_tells_which_are_there(root, document):
    read(root, document)
    with pytest.raises(PhotographError, match=r"instances_train\.json is missing.*there: instances_val\.json"):
        open_split(CocoDataset(root=root, categories=("dog", "cat")), "train")
    (root / "annotations" / "instances_val.json").write_text("{")
    with pytest.raises(PhotographError, match=r"is no JSON"):
        open_split(CocoDataset(root=root, categories=("dog", "cat")), "val")


@pytest.mark.shared
def test_the_development_photographs_are_the_same_in_either_layout(shared: Path, tmp_path: Path):
    """The JSON is written here from VOC's XML; COCO counts pixels from 0 and gives widths."""
    voc = shared / "coco" / "VOCdevkit" / "VOC2012"
    ids = (voc / "ImageSets" / "Main" / "val.txt").read_text().split()
    images, annotations, expected = [], [], {}
    names: dict[str, int] = {}
    for number, image_id in enumerate(ids):
        tree = ElementTree.parse(voc / "Annotations" / f"{image_id}.xml")
        width, height = (int(tree.findtext(f"size/{side}")) for side in ("width", "height"))
        images.append({"id": number, "file_name": f"{image_id}.jpg", "width": width, "height": height})
        expected[image_id] = []
        for node in tree.findall("object"):
            x0, y0, x1, y1 = (round(float(node.findtext(f"bndbox/{s}"))) for s in ("xmin", "ymin", "xmax", "ymax"))
            x0, y0 = max(x0, 1), max(y0, 1)
            name = node.findtext("name")
            box = [x0 - 1, y0 - 1, x1 - x0 + 1, y1 - y0 + 1]
            annotations.append({"image_id": number, "category_id": names.setdefault(name, len(names)), "bbox": box})
            expected[image_id].append((name, (x0, y0, min(x1, width), min(y1, height))))
    categories = [{"id": number, "name": name} for name, number in names.items()]
    (tmp_path / "val.json").write_text(
        json.dumps({"images": images, "categories": categories, "annotations": annotations})
    )
    dataset = CocoDataset(
        root=tmp_path, categories=("dog", "cat"), annotations="{split}.json", images=str(voc / "JPEGImages")
    )
    found = open_split(dataset, "val")
    assert {image.image_id: [(o.category, o.box) for o in image.objects] for image in found} == expected
