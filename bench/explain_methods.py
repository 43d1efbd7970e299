#!/usr/bin/env python3
"""Each further explanation method beside its peer: captum, pytorch-grad-cam or, for RISE, a plain loop.

One process, the same weights and pictures, two categories an image; both take the same steps, samples and masks. CPU
seconds are medians over rounds in which each contestant runs once, so that a busy machine slows all of them alike.

    pip install -r requirements-bench.txt
    python bench/explain_methods.py --networks alexnet --rounds 3
"""

import argparse
import contextlib
import copy
import io
import os
import statistics
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import captum.attr
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bench.explain import CATEGORIES, Contestant, _network, _pictures, _seconds
from stimuli.explain.engine import explain
from stimuli.explain.methods import METHODS, with_options

LAYERS = {"alexnet": "features.11", "vgg16": "features.29", "resnet18": "layer4"}
GOALS = {"score-cam": 2.0, "rise": 2.0}
AT_ONCE = 16
"""How many pictures the peers look at together, pytorch-grad-cam's default."""


def main() -> None:
    options = _options()
    torch.set_num_threads(options.threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    print(f"{device}, {options.threads} thread(s), load {os.getloadavg()[0]:.1f}; torch {torch.__version__}")
    print(f"{options.images} images of 224 px, {len(CATEGORIES)} categories each; {options.steps} steps and samples")
    for name in options.networks:
        network, pictures = _network(name, device), _pictures(options.images, device)
        explain(network, pictures[:1], [[0]], ["gradient"])  # what is tried once for a network
        for method, (told, peer) in _peers(network, pictures, name, options.steps, options.masks).items():
            if method in options.methods:
                _compare(name, method, _ours(network, pictures, name, method, told), peer, options.rounds, device)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", nargs="+", choices=LAYERS, default=["alexnet"])
    parser.add_argument("--methods", nargs="+", default=list(METHODS))
    parser.add_argument("--images", type=int, default=2)
    parser.add_argument("--steps", type=int, default=16)
    parser.add_argument("--masks", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


def _compare(name: str, method: str, ours: Contestant, peer: Contestant, rounds: int, device: torch.device) -> None:
    times = [[_seconds(run, device) for run in (ours, peer)] for _ in range(rounds)]
    own, theirs = (statistics.median(column) for column in zip(*times, strict=True))
    ratio = f"{theirs / own:5.2f} × (goal {GOALS.get(method, 1.0):.1f})"
    print(f"{name:<10}{method:<22}{own:9.3f}{theirs:9.3f}   {ratio}   load {os.getloadavg()[0]:.1f}", flush=True)


def _ours(network: nn.Module, pictures: Tensor, name: str, method: str, told: dict[str, Any]) -> Contestant:
    asked = {method: with_options(METHODS[method], told)}
    return lambda: explain(network, pictures, [CATEGORIES] * len(pictures), asked, LAYERS[name])


def _peers(
    network: nn.Module, pictures: Tensor, name: str, steps: int, masks: int
) -> dict[str, tuple[dict[str, Any], Contestant]]:
    """By method the options of ours, and its peer: a call for each category, all pictures at once."""

    def of_captum(method: Any, **told: Any) -> Contestant:
        return lambda: [method.attribute(pictures.clone().requires_grad_(), target=c, **told) for c in CATEGORIES]

    saliency = captum.attr.Saliency(network)
    noisy = {"nt_samples": steps, "nt_samples_batch_size": AT_ONCE // len(pictures), "stdevs": 0.15}
    return {
        "gradient": ({}, of_captum(saliency, abs=False)),
        "input-x-gradient": ({}, of_captum(captum.attr.InputXGradient(network))),
        "integrated-gradients": (
            {"steps": steps},
            of_captum(captum.attr.IntegratedGradients(network), n_steps=steps, internal_batch_size=AT_ONCE),
        ),
        "smoothgrad": ({"samples": steps}, of_captum(captum.attr.NoiseTunnel(saliency), abs=False, **noisy)),
        "grad-cam-plus-plus": ({}, _of_pytorch_grad_cam("GradCAMPlusPlus", network, pictures, name)),
        "layer-cam": ({}, _of_pytorch_grad_cam("LayerCAM", network, pictures, name)),
        "score-cam": ({}, _of_pytorch_grad_cam("ScoreCAM", network, pictures, name)),
        "rise": ({"masks": masks}, lambda: _rise(network, pictures, masks)),
    }


def _of_pytorch_grad_cam(kind: str, network: nn.Module, pictures: Tensor, name: str) -> Contestant:
    import pytorch_grad_cam
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    hooked = copy.deepcopy(network)
    weighing = getattr(pytorch_grad_cam, kind)(hooked, [hooked.get_submodule(LAYERS[name])])

    def run() -> list:
        with contextlib.redirect_stderr(io.StringIO()):  # its progress bars
            return [weighing(pictures, [ClassifierOutputTarget(c)] * len(pictures)) for c in CATEGORIES]

    return run


@torch.no_grad()
def _rise(network: nn.Module, pictures: Tensor, count: int) -> list[Tensor]:
    """As its authors' code: masks made before, a loop over pictures, categories and batches of masks."""
    masks = _drawn(pictures, count)
    found = []
    for category in CATEGORIES:
        for picture in pictures:
            scores = torch.cat([network(picture * part)[:, category] for part in masks.split(AT_ONCE)])
            found.append((scores @ masks.flatten(1)).view(pictures.shape[2:]) / (count * 0.5))
    return found


def _drawn(pictures: Tensor, count: int) -> Tensor:
    grids = (torch.rand(count, 1, 7, 7) < 0.5).to(pictures)
    large = F.interpolate(grids, (256, 256), mode="bilinear")
    corners = torch.randint(32, (count, 2)).tolist()
    return torch.stack([mask[:, y : y + 224, x : x + 224] for mask, (y, x) in zip(large, corners, strict=True)])


if __name__ == "__main__":
    main()
