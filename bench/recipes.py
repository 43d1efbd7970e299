#!/usr/bin/env python3
"""Which percentile and gamma of `signed-v1`? What can be seen of the demo's maps, and what the oracle makes of it.

The strong network explains both categories of the demo's first held-out scenes once; each map is then drawn with each
pair of parameters, and as `paper-v1` for comparison. Printed for each: the median share of pixels that are visible
(more than 25 levels off the background); how often a picture has a greater share of its energy in the boxes of its own
category than of the other one; and the difference of Guided Grad-CAM and guided backpropagation in this, paired by
scene, with its 95 % interval (t).

    python bench/recipes.py --scenes 30
"""

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from scipy import stats
from torch import Tensor

from bench.phenomenon import METHODS, ROOT, held_out
from definition import load_definition
from models.catalogue import load_network, preprocess
from models.image_files import read_image
from models.photographs import Photograph
from stimuli.evaluate.appearance import visible_share
from stimuli.evaluate.box_energy import energy, share_in_boxes
from stimuli.explain.engine import explain
from stimuli.produce.render import render
from stimuli.rendering import Rendering

PERCENTILES, GAMMAS = (99.0, 99.6, 99.9, 100.0), (0.5, 0.7, 1.0)
DRAWN = (
    Rendering("paper-v1"),
    *(Rendering("signed-v1", percentile=p, gamma=g) for p in PERCENTILES for g in GAMMAS),
)
Maps = list[tuple[Photograph, dict[str, Tensor]]]


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--scenes", type=int, default=30)
    given = options.parse_args()
    found = explained(given.scenes)
    for rendering in DRAWN:
        report(rendering, found)


def explained(scenes: int) -> Maps:
    """Each scene with the maps of its two categories, (2, 3, H, W) by method."""
    demo = load_definition(ROOT / "examples/demo.toml")
    network = load_network("strong", demo.networks["strong"], demo.dataset.categories)
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for scene in held_out(Path(folder) / "scenes", demo.dataset.categories, scenes):
            inputs = preprocess(read_image(scene.path), network.transform)[None]
            targets = [[network.categories.index(category) for category in scene.categories]]
            found.append((scene, explain(network.module, inputs, targets, METHODS, network.target_layer).maps))
    return found


def report(rendering: Rendering, found: Maps) -> None:
    """One line on `rendering`."""
    visible: dict[str, list[float]] = {method: [] for method in METHODS}
    right: dict[str, list[float]] = {method: [] for method in METHODS}
    for scene, maps in found:
        for method in METHODS:
            pictures = render(maps[method], rendering)
            visible[method] += [visible_share(picture.numpy().astype(float)) for picture in pictures]
            right[method].append(
                float(np.mean([_is_right(scene, *one, method, rendering) for one in enumerate(pictures)]))
            )
    differences = 100 * (np.array(right[METHODS[1]]) - right[METHODS[0]])
    reach = stats.t.ppf(0.975, len(differences) - 1) * stats.sem(differences)
    shown = ", ".join(
        f"{method}: visible {100 * np.median(visible[method]):.1f} %, own box {100 * np.mean(right[method]):.1f} %"
        for method in METHODS
    )
    told = (
        f"{rendering.recipe} {rendering.percentile} {rendering.gamma}" if rendering.recipe != "paper-v1" else "paper-v1"
    )
    mean = differences.mean()
    print(f"{told:20} {shown}; difference {mean:+.1f} ({mean - reach:.1f} to {mean + reach:.1f})")


def _is_right(scene: Photograph, place: int, picture: Tensor, method: str, rendering: Rendering) -> bool:
    energies = energy(picture, method, rendering)
    boxes = [[o.box for o in scene.objects if o.category == category and o.box] for category in scene.categories]
    shares = [share_in_boxes(energies, of_it, scene.width, scene.height) for of_it in boxes]
    return shares[place] > shares[1 - place]


if __name__ == "__main__":
    main()
