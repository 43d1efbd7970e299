"""The gallery shows what is in the set, needs nothing from elsewhere, and replaces only itself."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from contracts.stimulus_set import read_stimuli
from stimuli.errors import GalleryError
from stimuli.gallery.tiles import chosen, tiles
from stimuli.gallery.write import write_gallery
from stimuli.rendering import Rendering
from tests.stimuli.sample_set import make, pictures


def paper(_method):
    return Rendering("paper-v1")


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """The sample's set: its folder, rows and photographs."""
    home = tmp_path_factory.mktemp("gallery")
    images = pictures(home / "pictures")
    folder = make(home / "set", images)
    return folder, read_stimuli(folder), {image.image_id: image for image in images}


def test_every_picture_is_shown_once_with_what_is_known_of_it(sample):
    folder, rows, images = sample
    found = tiles(folder, chosen(rows, 60), images, paper)
    assert {(t.image_id, t.category, t.method, t.network) for t in found} == {
        (r.image_id, r.category, {"guided-backprop": "Guided Backpropagation", "grad-cam": "Grad-CAM"}.get(r.method, "Guided Grad-CAM"), r.network)
        for r in rows
    }  # fmt: skip
    assert len(found) == len({(r.image_id, r.category, r.method, r.network) for r in rows})
    files = {Path(row.file).name: folder / row.file for row in rows}
    for tile in found:
        assert set(tile.others) == set(images[tile.image_id].categories) - {tile.category}
        pixels = np.asarray(Image.open(files[Path(tile.picture).name])).astype(int)
        off = np.abs(pixels - np.median(pixels, axis=(0, 1))).max(2) > 25
        assert tile.visible == pytest.approx(off.mean())
        assert 0 <= tile.energy <= 1


def test_the_strongest_and_the_emptiest_come_first(sample):
    folder, rows, images = sample
    found = tiles(folder, chosen(rows, 60), images, paper)
    visible = [tile.visible for tile in found]
    assert visible[:4] == sorted(visible, reverse=True)[:4]
    assert visible[4:8] == sorted(visible)[:4]


def test_few_photographs_are_chosen_for_each_method_and_network(sample):
    _, rows, _ = sample
    few = chosen(rows, 2)
    photographs = {}
    for row in few:
        photographs.setdefault((row.method, row.network), set()).add(row.image_id)
    assert {len(ids) for ids in photographs.values()} == {2}


def test_the_page_stands_alone_and_all_it_names_is_there(sample, tmp_path):
    folder, rows, images = sample
    count = write_gallery(tmp_path / "out", 'What <b>"sees"</b>?', folder, rows, images, paper, 60)
    page = (tmp_path / "out/index.html").read_text()
    assert page.count('class="tile"') == count
    assert "What &lt;b&gt;&#34;sees&#34;&lt;/b&gt;?" in page
    named = set(re.findall(r'src="([^"]+)"', page))
    assert named
    assert all((tmp_path / "out" / name).is_file() for name in named)
    assert "http" not in re.sub(r"<svg.*?</svg>", "", page)
    for name in named:
        with Image.open(tmp_path / "out" / name) as picture:
            assert max(picture.size) <= 320


def test_a_picture_on_one_scale_says_with_which_networks_and_another_that_it_has_its_own(sample, tmp_path):
    folder, rows, images = sample
    first, *_ = rows
    joint = {first.tasks[0]: [first.network, "other", "third"]}
    write_gallery(tmp_path / "out", "Study", folder, [first], images, paper, 60, joint)
    page = (tmp_path / "out/index.html").read_text()
    assert "<span>One scale with other and third</span>" in page
    assert "<dt>Scale</dt><dd>shared with other and third</dd>" in page
    write_gallery(tmp_path / "out", "Study", folder, [first], images, paper, 60, {"another task": ["other"]})
    page = (tmp_path / "out/index.html").read_text()
    assert "One scale" not in page
    assert "<dt>Scale</dt><dd>its own</dd>" in page


def test_pictures_of_one_image_on_two_scales_are_both_shown(sample):
    _, (first, second, *_), _ = sample
    other = replace(second, **{name: getattr(first, name) for name in ("image_id", "category", "method", "network")})
    again = replace(first, stimulus_id="0" * 32, foil="another wrong option")
    assert chosen([first, other, again], 1) == [first, other]


def test_an_earlier_gallery_is_replaced_and_a_changed_one_is_not(sample, tmp_path):
    folder, rows, images = sample
    out = tmp_path / "out"
    for _ in range(2):
        write_gallery(out, "Study", folder, rows, images, paper, 1)
    assert "index.html" in json.loads((out / "files.json").read_text())
    (out / "index.html").write_text("notes of mine")
    with pytest.raises(GalleryError, match=r"holds index.html.*name another folder, or move that away"):
        write_gallery(out, "Study", folder, rows, images, paper, 1)
    assert (out / "index.html").read_text() == "notes of mine"
