"""models.folders reads pictures by folder or table, with boxes where there are any, and names what it cannot read."""

from pathlib import Path

import pytest
from PIL import Image

from models.errors import PhotographError
from models.folders import FolderDataset
from models.photographs import AnnotatedObject
from models.sources import open_split


def picture(path: Path, size: tuple[int, int] = (40, 30)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size).save(path)


def read(root: Path, split: str = "val", **tables: str):
    """`tables` are written beside the photographs."""
    for name, text in tables.items():
        (root.parent / f"{name}.csv").write_text(text)
    named = {name: root.parent / f"{name}.csv" for name in tables}
    return open_split(FolderDataset(root=root, categories=("dog", "cat"), **named), split)


@pytest.fixture
def root(tmp_path):
    return tmp_path / "photographs"


@pytest.mark.parametrize("split", ["val/", ""])
def test_folders_are_categories_within_a_split_or_without_one(root, split):
    for name in ("dog/b.JPG", "cat/a.png", "dog/more/c.jpeg"):
        picture(root / f"{split}{name}")
    (root / f"{split}dog" / "notes.txt").write_text("no picture")
    assert [(i.image_id, i.width, i.objects) for i in read(root)] == [
        ("cat/a", 40, (AnnotatedObject("cat", None),)),
        ("dog/b", 40, (AnnotatedObject("dog", None),)),
        ("dog/more/c", 40, (AnnotatedObject("dog", None),)),
    ]


def test_a_table_gives_folders_their_names(root):
    picture(root / "n01" / "a.jpg")
    picture(root / "n02" / "b.jpg")
    assert [i.categories for i in read(root, names="folder,name\nn01,tench\n")] == [("tench",), ("n02",)]


def test_a_table_lists_pictures_with_several_labels(root):
    for name in ("x/a.jpg", "b.jpg", "c.jpg"):
        picture(root / name)
    table = "picture,labels,split\nx/a.jpg,dog; cat,val\nb.jpg,dog,train\nc.jpg,cow,val\n"
    assert [(i.image_id, i.categories) for i in read(root, table=table)] == [("x/a", ("cat", "dog")), ("c", ("cow",))]
    assert [i.image_id for i in read(root, "train", table=table)] == ["b"]


def test_boxes_are_scaled_to_the_picture_and_counted_from_one(root):
    """A picture squashed from 80 × 90 to 40 × 30: half as wide, a third as high."""
    picture(root / "dog" / "a.jpg")
    picture(root / "dog" / "b.jpg")
    boxes = "image,x0,y0,x1,y1,width,height\na.jpg,20,30,60,90,80,90\ndog/b.jpg,0,0,40,30,,\n"
    assert [o.box for i in read(root, boxes=boxes) for o in i.objects] == [(11, 11, 30, 30), (1, 1, 40, 30)]


def test_a_label_without_a_box_is_kept_beside_one_with_a_box(root):
    picture(root / "a.jpg")
    table, boxes = "picture,labels\na.jpg,dog;cat\n", "image,x0,y0,x1,y1,label\na.jpg,0,0,9,9,cat\n"
    (image,) = read(root, table=table, boxes=boxes)
    assert image.objects == (AnnotatedObject("cat", (1, 1, 9, 9)), AnnotatedObject("dog", None))


@pytest.mark.parametrize(
    ("split", "tables", "message"),
    [
        ("train", {}, r"no folder .*train; folders found: cat, dog"),
        ("train", {"table": "picture,labels\ndog/a.jpg,dog\n"}, r"has no column split, so there is no split 'train'"),
        ("val", {"table": "file,labels\n"}, r"table\.csv lacks the columns picture; columns found: file, labels"),
        ("val", {"table": "picture,labels\n"}, r"has no pictures \(files that end in \.jpg"),
        ("val", {"table": "picture,labels\n../x.jpg,dog\n"}, r"'\.\./x\.jpg' leads out of"),
        ("val", {"table": "picture,labels\nx.jpg,dog\n"}, r"x\.jpg is missing; restore it"),
        ("val", {"table": "picture,labels\ndog/a.jpg,dog\ndog/a.jpg,cat\n"}, r"repeats 1 pictures"),
        ("val", {"names": "folder\n"}, r"names\.csv lacks the columns name"),
        ("val", {"boxes": "image,x0,y0,x1,y1\na.jpg,0,0,60,9\n"}, r"dog: box \(1, 1, 60, 9\) does not lie in 40 × 30"),
        ("val", {"boxes": "image,x0,y0,x1,y1\na.jpg,0,0,wide,9\n"}, r"dog/a\.jpg cannot be understood .*wide"),
        ("val", {"boxes": "image,x0,y0,x1,y1,width,height\na.jpg,0,0,1,9,0,0\n"}, r"dog/a\.jpg cannot be understood"),
        ("val", {"boxes": "image,x0,y0,x1,y1,label\na.jpg,0,0,1,9,cow\n"}, r"has the label 'cow'; labels of the picture: dog"),
        ("val", {"table": "picture,labels\n\"a"}, r"table .*table\.csv cannot be read"),
        ("val", {"boxes": "image,x0,y0,x1,y1\nz.jpg,0,0,1,9\n"}, r"boxes\.csv names no picture of split 'val'; .* such as dog/a\.jpg, and holds z"),
        ("val", {"boxes": "image\0"}, r"boxes\.csv is no text"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(root, split, tables, message):
    picture(root / "dog" / "a.jpg")
    (root / "cat").mkdir()
    with pytest.raises(PhotographError, match=message):
        read(root, split, **tables)


def test_a_missing_folder_or_table_is_named(tmp_path, root):
    with pytest.raises(PhotographError, match=r"no folder .*photographs; set dataset\.root"):
        read(root)
    root.mkdir()
    dataset = FolderDataset(root=root, categories=("dog", "cat"), table=tmp_path / "none.csv")
    with pytest.raises(PhotographError, match=r"none\.csv is missing; correct its name"):
        open_split(dataset, "val")


@pytest.mark.shared
def test_the_development_photographs_of_one_label_are_read_with_their_boxes(shared: Path):
    """Oracle: the table's own numbers, as shares of the original's width and height."""
    folder = shared / "ilsvrc"
    dataset = FolderDataset(root=folder / "images", categories=("n01440764", "n02102040"), boxes=folder / "boxes.csv")
    images = open_split(dataset, "val")
    assert len(images) == 250
    rows = [line.split(",") for line in (folder / "boxes.csv").read_text().splitlines()[1:]]
    boxes = [(i, o.box) for i in images for o in i.objects]
    assert len(boxes) == len(rows)
    by_name = {}
    for image, box in boxes:
        by_name.setdefault(image.path.name, []).append(
            [(box[0] - 1) / 224, (box[1] - 1) / 224, box[2] / 224, box[3] / 224]
        )
    for name, _, _, width, height, *edges in rows:
        found = by_name[name].pop(0)
        sides = (float(width), float(height)) * 2
        assert found == pytest.approx([float(e) / s for e, s in zip(edges, sides, strict=True)], abs=0.75 / 224)
