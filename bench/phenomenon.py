#!/usr/bin/env python3
"""Does the demo show what the paper shows? Guided backpropagation against Guided Grad-CAM on held-out scenes.

Each method explains both categories of the first held-out scenes of the demo. Printed for each network: the median
correlation of the two maps of a scene, raw and as the demo draws them; how often a map has a greater share of its
energy in the boxes of its own category than of the other one; and the difference of the methods in this, paired by
scene, with its 95 % interval (t).

    python bench/phenomenon.py --scenes 60
"""

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch
from scipy import stats
from torch import Tensor

from definition import Definition, load_definition
from models.catalogue import LoadedNetwork, load_network, preprocess
from models.image_files import read_image
from models.photographs import Photograph
from models.scenes import DEMO_SEED, make_scenes
from models.sources import open_split
from models.voc import VocDataset
from stimuli.evaluate.box_energy import energy, share_in_boxes
from stimuli.explain.engine import explain
from stimuli.produce.render import render

ROOT = Path(__file__).resolve().parent.parent
METHODS = ("guided-backprop", "guided-grad-cam")
Found = dict[str, dict[str, list[float]]]  # method → "raw", "drawn", "right" → a number for each scene


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--scenes", type=int, default=60)
    given = options.parse_args()
    demo = load_definition(ROOT / "examples/demo.toml")
    with tempfile.TemporaryDirectory() as folder:
        scenes = held_out(Path(folder) / "scenes", demo.dataset.categories, given.scenes)
        for name in ("strong", "weak"):
            report(name, measured(demo, load_network(name, demo.networks[name], demo.dataset.categories), scenes))


def held_out(root: Path, categories: tuple[str, ...], count: int) -> tuple[Photograph, ...]:
    """The demo's first held-out scenes; each has its own random stream, so the others need not be drawn."""
    emoji = ROOT / "node_modules" / "emoji-datasource-google"
    make_scenes(root, emoji, categories, {"val": count}, DEMO_SEED, touching=("val",))
    return open_split(VocDataset(root=root, categories=categories), "val")


def measured(demo: Definition, network: LoadedNetwork, scenes: tuple[Photograph, ...]) -> Found:
    """What each method's two maps of each scene are like."""
    found: Found = {method: {"raw": [], "drawn": [], "right": []} for method in METHODS}
    for scene in scenes:
        inputs = preprocess(read_image(scene.path), network.transform)[None]
        targets = [[network.categories.index(category) for category in scene.categories]]
        maps = explain(network.module, inputs, targets, METHODS, network.target_layer).maps
        for method in METHODS:
            pictures = render(maps[method], demo.stimuli.rendering_of(method))
            found[method]["raw"].append(correlation(maps[method]))
            found[method]["drawn"].append(correlation(pictures.float()))
            right = [is_right(demo, scene, *one, method) for one in enumerate(pictures)]
            found[method]["right"].append(sum(right) / len(right))
    return found


def correlation(pair: Tensor) -> float:
    return float(torch.corrcoef(pair.flatten(1))[0, 1])


def is_right(demo: Definition, scene: Photograph, place: int, picture: Tensor, method: str) -> bool:
    """Whether the boxes of the map's own category hold more of its energy than those of the other."""
    energies = energy(picture, method, demo.stimuli.rendering_of(method))
    boxes = [[o.box for o in scene.objects if o.category == category and o.box] for category in scene.categories]
    shares = [share_in_boxes(energies, of_it, scene.width, scene.height) for of_it in boxes]
    return shares[place] > shares[1 - place]


def report(name: str, found: Found) -> None:
    for method, numbers in found.items():
        raw, drawn = (np.median(numbers[what]) for what in ("raw", "drawn"))
        right = 100 * np.mean(numbers["right"])
        print(f"{name:7} {method:16} correlation {raw:.2f}, as drawn {drawn:.2f}; own box in {right:.1f} %")
    differences = 100 * (np.array(found[METHODS[1]]["right"]) - found[METHODS[0]]["right"])
    reach = stats.t.ppf(0.975, len(differences) - 1) * stats.sem(differences)
    mean = differences.mean()
    print(f"{name:7} difference {mean:+.1f} points ({mean - reach:.1f} to {mean + reach:.1f})")


if __name__ == "__main__":
    main()
