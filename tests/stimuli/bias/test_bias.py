"""Training sets have the cue as often as their strength says; figures are those of hand-computed decisions and maps."""

import csv
import re
from contextlib import contextmanager
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from models.boxes import Box
from models.config import NetworkConfig, TrainingConfig
from models.photographs import AnnotatedObject, Photograph
from models.scene_drawing import BACKGROUND, draw_with_cue
from stimuli.bias.config import GIVEN, BiasConfig
from stimuli.bias.experiment import experiment
from stimuli.bias.marked import balanced, cue_table, marked, most, numbers, training_set
from stimuli.bias.measure import Decision, on_cue, outcome
from stimuli.bias.write import _reach, apart, summary, write_bias
from stimuli.errors import BiasError
from stimuli.evaluate.intervals import of_mean, of_share

CLASSES = ("cow", "horse")
CPU = torch.device("cpu")


def photograph(name, *objects, path=None):
    return Photograph(name, path or Path(name), 40, 40, tuple(AnnotatedObject(c, box) for c, box in objects))


def scenes(count):
    """As drawn ones are marked: each scene without and with its cue."""
    images = [
        photograph(f"s{i:03}{end}", (CLASSES[i % 2], (1, 1, 10, 10))) for i in range(count) for end in ("", "-cue")
    ]
    return marked(images, CLASSES, lambda i: i.image_id.endswith("-cue"), lambda name: name.removesuffix("-cue"))


def counted(chosen):
    cells = product((0, 1), (False, True))
    return {(c, cue): sum((m.of_class, m.has_cue) == (c, cue) for m in chosen) for c, cue in cells}


def test_the_given_strength_is_the_paper_s():
    """78 % of its doctors are men and 93 % of its nurses women, so the mean share that fits is 85.5 %."""
    assert pytest.approx((0.78 + 0.93) / 2, abs=0.006) == (1 + GIVEN) / 2


@pytest.mark.parametrize("strength", [0, 0.25, 0.7, 1])
def test_a_training_set_has_the_cue_as_often_as_its_strength_says(strength):
    chosen = training_set(scenes(80), strength, 80, seed=1)
    cued = {0: round(40 * (1 + strength) / 2), 1: round(40 * (1 - strength) / 2)}
    assert counted(chosen) == numbers(strength, 80)
    assert counted(chosen) == {(c, cue): cued[c] if cue else 40 - cued[c] for c, cue in product((0, 1), (False, True))}
    assert len({m.twin for m in chosen}) == 80  # no scene in both versions


def test_from_one_strength_to_another_only_the_cues_of_some_scenes_change():
    weak, strong = (training_set(scenes(80), strength, 80, seed=1) for strength in (0, 0.5))
    assert {m.twin for m in weak} == {m.twin for m in strong}
    changed = {m.image.image_id for m in weak} ^ {m.image.image_id for m in strong}
    assert len(changed) == 2 * (10 + 10)


def test_of_photographs_as_many_are_taken_as_every_strength_can_have():
    images = [photograph(f"p{i}", (CLASSES[i % 2], None), *([("person", None)] * (i < 12))) for i in range(40)]
    found = marked(images, CLASSES, lambda image: "person" in image.categories)
    assert counted(found) == {(0, False): 14, (0, True): 6, (1, False): 14, (1, True): 6}
    assert most(found, (0.0,), 100) == 26  # six of each with a person, and seven without
    assert most(found, (0.0, 1.0), 100) == 12  # at full strength six cows with a person
    assert most(found, (0.0,), 9) == 8
    both = photograph("both", ("cow", None), ("horse", None))
    assert marked([both], CLASSES, lambda image: True) == []


def test_a_balanced_test_has_as_many_of_each_kind_and_needs_them_all():
    images = [photograph(f"p{i}", (CLASSES[i % 2], None), *([("person", None)] * (i < 12))) for i in range(40)]
    found = marked(images, CLASSES, lambda image: "person" in image.categories)
    assert set(counted(balanced(found, 1)).values()) == {6}
    with pytest.raises(BiasError, match=r"there are 14, 0, 14, 0 .*Name another cue"):
        balanced([m for m in found if not m.has_cue], 1)


def decision(name, of_class, has_cue, decided, energy=None):
    return Decision(f"{name}{has_cue}", name, of_class, has_cue, decided, energy, None if energy is None else 0.2)


def test_the_figures_are_those_of_decisions_made_by_hand():
    found = outcome(
        [
            *(decision("a", 0, False, 1), decision("a", 0, True, 0, 0.5)),  # changes with the cue
            *(decision("b", 1, False, 1), decision("b", 1, True, 1, 0.1)),
        ]
    )
    assert (found.accuracy.value, found.accuracy.n) == (0.75, 2)
    assert (found.agreeing.value, found.contradicting.value) == (1, 0.5)
    assert (found.swapped.value, found.swapped.n) == (0.5, 2)
    assert (found.energy.value, found.area.value) == (pytest.approx(0.3), pytest.approx(0.2))
    alone = outcome([decision("c", 1, False, 1)])  # a photograph of one's own has no other version
    assert alone.swapped is None
    assert alone.energy is None


def test_energy_on_the_cue_is_that_of_its_boxes_or_outside_of_the_objects():
    energies = torch.zeros(40, 40)
    energies[0:10, 0:10] = 1
    energies[20:30, 20:30] = 3
    image = photograph("p", ("cow", (1, 1, 10, 10)), ("person", (21, 21, 40, 40)))
    assert on_cue(energies, image, CLASSES, "person") == pytest.approx((0.75, 0.25))
    assert on_cue(energies, image, CLASSES, BACKGROUND) == pytest.approx((0.75, 1 - 100 / 1600))
    assert on_cue(energies, image, CLASSES, "dog") == (None, None)
    assert on_cue(torch.zeros(40, 40), image, CLASSES, "person") == (None, None)


def blot(colour):
    return Image.new("RGBA", (20, 20), colour)


@pytest.mark.parametrize("cue", ["person", BACKGROUND])
def test_a_scene_with_and_without_its_cue_differs_by_the_cue_alone(cue):
    glyphs = {"cow": [blot("red")], "person": [blot("blue")]}
    without, with_cue = draw_with_cue(np.random.default_rng(5), "cow", glyphs, cue, [blot("white")])
    changed = (np.asarray(without.picture, int) != np.asarray(with_cue.picture, int)).any(2)
    assert changed.any()
    assert [found.category for found in without.objects] == ["cow"]
    if cue == BACKGROUND:
        assert with_cue.objects == without.objects
        left, top, right, bottom = without.objects[0].box
        middle = changed[
            (top + bottom) // 2 - 3 : (top + bottom) // 2 + 3, (left + right) // 2 - 3 : (left + right) // 2 + 3
        ]
        assert not middle.all()
        return
    box: Box = next(found.box for found in with_cue.objects if found.category == "person")
    rows, columns = np.nonzero(changed)
    margin = 40  # glass edges and what clutter hides of the sprite
    assert box[0] - margin <= columns.min() + 1
    assert columns.max() + 1 <= box[2] + margin
    assert box[1] - margin <= rows.min() + 1
    assert rows.max() + 1 <= box[3] + margin


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """Sixteen drawn pictures: red or green with a white corner as the cue."""
    folder = tmp_path_factory.mktemp("bias")
    images = []
    for i, cue in product(range(8), (False, True)):
        pixels = np.zeros((32, 32, 3), np.uint8)
        pixels[8:24, 8:24, i % 2] = 200
        pixels[:6, :6] = 255 * cue
        path = folder / f"p{i:02}{cue}.png"
        Image.fromarray(pixels).save(path)
        person = [("person", (1, 1, 6, 6))] if cue else []
        images.append(
            Photograph(
                path.stem,
                path,
                32,
                32,
                tuple(AnnotatedObject(c, b) for c, b in [(CLASSES[i % 2], (9, 9, 24, 24)), *person]),
            )
        )
    return marked(images, CLASSES, lambda image: "person" in image.categories)


NETWORK = NetworkConfig(
    architecture="demo-alexnet",
    target_layer="features.11",
    image_size=48,
    training=TrainingConfig(parts="all", epochs=1, batch_size=8),
)


def run(own, out, config):
    told = []

    @contextmanager
    def shown(label):
        told.append(label)
        yield lambda done, total: None

    found, tested = experiment(config, CLASSES, NETWORK, own, own, out, CPU, shown)
    return found, tested, told


def test_networks_are_kept_and_a_page_shows_them(own, tmp_path, monkeypatch):
    torch.set_num_threads(1)
    config = BiasConfig(strength=1, strengths=(), train=8, cue="person")
    found, tested, told = run(own, tmp_path, config)
    assert told == ["Training bias-000", "Testing bias-000", "Training bias-100", "Testing bias-100"]
    assert [trained.network.categories for trained in found] == [CLASSES, CLASSES]
    assert all(len(trained.made) == len(tested) == 16 for trained in found)
    monkeypatch.setattr("stimuli.bias.experiment.train_on", None)
    monkeypatch.setattr("stimuli.bias.experiment.decisions", None)
    again, _, _ = run(own, tmp_path, config)  # a stopped run does nothing twice
    assert [trained.made for trained in again] == [trained.made for trained in found]
    write_bias(tmp_path / "page", "A <b>", config, CLASSES, found, tested, "[networks]", CPU, 2)
    page = (tmp_path / "page/index.html").read_text()
    assert "82% before, 90% after" in page
    assert "A &lt;b&gt;" in page
    named = set(re.findall(r'src="([^"]+)"', page))
    assert len(named) == 1 + 2 * (1 + 2)
    assert all((tmp_path / "page" / name).is_file() for name in named)
    with (tmp_path / "page/bias.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 32
    assert len(summary(found)) == 2


def test_photographs_that_cannot_make_every_strength_are_told(own, tmp_path):
    with pytest.raises(BiasError, match=r"no training set of strengths 0, 1 can be made of 8 marked photographs"):
        run([m for m in own if m.has_cue], tmp_path, BiasConfig(strength=1, strengths=(), cue="person"))


def test_a_table_of_cues_is_read_or_refused(tmp_path):
    file = tmp_path / "cues.csv"
    file.write_text("image,cue\na,1\nb,0\n")
    assert cue_table(file) == {"a": True, "b": False}
    file.write_text("image,cue\na,yes\n")
    with pytest.raises(BiasError, match=r"columns are image and cue, and cue is 1 or 0"):
        cue_table(file)
    with pytest.raises(BiasError, match=r"none.csv cannot be read"):
        cue_table(tmp_path / "none.csv")


def test_impossible_settings_are_refused():
    with pytest.raises(ValueError, match="two different classes"):
        BiasConfig(classes=("cow", "cow"))
    with pytest.raises(ValueError, match="one of the classes"):
        BiasConfig(classes=("cow", "person"))
    with pytest.raises(ValueError, match='set photographs = "dataset"'):
        BiasConfig(table="cues.csv")
    assert BiasConfig(strength=0.3, strengths=(1.0,)).grid == (0.0, 0.3, 1.0)


def test_an_interval_at_the_end_of_the_scale_reaches_no_less_than_nothing():
    """Wilson's upper bound of 24 in 24 is 1 but for rounding, and matplotlib refuses a negative reach."""
    shares = [of_share(n, n) for n in range(1, 60)]
    assert min(map(min, _reach(shares))) >= 0
    assert _reach([of_mean([0.5])]) == [[0.0], [0.0]]


def test_labels_of_shares_that_are_alike_stand_apart():
    assert apart({"a": 0.5, "b": 1.0, "c": 0.98}) == pytest.approx({"b": 100, "c": 88, "a": 50})
    assert apart({"a": 0.2}) == pytest.approx({"a": 20})
