"""Photographs of one category in folders, and a network in a file of the researcher's own: from pictures to a report."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from PIL import Image

import manage
from analysis.display.wording import ENGLISH
from analysis.reading.load import load
from analysis.report.methods_text import methods_text
from contracts.stimulus_set import read_stimuli

NETWORK = """
import torch
from torch import nn


def colours():
    layers = [nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 6, 3, padding=1), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 4), nn.Softmax(1))
"""
DEFINITION = """
[study]
slug = "colours"
contact = "nobody"
minutes = 2
title.en = "Which colour?"
consent.en = "text.md"
debriefing.en = "text.md"

[dataset]
format = "folder"
root = "pictures"
categories = ["red", "green", "blue"]

[networks.own]
module = "own.py:colours"
weights = "own.pt"
labels = ["red", "green", "blue", "grey"]
output = "softmax"
target_layer = "auto"
image_size = 32
crop = "centre"

[stimuli]
output = "var/stimuli"
recipe = "signed-v1"
device = "cpu"

[[tasks]]
name = "seeing"
kind = "class-discrimination"
foil = "runner-up"
methods = ["guided-backprop", "guided-grad-cam"]
networks = ["own"]
images = 4
ratings_per_item = 2
trials_per_participant = 2
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("own")
    write_study(folder)
    return folder


def write_study(folder: Path) -> None:
    """The definition, six pictures, and a network that knows their colours."""
    import torch

    (folder / "own.py").write_text(NETWORK)
    (folder / "text.md").write_text("Words.")
    (folder / "study.toml").write_text(DEFINITION)
    for place, name in enumerate(("red", "green", "blue")):
        (folder / "pictures" / name).mkdir(parents=True)
        for shade in (200, 255):  # the next category after its own is the strongest wrong one
            colour = [20, 20, 20]
            colour[place], colour[(place + 1) % 3] = shade, 150
            Image.new("RGB", (48, 40), tuple(colour)).save(folder / "pictures" / name / f"{shade}.png")
    space: dict = {}
    exec(NETWORK, space)
    torch.manual_seed(0)
    module = space["colours"]()
    with torch.no_grad():
        module[0].weight.zero_()
        module[3].weight.zero_()
        module[7].weight.zero_()
        for channel in range(3):
            module[0].weight[channel, channel, 1, 1] = module[3].weight[channel, channel, 1, 1] = 1
            module[7].weight[channel, channel] = 3
        module[7].bias.copy_(torch.tensor([0.0, 0, 0, 20]))  # grey is always strongest, and is not studied
    torch.save({"state_dict": {f"module.{key}": tensor for key, tensor in module.state_dict().items()}}, folder / "own.pt")  # fmt: skip


def run(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(manage.cli, [*words, "--study", str(folder / "study.toml")])


def test_a_study_of_one_s_own_goes_from_its_files_to_its_report(folder, monkeypatch):
    monkeypatch.setenv("DISCERN_DATABASE_URL", f"sqlite:///{folder / 'none.db'}")
    checked = run(folder, "check").output
    assert "ready      network own: own.py:colours, 4 categories, not imported yet; `./manage.py generate-st" in checked
    assert "ready      networks together" in checked
    assert "'seeing' shows 4 of 6 that fit" in checked
    made = run(folder, "generate-stimuli")
    assert made.exit_code == 0, made.output
    assert "own.py:colours, 4 outputs" in made.output
    assert "the weights were taken from 'state_dict' inside of the file" in made.output
    assert "for 100.0 % of the images the strongest of the study's categories is annotated" in made.output
    assert (folder / "var" / "networks" / "own.safetensors").is_file()
    assert "import" not in run(folder, "generate-stimuli").output
    assert "without its defect" not in made.output
    assert (
        json.loads((folder / "var/stimuli/provenance.json").read_text())["selection"]["seeing"]["foil"] == "runner-up"
    )
    stimuli = read_stimuli(folder / "var" / "stimuli")
    assert len(stimuli) == 4 * 2
    after = {"red": "green", "green": "blue", "blue": "red"}
    assert all(row.foil == after[row.category] and row.image_id.startswith(row.category) for row in stimuli)
    observed = run(folder, "observe", "--observers", "synthetic", "--runs", "4", "--out", str(folder / "observed"))
    assert observed.exit_code == 0, observed.output
    export = load(folder / "observed")
    assert len(export.trials) == 8
    first = methods_text(export, ENGLISH)[0]
    assert "scored highest among the wrong ones (runner-up). The plan was 16 responses: 4 images" in first
    taken = run(folder, "import-network", "--network", "own")  # as generate-stimuli did by itself
    assert taken.exit_code == 0, taken.output
    assert "own: own.py:colours, 4 outputs" in taken.output
    assert "100.0 % of the images" in taken.output
    assert "no network with labels is named other" in run(folder, "import-network", "--network", "other").output


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('foil = "runner-up"', 'foil = "table"', 'foils names the table of foil = "table"; tell both, or neither'),
        ('foil = "runner-up"', 'foils = "text.md"', 'foils names the table of foil = "table"; tell both, or neither'),
        ('foil = "runner-up"', 'foil = "table"\nfoils = "text.md"', "the columns image and foil are expected; found: Words."),
        ('foil = "runner-up"', 'foil = "table"\nfoils = "none.csv"', 'task 1 ("seeing"): foils: cannot read'),
        ('foil = "runner-up"', 'foil = "runner"', "'annotated', 'runner-up', 'confusable' or 'table'"),
        ('"class-discrimination"\n', '"trust"\n', "foil is for kinds with a right answer, and trust has none"),
    ],
)  # fmt: skip
def test_a_foil_that_cannot_be_is_refused(folder, tmp_path, old, new, message):
    (tmp_path / "text.md").write_text("Words.")
    text = DEFINITION.replace(old, new).replace('networks = ["own"]', 'networks = ["own", "own2"]' if "trust" in new else 'networks = ["own"]')  # fmt: skip
    (tmp_path / "study.toml").write_text(text)
    assert message in run(tmp_path, "check").output


def test_what_is_measured_of_a_network_with_a_defect_is_told_to_be_without_it(folder):
    definition = folder / "study.toml"
    text = definition.read_text()
    definition.write_text(text.replace("[networks.own]", "[networks.own]\nexchanged_labels = 1", 1))
    assert "categories is annotated, without its defect → " in run(folder, "import-network").output
