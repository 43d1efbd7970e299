"""Networks of transformers and of timm, tiny and random, go from a definition to a set of stimuli as they are."""

import json
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result
from PIL import Image

import manage
from contracts.stimulus_set import read_stimuli
from models.architectures import build

pytestmark = pytest.mark.slow
NETWORKS = """
import torch
from torch import nn

SIZES = {"hidden_size": 24, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}


def vit():
    from transformers import ViTConfig, ViTForImageClassification

    torch.manual_seed(0)
    return ViTForImageClassification(ViTConfig(**SIZES, image_size=32, patch_size=8, num_labels=4))


def resnet():
    from transformers import ResNetConfig, ResNetForImageClassification

    torch.manual_seed(0)
    sizes = {"embedding_size": 8, "hidden_sizes": [8, 16], "depths": [1, 1], "layer_type": "basic"}
    return ResNetForImageClassification(ResNetConfig(**sizes, num_labels=4))


class Several(nn.Module):
    def forward(self, pictures):
        return pictures.mean((2, 3)), pictures


def several():
    return Several()
"""
DEFINITION = """
[study]
slug = "foreign"
contact = "nobody"
minutes = 2
title.en = "Which colour?"
consent.en = "text.md"
debriefing.en = "text.md"

[dataset]
format = "folder"
root = "pictures"
categories = ["red", "green", "blue"]

[networks.vit]
module = "own.py:vit"
labels = ["red", "green", "blue", "grey"]
target_layer = "auto"
image_size = 32

[networks.resnet]
module = "own.py:resnet"
labels = ["red", "green", "blue", "grey"]
target_layer = "auto"
image_size = 32

[networks.timm]
architecture = "timm:test_resnet"
weights = "timm.pt"
labels = ["red", "green", "blue", "grey"]
target_layer = "layer2"
image_size = 32

[stimuli]
output = "var/stimuli"
recipe = "heat-v1"
device = "cpu"

[[tasks]]
name = "seeing"
kind = "class-discrimination"
foil = "runner-up"
methods = ["grad-cam"]
networks = ["vit", "resnet", "timm"]
images = 4
ratings_per_item = 2
trials_per_participant = 4
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "own.py").write_text(NETWORKS)
    (tmp_path / "text.md").write_text("Words.")
    torch.manual_seed(0)
    torch.save(build("timm:test_resnet", 4, 32).state_dict(), tmp_path / "timm.pt")
    for place, name in enumerate(("red", "green", "blue")):
        (tmp_path / "pictures" / name).mkdir(parents=True)
        for shade in (200, 255):
            picture = Image.new("RGB", (40, 32), (20, 20, 20))
            picture.paste(tuple(shade * (place == channel) for channel in range(3)), (8, 8, 24, 24))
            picture.save(tmp_path / "pictures" / name / f"{shade}.png")
    monkeypatch.setenv("DISCERN_DATABASE_URL", f"sqlite:///{tmp_path / 'none.db'}")
    return tmp_path


def run(folder: Path, command: str, definition: str) -> Result:
    (folder / "study.toml").write_text(definition)
    return CliRunner().invoke(manage.cli, [command, "--study", str(folder / "study.toml")])


def test_they_are_imported_and_explained_at_the_layer_that_auto_stands_for(folder: Path) -> None:
    made = run(folder, "generate-stimuli", DEFINITION)
    assert made.exit_code == 0, made.output
    assert made.output.count(", 4 outputs") == 3
    assert "vit.layers.1.layernorm_before (4 × 4)" in made.output
    assert len(read_stimuli(folder / "var/stimuli")) == 4 * 3
    networks = json.loads((folder / "var/stimuli/provenance.json").read_text())["networks"]
    layers = {name: network["target_layer"] for name, network in networks.items()}
    # After the last attention only the class token reaches the scores, so it is the normalisation before it.
    assert layers["vit"] == "vit.layers.1.layernorm_before"
    assert layers["resnet"] == "resnet.encoder.stages.1.layers.0.activation"


def test_an_answer_without_logits_is_refused_with_the_remedy(folder: Path) -> None:
    found = run(folder, "check", DEFINITION.replace("own.py:vit", "own.py:several")).output
    assert "network 'vit' answers two pictures with tuple; logits (2, categories) are expected: let a function" in found
    assert "networks together: vit cannot be loaded; mend this first" in found
