"""models.scenes draws the same demo data for the same seed, with true boxes, and survives being killed."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.linear_model import LogisticRegression

from models import scene_drawing
from models.glyphs import CATEGORIES, load_clutter, load_glyphs
from models.photographs import data_sha256
from models.scene_drawing import draw_scene
from models.scenes import ScenesError, make_scenes
from models.sources import open_split
from models.voc import VocDataset

pytestmark = pytest.mark.slow

FEW = ("cat", "car", "sheep")
COUNTS = {"train": 6, "val": 4}


def open_scenes(root: Path) -> tuple:
    return open_split(VocDataset(root=root, categories=FEW), "train")


def files(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path, emoji):
    first, again, other = (tmp_path / name for name in ("first", "again", "other"))
    sha256 = make_scenes(first, emoji, FEW, COUNTS, seed=3)
    assert make_scenes(again, emoji, FEW, COUNTS, seed=3) == sha256
    assert files(first) == files(again)
    assert make_scenes(other, emoji, FEW, COUNTS, seed=4) != sha256


def test_a_scene_does_not_depend_on_how_many_are_made(tmp_path, emoji):
    make_scenes(tmp_path / "few", emoji, FEW, {"train": 2}, seed=3)
    make_scenes(tmp_path / "more", emoji, FEW, {"train": 4}, seed=3)
    assert data_sha256(open_scenes(tmp_path / "few")) == data_sha256(open_scenes(tmp_path / "more")[:2])


def test_a_killed_run_is_finished_by_the_next_one(tmp_path, emoji):
    """Killed after its third scene, the run leaves no folder of the final name and keeps what it has drawn."""

    def kill(done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    root = tmp_path / "scenes"
    with pytest.raises(KeyboardInterrupt):
        make_scenes(root, emoji, FEW, COUNTS, seed=3, progress=kill)
    assert not root.exists()
    seen = []
    sha256 = make_scenes(root, emoji, FEW, COUNTS, seed=3, progress=lambda done, total: seen.append((done, total)))
    assert seen[0][0] >= 3
    assert seen[-1] == (10, 10)
    assert [p.name for p in tmp_path.iterdir()] == ["scenes"]
    assert sha256 == make_scenes(tmp_path / "undisturbed", emoji, FEW, COUNTS, seed=3)
    assert files(root) == files(tmp_path / "undisturbed")


def test_finished_scenes_are_recognised_and_not_drawn_again(tmp_path, emoji):
    sha256 = make_scenes(tmp_path / "scenes", emoji, FEW, COUNTS, seed=3)
    no_package = tmp_path / "nothing"
    assert make_scenes(tmp_path / "scenes", no_package, FEW, COUNTS, seed=3) == sha256
    recorded = json.loads((tmp_path / "scenes" / "scenes.json").read_text())
    assert (recorded["seed"], recorded["counts"], recorded["data_sha256"]) == (3, COUNTS, sha256)


def grow_a_picture(root: Path) -> None:
    """By a byte after its end, which changes no pixel."""
    picture = next(root.rglob("*.jpg"))
    picture.write_bytes(picture.read_bytes() + b"x")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (grow_a_picture, "were changed since they were made; delete"),
        (lambda root: next(root.rglob("*.jpg")).write_bytes(b"x"), r"damaged \(picture .* cannot be read"),
        (lambda root: next(root.rglob("*.xml")).unlink(), r"damaged \(.*\.xml is missing"),
        (lambda root: (root / "scenes.json").unlink(), "holds no finished scenes; name another folder"),
        (lambda root: (root / "scenes.json").write_text("{"), "holds no finished scenes; name another folder"),
    ],
)
def test_spoilt_scenes_are_refused_and_nothing_is_deleted(tmp_path, emoji, spoil, message):
    root = tmp_path / "scenes"
    make_scenes(root, emoji, FEW, COUNTS, seed=3)
    spoil(root)
    before = files(root)
    with pytest.raises(ScenesError, match=message):
        make_scenes(root, emoji, FEW, COUNTS, seed=3)
    assert files(root) == before


def test_a_file_in_the_place_of_the_folder_is_left_alone(tmp_path, emoji):
    (tmp_path / "scenes").write_text("mine")
    with pytest.raises(ScenesError, match="Photographs of your own need no `make-scenes`"):
        make_scenes(tmp_path / "scenes", emoji, FEW, COUNTS, seed=3)
    assert files(tmp_path) == {"scenes": b"mine"}


def test_scenes_of_other_settings_are_refused(tmp_path, emoji):
    make_scenes(tmp_path / "scenes", emoji, FEW, COUNTS, seed=3)
    with pytest.raises(ScenesError, match=r"other settings \(seed 3"):
        make_scenes(tmp_path / "scenes", emoji, FEW, COUNTS, seed=4)


@pytest.mark.parametrize(
    ("package", "categories", "counts", "message"),
    [
        ("node_modules", ("cat", "zebra"), COUNTS, "no glyphs for category 'zebra'; scenes can show aeroplane"),
        ("elsewhere", FEW, COUNTS, "emoji pictures are missing or damaged in .*elsewhere.*npm ci"),
        ("node_modules", FEW, {"train": 0}, "ask for an empty split"),
    ],
)
def test_impossible_requests_are_refused_before_anything_is_written(
    tmp_path, emoji, package, categories, counts, message
):
    package = emoji if package == "node_modules" else tmp_path / package
    with pytest.raises(ScenesError, match=message):
        make_scenes(tmp_path / "scenes", package, categories, counts)
    assert not list(tmp_path.iterdir())


def test_every_voc_category_has_glyphs_and_no_clutter_is_one_of_them(emoji):
    assert len(CATEGORIES) == 20
    pictures = [glyph.tobytes() for category in CATEGORIES for glyph in load_glyphs(emoji, category)]
    assert len(set(pictures)) == len(pictures)
    assert not {glyph.tobytes() for glyph in load_clutter(emoji)} & set(pictures)


def test_boxes_hold_exactly_what_is_seen_of_the_objects(emoji, monkeypatch):
    """Drawn without background, clutter and grain, every pixel that is not black belongs to an object's box, tightly."""
    monkeypatch.setattr(scene_drawing, "_draw_background", lambda rng: Image.new("RGB", (256, 192)))
    monkeypatch.setattr(scene_drawing, "_photograph", lambda rng, picture: picture)
    monkeypatch.setattr(scene_drawing, "_scatter", lambda rng, clutter, count: [])
    white = Image.new("RGBA", (64, 64), "white")
    monkeypatch.setattr(scene_drawing, "_shift_colour", lambda rng, sprite: sprite)
    for seed in range(20):
        scene = draw_scene(np.random.default_rng(seed), {"square": [white]}, [])
        seen = np.asarray(scene.picture.convert("L")) >= 128
        boxes = np.zeros_like(seen)
        for drawn in scene.objects:
            xmin, ymin, xmax, ymax = drawn.box
            inside = np.s_[ymin - 1 : ymax, xmin - 1 : xmax]
            boxes[inside] = True
            crop = seen[inside]
            assert all(edge.any() for edge in (crop[0], crop[-1], crop[:, 0], crop[:, -1]))
        assert not (seen & ~boxes).any()


def test_scenes_show_two_objects_of_two_categories_most_of_which_touch(emoji, monkeypatch):
    """Measured without clutter, which may lie where they meet; frames overlap, but ink seldom fills their corners."""
    monkeypatch.setattr(scene_drawing, "_scatter", lambda rng, clutter, count: [])
    monkeypatch.setattr(scene_drawing, "_draw_background", lambda rng: Image.new("RGB", (256, 192)))
    glyphs = {category: load_glyphs(emoji, category) for category in CATEGORIES}
    scenes = [draw_scene(np.random.default_rng([9, i]), glyphs, [], touching=True) for i in range(120)]
    shown = [{drawn.category for drawn in scene.objects} for scene in scenes]
    assert {(len(scene.objects), len(categories)) for scene, categories in zip(scenes, shown, strict=True)} == {(2, 2)}
    assert set.union(*shown) == set(CATEGORIES)
    assert all(s.picture.mode == "RGB" and s.picture.size == (256, 192) for s in scenes)
    gaps = []
    for scene in scenes:
        (left, top, right, bottom), (left2, top2, right2, bottom2) = (drawn.box for drawn in scene.objects)
        gaps.append(max(left, left2) - min(right, right2))
        assert max(top, top2) < min(bottom, bottom2)
        for xmin, ymin, xmax, ymax in (drawn.box for drawn in scene.objects):
            assert 1 <= xmin < xmax <= 256
            assert 1 <= ymin < ymax <= 192
    assert np.mean(np.array(gaps) <= 2) >= 0.6
    assert max(gaps) <= 32


def test_pixel_statistics_without_shapes_do_not_give_the_category_away(emoji):
    """A linear rule on mean colour alone stays near chance: the task needs shapes."""
    glyphs = {category: load_glyphs(emoji, category) for category in FEW}
    scenes = [draw_scene(np.random.default_rng([9, i]), glyphs, load_clutter(emoji)) for i in range(240)]
    colours = np.array([np.asarray(scene.picture).mean((0, 1)) / 255 for scene in scenes])
    shows_cat = np.array([any(o.category == "cat" for o in scene.objects) for scene in scenes])
    rule = LogisticRegression().fit(colours[:160], shows_cat[:160])
    chance = max(shows_cat[160:].mean(), 1 - shows_cat[160:].mean())
    assert rule.score(colours[160:], shows_cat[160:]) < chance + 0.1


def test_scene_files_are_plain_voc(tmp_path, emoji):
    make_scenes(tmp_path / "scenes", emoji, FEW, COUNTS, seed=3)
    names = set(files(tmp_path / "scenes"))
    assert {n for n in names if "Main" in n} == {f"VOCdevkit/VOC2012/ImageSets/Main/{s}.txt" for s in COUNTS}
    pattern = r"scenes\.json|VOCdevkit/VOC2012/(ImageSets/Main/\w+\.txt|JPEGImages/\w+\.jpg|Annotations/\w+\.xml)"
    assert all(re.fullmatch(pattern, name) for name in names)
