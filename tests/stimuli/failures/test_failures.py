"""Failures are those of the table of scores, grouped by rules that hold by hand, on a page that stands alone."""

import csv
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from models.image_files import read_image
from models.photographs import AnnotatedObject, Photograph
from models.transform import preprocess
from stimuli.errors import GalleryError
from stimuli.evaluate.resumed import work_folder
from stimuli.explain.methods import METHODS
from stimuli.failures.find import Failure, Judged, judged
from stimuli.failures.groups import NOT_GROUPED, group_of, looked_at
from stimuli.failures.write import summary, write_failures
from tests.stimuli.sample_set import CATEGORIES, loaded_networks

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """Twelve pictures of one category each, and one of a category that the study does not have."""
    folder, random = tmp_path_factory.mktemp("failures"), np.random.default_rng(4)
    made = []
    for number in range(13):
        path = folder / f"picture{number}.png"
        Image.fromarray(random.integers(0, 256, (30, 40, 3), dtype=np.uint8)).save(path)
        name = "tree" if number == 12 else CATEGORIES[number % 5]
        made.append(Photograph(path.stem, path, 40, 30, (AnnotatedObject(name, (1, 1, 20, 15)),)))
    return made


@pytest.fixture(scope="module")
def network():
    return loaded_networks()["strong"]


def found(network, images, folder, categories=CATEGORIES):
    return judged(network, images, categories, CPU, folder / "out")


def test_a_photograph_is_wrong_where_the_strongest_category_is_not_annotated(network, images, tmp_path):
    result = found(network, images, tmp_path)
    with torch.no_grad():
        logits = torch.stack(
            [network.module(preprocess(read_image(i.path), network.transform)[None])[0] for i in images]
        )
    expected = {}
    for image, row in zip(images, logits, strict=True):
        top = CATEGORIES[int(row.argmax())]
        if image.image_id != "picture12" and top not in image.categories:
            expected[image.image_id] = (top, image.categories[0], float(row.max().sigmoid()))
    assert {
        f.image.image_id: (f.predicted, f.true, pytest.approx(f.confidence, abs=1e-5)) for f in result.failures
    } == expected
    assert result.photographs == 12
    sure = [failure.confidence for failure in result.failures]
    assert sure == sorted(sure, reverse=True)


def test_categories_that_the_study_does_not_have_cannot_be_predicted(network, images, tmp_path):
    few = ("cat", "cow")
    result = found(network, images, tmp_path, few)
    assert {failure.predicted for failure in result.failures} <= set(few)
    assert result.photographs == sum(set(image.categories) <= set(few) for image in images)


def test_a_stopped_run_predicts_no_photograph_twice(network, images, tmp_path, monkeypatch):
    first = found(network, images, tmp_path)
    assert work_folder(tmp_path / "out").is_dir()
    monkeypatch.setattr("stimuli.failures.find.read_image", None)
    assert found(network, images, tmp_path) == first


def failure_of(objects, confidence=0.6):
    return Failure("n", Photograph("p", Path("p"), 40, 40, tuple(objects)), "dog", "cat", confidence, 0.1, "dog")


CAT, BIRD = AnnotatedObject("cat", (1, 1, 20, 40)), AnnotatedObject("bird", (21, 1, 40, 20))
SMALL_CAT = AnnotatedObject("cat", (1, 1, 4, 4))


@pytest.mark.parametrize(
    ("objects", "confidence", "bright", "group"),
    [
        ([CAT], 0.95, (0, 0), "annotation"),  # sure, and looked at the cat
        ([replace(CAT, difficult=True), BIRD], 0.6, (30, 30), "annotation"),
        ([CAT, BIRD], 0.95, (30, 5), "co-occurring object"),
        ([SMALL_CAT], 0.6, (30, 30), "size"),
        ([CAT, BIRD], 0.95, (30, 30), "background"),
        ([CAT], 0.6, (0, 0), "mistaken object"),
        ([AnnotatedObject("cat", None)], 0.6, (0, 0), NOT_GROUPED),
    ],
)  # fmt: skip
def test_a_failure_belongs_to_the_first_group_whose_rule_holds(objects, confidence, bright, group):
    energies = torch.zeros(40, 40)
    x, y = bright
    energies[y : y + 5, x : x + 5] = 1
    failure = failure_of(objects, confidence)
    assert group_of(failure, looked_at(energies, failure.image, "cat")) == group


def test_an_empty_map_is_not_grouped():
    failure = failure_of([CAT])
    assert looked_at(torch.zeros(40, 40), failure.image, "cat") is None


def test_the_page_stands_alone_and_has_each_failure_with_both_explanations(network, images, tmp_path):
    result, out = found(network, images, tmp_path), tmp_path / "page"
    methods = {name: METHODS[name] for name in ("grad-cam", "guided-grad-cam")}
    for _ in range(2):  # an earlier page is replaced
        count = write_failures(out, "A <b>", [result], {"strong": network}, methods, CPU, 5, "discern failures")
    assert count == min(5, len(result.failures))
    page = (out / "index.html").read_text()
    assert page.count('class="failure"') == count
    assert "A &lt;b&gt;" in page
    groups = re.split(r'<section class="group">\n<h2>(.+?)</h2>', page)[1:]
    looks = [
        (name.lower(), look)
        for name, text in zip(groups[::2], groups[1::2], strict=True)
        for look in re.findall(r"· <b>(.+?)</b>", text)
    ]
    assert len(looks) == count
    assert all(name == look for name, look in looks), "each failure is below the heading of what it looks like"
    named = set(re.findall(r'src="([^"]+)"', page))
    assert len(named) == count * (1 + 2 * len(methods))
    assert all((out / name).is_file() for name in named)
    with (out / "failures.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["image"], row["true"], row["predicted"]) for row in rows] == [
        (f.image.image_id, f.true, f.predicted) for f in result.failures[:5]
    ]
    (out / "index.html").write_text("mine")
    with pytest.raises(GalleryError, match=r"holds index.html"):
        write_failures(out, "A", [result], {"strong": network}, methods, CPU, 5, "discern failures")


def test_a_network_without_failures_has_a_page_that_says_so(network, tmp_path):
    write_failures(
        tmp_path / "page", "A", [Judged("strong", 7, ())], {"strong": network}, {}, CPU, 5, "discern failures"
    )
    assert "none of these photographs wrong" in (tmp_path / "page/index.html").read_text()
    assert summary([Judged("strong", 7, ())]) == [
        "strong: 0 of 7 photographs wrong, 0.0 % (0.0 to 35.4)"
    ]  # R: prop.test's Wilson score
    assert summary([Judged("strong", 40, ())])[0].endswith("0.0 % (0.0 to 8.8)"), "no bound is -0.0"
