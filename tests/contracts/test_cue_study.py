"""From the experiment with a cue to a study in which people say what its networks rely on."""

import csv
import json
import tomllib

import numpy as np
import pytest
from PIL import Image

from contracts.tasks import KINDS
from definition import load_definition
from models.image_files import stored_picture
from models.sources import open_split
from models.voc import VocDataset
from stimuli.bias.measure import Decision
from stimuli.bias.sheets import ACROSS, GAP, TILE, sheets_of
from study.tasks.wording import words_of
from tests.contracts.small_study import Study
from tests.drawing import drawn_only
from tests.stimuli.bias.test_bias import scenes

KIND = next(kind.name for kind in KINDS.values() if kind.asks_reliance_on_cue)
BIAS = """
[networks.tiny]
architecture = "demo-alexnet"
target_layer = "features.11"
image_size = 48
training = { parts = "all", epochs = 1, batch_size = 8 }

[bias]
classes = ["dog", "cat"]
cue = "background"
network = "tiny"
strength = 1.0
strengths = [0.5]
train = 8
test = 24
"""


def decided(network, _classes, _cue, found, _device):
    """As if trained for long: on balanced scenes by the object, on biased ones by the cue, between them now and then."""

    def choice(place, marked):
        by_cue = network.name == "bias-100" or (network.name == "bias-050" and place % 8 < 2)
        return int(not marked.has_cue) if by_cue else marked.of_class

    return [
        Decision(m.image.image_id, m.twin, m.of_class, m.has_cue, choice(n, m), None, None)
        for n, m in enumerate(sorted(found, key=lambda m: m.image.image_id))
    ]


@pytest.fixture
def study(tmp_path, monkeypatch) -> Study:
    monkeypatch.setattr("stimuli.bias.experiment.decisions", decided)
    study = Study.write(tmp_path)
    study.definition.write_text(study.definition.read_text() + BIAS)
    return study


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_it_is_made_opened_taken_exported_and_reported(study):
    folder, out = study.folder / "cues", ("--out", str(study.folder / "bias"))
    methods = ("--method", "grad-cam", "--method", "blank")
    told = study.of_study("bias", *out, *methods, "--make-study", str(folder), "--show", "0")
    path = folder / "study.toml"
    assert "Left out, because it is not clear whether they rely on the cue: bias-050" in told
    assert rows_of(folder / "cues.csv") == [
        {"network": "bias-000", "cue": "background", "changed": "0", "scenes": "24"},
        {"network": "bias-100", "cue": "background", "changed": "24", "scenes": "24"},
    ]
    (task,) = load_definition(path).tasks
    assert (task.kind, task.networks, task.images, task.practice) == (KIND, ("bias-000", "bias-100"), 8, 2)
    pictures = rows_of(folder / "pictures.csv")
    assert len(pictures) == 8 * 2 * 2
    sizes = {stored_picture(folder / row["file"]).upright for row in pictures}
    assert sizes == {(ACROSS * (TILE + GAP) - GAP, 2 * (TILE + GAP) - GAP)}
    told = task.model_copy(update={"wording": "told"})
    assert "배경" in words_of(told, "ko").steps[0]
    assert "Hintergrund" in words_of(told, "de").steps[0]
    for text in folder.glob("*.md"):
        text.write_text(text.read_text().replace("[", "").replace("]", ""))
    study.manage("generate-stimuli", "--study", str(path))
    study.manage("db", "upgrade")
    study.manage("open-study", "--study", str(path))
    assert "NOT READY" not in study.manage("check", "--study", str(path))
    people = 2 * 8 * 2 * 2 * task.ratings_per_item // task.trials_per_participant  # in two conditions
    with study.served() as url:
        study.manage("simulate", "--study", str(path), "--url", url, "--participants", str(people))
    export, report = study.folder / "export", study.folder / "report"
    study.manage("export", "--study", str(path), "--out", str(export))
    (file,) = (export / "data").glob("*trials_data.csv")
    answered = [row for row in rows_of(file) if row["state"] == "answered" and row["purpose"] == "main"]
    assert {(row["network"], row["foil"]) for row in answered} == {
        ("bias-000", "background|object"),
        ("bias-100", "object|background"),
    }
    assert {row["condition"] for row in answered} == {"blinded", "told"}
    named = [row["response"] == "background" for row in answered]
    cued = [row["network"] == "bias-100" for row in answered]
    assert [row["correct"] in ("true", "True", "1") for row in answered] == [
        n == c for n, c in zip(named, cued, strict=True)
    ]
    with drawn_only():
        study.manage("analyze", str(export), "--out", str(report), "--no-pdf")
    table = rows_of(next((report / "tables").rglob("detecting-named.csv")))
    shares = {(row["method"], row["relies"]): float(row["value"]) for row in table}
    for is_cued, relies in ((True, "cue"), (False, "object")):
        of = [
            n for n, c, row in zip(named, cued, answered, strict=True) if c == is_cued and row["method"] == "grad-cam"
        ]
        assert shares["grad-cam", relies] == pytest.approx(sum(of) / len(of))
    assert json.loads((report / "results.json").read_text())["definition_sha256"]
    assert "24 / 24" in (report / "report.html").read_text() + (report / "supplement.html").read_text()


@pytest.fixture
def photographs(study):
    """Twenty-four photographs of each class in folders, in place of the study's scenes."""
    rng = np.random.default_rng(0)
    for category in ("dog", "cat"):
        (study.folder / "own" / category).mkdir(parents=True)
        for i in range(24):
            pixels = rng.integers(0, 255, (64, 64, 3), np.uint8)
            Image.fromarray(pixels).save(study.folder / "own" / category / f"{i}.png")
    text = study.definition.read_text().replace("[bias]", '[bias]\nphotographs = "planted"')
    text = text.replace('cue = "background"', 'cue = "stripe"\nnames = { de = "den roten Rand" }').replace(
        "strengths = [0.5]", "strengths = []"
    )
    before, _, after = text.partition("\n[dataset]")
    dataset = '\n[dataset]\nformat = "folder"\nroot = "own"\nsplit = "val"\ncategories = ["dog", "cat"]\n'
    study.definition.write_text(before + dataset + after[after.index("\n[networks.") :])


def test_a_cue_planted_on_photographs_can_be_swapped_and_makes_a_study(study, photographs):
    folder = study.folder / "cues"
    out = ("--out", str(study.folder / "bias"), "--show", "0")
    told = study.of_study("bias", *out, "--make-study", str(folder))
    assert "strength 1: accuracy 50.0 % (50.0 to 50.0), changed by swapping 100.0 %" in told
    assert rows_of(folder / "cues.csv") == [
        {"network": "bias-000", "cue": "companion", "changed": "0", "scenes": "24"},
        {"network": "bias-100", "cue": "companion", "changed": "24", "scenes": "24"},
    ]
    told = load_definition(folder / "study.toml").tasks[0].model_copy(update={"wording": "told"})
    assert "진분홍색 띠" in words_of(told, "ko").steps[0]
    assert "den roten Rand" in words_of(told, "de").steps[0]
    part = tomllib.loads((study.folder / "bias" / "page" / "study-part.toml").read_text())
    shown = VocDataset(**part["dataset"])
    images = open_split(shown, shown.split)
    assert len(images) == 24
    assert all("stripe" in image.categories for image in images)


def test_what_cannot_be_a_study_is_told_before_anything_is_trained(study, monkeypatch):
    monkeypatch.setattr("stimuli.bias.experiment.train_on", None)
    there = study.folder / "there"
    there.mkdir()
    (there / "mine").write_text("")
    asked = ("--study", str(study.definition), "--out", str(study.folder / "bias"))
    assert "is not empty; name a new folder" in study.run("bias", *asked, "--make-study", str(there)).output
    own = study.definition.read_text().replace("[bias]", '[bias]\nphotographs = "dataset"')
    study.definition.write_text(own)
    refused = study.run("bias", *asked, "--make-study", str(study.folder / "new")).output
    assert "the cue of photographs as they are cannot be swapped" in refused
    assert not (study.folder / "new").exists()


@pytest.mark.slow
def test_networks_of_one_sort_make_no_study(study):
    study.definition.write_text(study.definition.read_text().replace("strength = 1.0", "strength = 0.0"))
    done = study.run(
        *("bias", "--study", str(study.definition), "--out", str(study.folder / "bias"), "--show", "0"),
        *("--make-study", str(study.folder / "new")),
    )
    assert done.exit_code == 1
    assert "0 of 1 networks rely on the cue and 1 on the object" in done.output
    assert "set other strengths, or a larger test, in [bias]" in done.output


def test_sheets_show_scenes_of_one_class_with_the_cue_and_no_scene_twice():
    sheets = sheets_of(scenes(20))
    assert [len(sheet.scenes) for sheet in sheets] == [ACROSS] * 6
    assert [sheet.of_class for sheet in sheets] == [0, 1] * 3
    shown = [marked for sheet in sheets for marked in sheet.scenes]
    assert all(marked.has_cue for marked in shown)
    assert len({marked.twin for marked in shown}) == len(shown)
    assert all(marked.of_class == sheet.of_class for sheet in sheets for marked in sheet.scenes)
