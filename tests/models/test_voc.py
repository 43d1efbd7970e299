"""models.voc reads real VOC, small home-made VOC folders and awkward picture files, and names what it cannot read."""

import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from torchvision.datasets import VOCDetection

from models.errors import PhotographError
from models.image_files import read_image
from models.photographs import AnnotatedObject, data_sha256, notes
from models.sources import open_split
from models.voc import VocDataset


def test_objects_are_read_with_box_and_difficulty(dataset, add_image):
    add_image("000005", [("dog", (3, 4, 20, 25), 0), ("sofa", (1, 1, 40, 30), 1)])
    (image,) = open_split(dataset, "val")
    assert (image.image_id, image.width, image.height) == ("000005", 40, 30)
    assert image.objects == (
        AnnotatedObject("dog", (3, 4, 20, 25)),
        AnnotatedObject("sofa", (1, 1, 40, 30), difficult=True),
    )


def test_categories_outside_the_study_are_kept(dataset, add_image):
    """Selection must know that a picture shows more than the study's categories."""
    add_image("a", [("sofa", (1, 1, 9, 9), 0), ("dog", (1, 1, 9, 9), 0), ("dog", (2, 2, 9, 9), 0)])
    assert open_split(dataset, "val")[0].categories == ("dog", "sofa")


def test_pictures_come_in_the_order_of_the_list(dataset, add_image):
    for image_id in ("b", "a", "c"):
        add_image(image_id, [("dog", (1, 1, 9, 9), 0)])
    assert [image.image_id for image in open_split(dataset, "val")] == ["b", "a", "c"]


def test_a_small_set_reads_as_torchvision_reads_it(dataset, add_image):
    add_image("a", [("dog", (3, 4, 20, 25), 0), ("cat", (1, 1, 40, 30), 1)])
    folder = add_image("b", [("cat", (5.6, 1.2, 9.4, 9.5), 0)])
    # torchvision demands that every listed annotation has its picture, as open_split does.
    assert folder.name == "VOC2007"
    assert_reads_as_torchvision(dataset, "val")


@pytest.mark.shared
@pytest.mark.parametrize("split", ["train", "val"])
def test_the_development_photographs_read_as_torchvision_reads_them(shared: Path, split: str):
    assert_reads_as_torchvision(VocDataset(root=shared / "voc", categories=("dog", "cat")), split)


def test_scenes_read_as_torchvision_reads_them(small_scenes):
    assert_reads_as_torchvision(small_scenes, "val")


def assert_reads_as_torchvision(dataset: VocDataset, split: str) -> None:
    images = open_split(dataset, split)
    oracle = VOCDetection(dataset.root, year=dataset.year, image_set=split)
    assert len(images) == len(oracle)
    for index, image in enumerate(images):
        annotation = oracle.parse_voc_xml(ElementTree.parse(oracle.annotations[index]).getroot())["annotation"]
        assert str(image.path) == oracle.images[index]
        assert (str(image.width), str(image.height)) == (annotation["size"]["width"], annotation["size"]["height"])
        assert [
            (o["name"], *(round(float(o["bndbox"][side])) for side in ("xmin", "ymin", "xmax", "ymax")), o["difficult"])
            for o in annotation["object"]
        ] == [(o.category, *o.box, str(int(o.difficult))) for o in image.objects]
    picture, _ = oracle[0]
    assert np.array_equal(np.asarray(read_image(images[0].path)), np.asarray(picture))


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (lambda folder: (folder / "JPEGImages" / "a.jpg").unlink(), r"a\.jpg is missing; restore it"),
        (lambda folder: (folder / "Annotations" / "a.xml").unlink(), r"a\.xml is missing; restore it"),
        (lambda folder: (folder / "ImageSets" / "Main" / "val.txt").unlink(), r"val\.txt is missing; splits found: tr"),
        (lambda folder: (folder / "ImageSets" / "Main" / "val.txt").write_text("\n"), r"val\.txt names no pictures"),
        (lambda folder: (folder / "ImageSets" / "Main" / "val.txt").write_text("a\na\n"), "repeats 1 ids"),
        (lambda folder: (folder / "Annotations" / "a.xml").write_text("<annotation>"), r"a\.xml cannot be understood"),
        (lambda folder: (folder / "Annotations" / "a.xml").write_text("<annotation/>"), r"no <size/width>"),
        (lambda folder: replace(folder, "<xmax>20<", "<xmax>42<"), r"dog: box \(3, 4, 42, 25\) does not lie in 40 × 30"),
        (lambda folder: replace(folder, "<xmin>3<", "<xmin>21<"), r"dog: box \(21, 4, 20, 25\) does not lie in"),
        (lambda folder: replace(folder, "<width>40<", "<width>50<"), r"says that a\.jpg has 50 × 30 pixels, but it has 40 × 30"),
        (lambda folder: replace(folder, "<xmax>20<", "<xmax>inf<"), r"a\.xml cannot be understood .*infinity"),
        (lambda folder: replace(folder, "<xmax>20<", "<xmax>nan<"), r"a\.xml cannot be understood .*NaN"),
        (lambda folder: replace(folder, "<xmin>3</xmin>", ""), r"no <bndbox/xmin> in <object>"),
        (lambda folder: (folder / "JPEGImages" / "a.jpg").write_bytes(b"no picture"), r"a\.jpg cannot be read"),
        (lambda folder: Image.new("RGB", (40, 30)).save(folder / "JPEGImages" / "a.png"), r"a is a\.jpg and a\.png; keep one"),
        (lambda folder: (folder / "ImageSets" / "Main" / "val.txt").write_bytes(b"\xe9"), r"val\.txt is no text in UTF-8 \(byte 1\)"),
        (lambda folder: (folder / "ImageSets" / "Main" / "val.txt").write_text("a -1\n"), r"val\.txt names no pictures"),
        (lambda folder: (folder / "ImageSets" / "Main" / "val.txt").write_text("../VOC2012/a"), r"leads out of .*VOC2007; write names inside of it"),
        (lambda folder: (folder / "ImageSets" / "Main" / "val.txt").write_text("/etc/a"), r"leads out of .*VOC2007; write names inside of it"),
        (lambda folder: replace(folder, "<xmax>20<", "<xmax>wide<"), r"a\.xml cannot be understood .*wide"),
        (lambda folder: replace(folder, "<name>dog</name>", ""), r"no <name> in <object>"),
    ],
)  # fmt: skip
def test_a_broken_folder_is_refused_by_the_file_name(dataset, add_image, break_it, message):
    add_image("t", [("dog", (1, 1, 9, 9), 0)], split="train")
    break_it(add_image("a", [("dog", (3, 4, 20, 25), 0)]))
    with pytest.raises(PhotographError, match=message):
        open_split(dataset, "val")


def replace(folder: Path, old: str, new: str) -> None:
    path = folder / "Annotations" / "a.xml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_all_problems_of_a_split_are_told_at_once(dataset, add_image):
    for i in range(24):
        folder = add_image(f"i{i:02}", [("dog", (3, 4, 20, 25), 0)])
    for i in range(23):
        (folder / "JPEGImages" / f"i{i:02}.jpg").unlink()
    (folder / "Annotations" / "i23.xml").write_text("<annotation>")
    with pytest.raises(PhotographError) as refused:
        open_split(dataset, "val")
    first, *lines, last = str(refused.value).splitlines()
    assert "split 'val'" in first
    assert "24 problems" in first
    assert ["i00.jpg is missing" in lines[0], len(lines), last.strip()] == [True, 20, "and 4 more"]


@pytest.mark.parametrize("name", ["a.JPG", "a.jpeg", "a.JPEG", "a.png", "a.Png"])
def test_pictures_have_any_of_the_usual_endings(dataset, add_image, name):
    folder = add_image("a", [("dog", (3, 4, 20, 25), 0)]) / "JPEGImages"
    (folder / "a.jpg").unlink()
    Image.new("RGB", (40, 30)).save(folder / name)
    (image,) = open_split(dataset, "val")
    assert image.path == folder / name
    assert read_image(image.path).size == (40, 30)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_list_may_have_a_byte_order_mark(dataset, add_image, encoding):
    folder = add_image("a", [("dog", (3, 4, 20, 25), 0)])
    mark = "\ufeff" if encoding[-3:] in ("-le", "-be") else ""
    (folder / "ImageSets" / "Main" / "val.txt").write_text(f"{mark}a\r\n", encoding=encoding)
    assert [image.image_id for image in open_split(dataset, "val")] == ["a"]


def test_a_list_of_a_category_names_the_pictures_that_show_it(dataset, add_image):
    """VOC's own: 1 the category is there, 0 only a difficult one, -1 it is absent (devkit, section 3.1)."""
    for image_id in ("a", "b", "c"):
        folder = add_image(image_id, [("cat", (3, 4, 20, 25), 0)])
    (folder / "ImageSets" / "Main" / "cat_val.txt").write_text("a  1\nb -1\nc  0\n")
    assert [image.image_id for image in open_split(dataset, "cat_val")] == ["a", "c"]


def test_an_object_without_a_box_has_its_name(dataset, add_image):
    folder = add_image("a", [("dog", (3, 4, 20, 25), 0)])
    path = folder / "Annotations" / "a.xml"
    path.write_text(re.sub(r"</difficult><bndbox>.*?</bndbox><part>.*</part>", "</difficult>", path.read_text()))
    images = open_split(dataset, "val")
    assert images[0].objects == (AnnotatedObject("dog", None),)
    assert len(data_sha256(images)) == 64


def test_boxes_a_pixel_outside_are_clipped_and_counted(dataset, add_image):
    add_image("a", [("dog", (-1, 0, 41, 30), 0), ("cat", (1, 1, 40, 31), 0)])
    add_image("b", [("dog", (1, 1, 40, 30), 0)])
    images = open_split(dataset, "val")
    assert [o.box for image in images for o in image.objects] == [(0, 0, 40, 30), (1, 1, 40, 30), (1, 1, 40, 30)]
    assert notes(images) == "boxes a pixel outside of their image, clipped: 2, in images: 1"
    assert notes(images[1:]) == ""


STORED = (7, 3, 20, 9)  # a box in 40 × 30 pixels


def turned(folder: Path, orientation: int, size: tuple[int, int] = (40, 30)) -> None:
    """The picture a.jpg: white in the stored box, and an EXIF orientation."""
    pixels = np.zeros((size[1], size[0], 3), np.uint8)
    xmin, ymin, xmax, ymax = STORED
    pixels[ymin - 1 : ymax, xmin - 1 : xmax] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).save(folder / "JPEGImages" / "a.jpg", exif=exif, quality=100, subsampling=0)


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_boxes_are_turned_with_the_picture(dataset, add_image, orientation):
    """Oracle: where Pillow puts the white pixels."""
    turned(add_image("a", [("dog", STORED, 0)]), orientation)
    (image,) = open_split(dataset, "val")
    white = np.asarray(read_image(image.path).convert("L")) > 127
    rows, columns = np.flatnonzero(white.any(1)), np.flatnonzero(white.any(0))
    assert image.objects[0].box == (columns[0] + 1, rows[0] + 1, columns[-1] + 1, rows[-1] + 1)
    assert (image.width, image.height) == (30, 40)


def test_boxes_of_the_upright_picture_stay(dataset, add_image):
    folder = add_image("a", [("dog", (3, 4, 20, 35), 0)])
    replace(folder, "<width>40</width><height>30<", "<width>30</width><height>40<")
    turned(folder, 6)
    (image,) = open_split(dataset, "val")
    assert image.objects[0].box == (3, 4, 20, 35)


@pytest.mark.parametrize("orientation", [2, 3, 4])
def test_a_box_whose_sizes_do_not_tell_which_way_up_it_was_drawn_is_unknown(dataset, add_image, orientation):
    turned(add_image("a", [("dog", STORED, 0)]), orientation)
    (image,) = open_split(dataset, "val")
    assert image.objects == (AnnotatedObject("dog", None),)


def test_a_missing_folder_says_where_it_was_looked_for(tmp_path):
    with pytest.raises(PhotographError, match=r"VOCdevkit/VOC2012.*make-scenes"):
        open_split(VocDataset(root=tmp_path, categories=("dog", "cat")), "val")


ORANGE = (250, 120, 10)


@pytest.mark.parametrize(
    ("picture", "suffix", "expected"),
    [
        (Image.new("RGB", (4, 4), ORANGE), "png", ORANGE),
        (Image.new("L", (4, 4), 77), "png", (77, 77, 77)),
        (Image.new("1", (4, 4), 1), "png", (255, 255, 255)),
        (Image.new("I;16", (4, 4), 257 * 77), "png", (77, 77, 77)),
        (Image.new("I;16", (4, 4), 257 * 77), "tif", (77, 77, 77)),
        (Image.new("RGB", (4, 4), ORANGE).quantize(4), "png", ORANGE),
        (Image.new("RGBA", (4, 4), (*ORANGE, 255)), "png", ORANGE),
        (Image.new("RGBA", (4, 4), (*ORANGE, 0)), "png", (255, 255, 255)),
        (Image.new("LA", (4, 4), (0, 128)), "png", (127, 127, 127)),
        (Image.new("CMYK", (4, 4), (0, 255, 255, 0)), "tif", (255, 0, 0)),
        (Image.new("CMYK", (4, 4), (0, 255, 255, 0)), "jpg", (255, 0, 0)),
    ],
)
def test_every_kind_of_pixel_becomes_rgb(tmp_path, picture, suffix, expected):
    path = tmp_path / f"picture.{suffix}"
    picture.save(path)
    image = read_image(path)
    assert image.mode == "RGB"
    assert np.abs(np.asarray(image).astype(int) - expected).max() <= 2


def test_a_transparent_palette_colour_becomes_white(tmp_path):
    picture = Image.new("RGB", (4, 4), ORANGE).quantize(4)
    picture.save(tmp_path / "picture.png", transparency=picture.getpixel((0, 0)))
    assert read_image(tmp_path / "picture.png").getpixel((0, 0)) == (255, 255, 255)


def test_a_picture_taken_sideways_is_turned_upright(tmp_path):
    """EXIF orientation 6: the camera was turned, so the first row of pixels is the right edge."""
    pixels = np.zeros((20, 40, 3), np.uint8)
    pixels[:10] = 255
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(pixels).save(tmp_path / "picture.jpg", exif=exif, quality=95)
    upright = np.asarray(read_image(tmp_path / "picture.jpg"))
    assert upright.shape == (40, 20, 3)
    assert upright[:, 12:].min() > 240
    assert upright[:, :8].max() < 15


@pytest.mark.parametrize("keep", [0, 10, 400])
@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_a_damaged_picture_is_named(tmp_path, keep, suffix):
    path = tmp_path / f"broken.{suffix}"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(PhotographError, match=rf"broken\.{suffix} cannot be read"):
        read_image(path)


def test_a_missing_picture_is_named(tmp_path):
    with pytest.raises(PhotographError, match=r"gone\.jpg is missing"):
        read_image(tmp_path / "gone.jpg")


def test_the_data_hash_changes_with_a_pixel_a_box_and_the_order(dataset, add_image):
    add_image("a", [("dog", (1, 1, 9, 9), 0)])
    folder = add_image("b", [("cat", (1, 1, 9, 9), 0)])
    images = open_split(dataset, "val")
    before = data_sha256(images)
    assert data_sha256(open_split(dataset, "val")) == before
    assert data_sha256(images[::-1]) != before
    replace(folder, "<xmax>9<", "<xmax>8<")
    assert data_sha256(open_split(dataset, "val")) != before
    replace(folder, "<xmax>8<", "<xmax>9<")
    Image.new("RGB", (40, 30)).save(folder / "JPEGImages" / "b.jpg")
    assert data_sha256(open_split(dataset, "val")) != before
