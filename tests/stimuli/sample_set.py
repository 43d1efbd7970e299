"""A small study for the tests of generation: ten pictures, two networks that agree now and then, two tasks."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from models.catalogue import LoadedNetwork, Transform
from models.photographs import AnnotatedObject, Photograph
from stimuli.config import StimuliConfig, StimulusRequest
from stimuli.produce.generate import generate
from tests.stimuli import networks

CATEGORIES = ("cat", "cow", "dog", "horse", "sheep")
REQUESTS = (
    StimulusRequest("seeing", "class-discrimination", 4, ("guided-backprop", "guided-grad-cam"), ("strong",)),
    StimulusRequest("trusting", "trust", 2, ("guided-grad-cam", "grad-cam"), ("strong", "weak")),
)


def pictures(folder: Path) -> tuple[Photograph, ...]:
    """Ten pictures with two categories each; the first two carry every category, so that both networks are right."""
    random = np.random.default_rng(4)
    folder.mkdir(exist_ok=True)
    images = []
    for number in range(10):
        path = folder / f"picture{number}.png"
        Image.fromarray(random.integers(0, 256, (30, 40, 3), dtype=np.uint8)).save(path)
        names = CATEGORIES if number < 4 else (CATEGORIES[number % 5], CATEGORIES[(number + 1) % 5])
        images.append(
            Photograph(path.stem, path, 40, 30, tuple(AnnotatedObject(name, (1, 1, 5, 5), False) for name in names))
        )
    return tuple(images)


def loaded_networks() -> dict[str, LoadedNetwork]:
    """Two networks with the same head, so that they often agree."""
    weak = networks.gap_like().float()
    weak[0].weight.data.mul_(0.9)
    transform = Transform(32, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
    return {
        name: LoadedNetwork(name, "gap-like", module.requires_grad_(False), transform, CATEGORIES, "3", digit * 64, 0.5)
        for name, module, digit in (("strong", networks.gap_like().float(), "a"), ("weak", weak, "b"))
    }


def make(output: Path, images: tuple[Photograph, ...], request_sha256: str = "r", **changes) -> Path:
    """Run `generate` on the sample study; `changes` replace its arguments."""
    torch.set_num_threads(1)
    arguments = {
        "config": StimuliConfig(output=output, device="cpu", batch_size=2, seed=1),
        "requests": REQUESTS,
        "images": images,
        "networks": loaded_networks(),
        "categories": CATEGORIES,
        "request_sha256": request_sha256,
    }
    return generate(**(arguments | changes))


def contents(folder: Path) -> dict[str, bytes]:
    """Every file under `folder` by name."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
