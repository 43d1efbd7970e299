#!/usr/bin/env python3
"""Making a whole stimulus set, beside the engine alone and beside pytorch-grad-cam: photographs in, PNG files out.

The work: random photographs (JPEG, 500 × 375), two categories each, five methods at 224 px, random weights. In every
round of one process: the engine alone (`explain` on batches that lie in memory), the whole pipeline
(`generate` into an empty folder), and each stage alone, one shard after another. The ratio of the
rates is what reading, drawing, encoding and writing cost. Then the three methods that pytorch-grad-cam has: the same
pictures by the loop of its README. CPU seconds count all threads; medians over rounds.

    pip install -r requirements-bench.txt
    python bench/generate.py --networks alexnet --images 16
"""

import argparse
import copy
import hashlib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch
import torchvision
from PIL import Image

from models.catalogue import LoadedNetwork, Transform
from models.photographs import AnnotatedObject, Photograph
from stimuli.config import StimuliConfig, StimulusRequest
from stimuli.explain import engine as engine
from stimuli.produce.generate import generate
from stimuli.produce.launchers import local
from stimuli.produce.png import encode_png
from stimuli.produce.render import render
from stimuli.produce.select import select
from stimuli.produce.shards import Shard, shards, visualizations
from stimuli.produce.storage import Folder
from stimuli.rendering import Rendering

Made = TypeVar("Made")

LAYERS = {"alexnet": "features.11", "vgg16": "features.29", "mobilenet_v2": "features.18.2"}
FIVE = ("deconvolution", "guided-backprop", "grad-cam", "deconvolution-grad-cam", "guided-grad-cam")
THREE = ("guided-backprop", "grad-cam", "guided-grad-cam")
CATEGORIES = tuple(f"category-{number:02}" for number in range(20))
GOAL = 0.9


@dataclass(frozen=True)
class Seconds:
    """What one piece of work took."""

    cpu: float
    wall: float


@dataclass(frozen=True)
class Work:
    """One network, its photographs and what is asked of them."""

    network: LoadedNetwork
    photographs: tuple[Photograph, ...]
    config: StimuliConfig

    def request(self, methods: Sequence[str]) -> StimulusRequest:
        name = self.network.name
        return StimulusRequest("seeing", "class-discrimination", len(self.photographs), tuple(methods), (name,))

    def shards(self) -> tuple[Shard, ...]:
        selections = select([self.request(FIVE)], self.photographs, CATEGORIES, {}, self.config.seed)
        return shards(visualizations(selections), self.config.batch_size)


def main() -> None:
    options = _options()
    if options.threads:
        torch.set_num_threads(options.threads)
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else f"CPU, {torch.get_num_threads()} thread(s)"
    print(f"{device}; torch {torch.__version__}; {options.images} photographs, 2 categories each, {len(FIVE)} methods")
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        photographs = _photographs(Path(folder), options.images)
        for name in options.networks:
            work = _work(name, photographs, Path(folder) / name, options)
            _measure(work, options.rounds)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", nargs="+", choices=LAYERS, default=list(LAYERS))
    parser.add_argument("--images", type=int, default=32)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, help="of the engine; as many as torch likes without it")
    parser.add_argument("--precision", choices=("fp32", "mixed"), default="fp32")
    parser.add_argument("--folder", type=Path, help="where the files are written; a real disk tells more")
    return parser.parse_args()


def _photographs(folder: Path, count: int) -> tuple[Photograph, ...]:
    """Smooth colours with fine grain, as large as VOC's photographs and about as hard to decode."""
    random, images = np.random.default_rng(0), []
    for number in range(count):
        coarse = Image.fromarray(random.integers(0, 256, (24, 32, 3), dtype=np.uint8)).resize((500, 375))
        grain = random.normal(0, 6, (375, 500, 3))
        path = folder / f"photograph-{number:04}.jpg"
        Image.fromarray((np.asarray(coarse) + grain).clip(0, 255).astype(np.uint8)).save(path, quality=90)
        pair = (CATEGORIES[number % 20], CATEGORIES[(number + 7) % 20])
        objects = tuple(AnnotatedObject(category, (1, 1, 400, 300)) for category in pair)
        images.append(Photograph(path.stem, path, 500, 375, objects))
    return tuple(images)


def _work(name: str, photographs: tuple[Photograph, ...], output: Path, options: argparse.Namespace) -> Work:
    torch.manual_seed(0)
    module = getattr(torchvision.models, name)(weights=None, num_classes=len(CATEGORIES)).eval().requires_grad_(False)
    network = LoadedNetwork(
        name.replace("_", "-"), name, module, Transform(224), CATEGORIES, LAYERS[name], "0" * 64, None
    )
    config = StimuliConfig(output=output, batch_size=options.batch_size, precision=options.precision)
    return Work(network, photographs, config)


def _measure(work: Work, rounds: int) -> None:
    pairs = 2 * len(work.photographs)
    engine_only, pipeline, ours, theirs = [], [], [], []
    stages: dict[str, list[Seconds]] = {}
    for number in range(rounds):
        engine_only.append(_engine_only(work))
        pipeline.append(_timed(partial(_generate, work, FIVE, f"five-{number}")))
        for stage, seconds in _each_stage(work, number).items():
            stages.setdefault(stage, []).append(seconds)
        ours.append(_timed(partial(_generate, work, THREE, f"three-{number}")))
        theirs.append(_timed(partial(_pytorch_grad_cam, work, number)))
    print(f"\n{work.network.name:<34}{'a CPU second':>14}{'a second':>11}   visualizations")
    _row("engine alone", engine_only, pairs * len(FIVE))
    _row("photographs to finished set", pipeline, pairs * len(FIVE))
    for unit in ("cpu", "wall"):
        ratio = _median(engine_only, unit) / _median(pipeline, unit)
        print(f"  {ratio:5.0%} of the engine alone, in {unit} seconds (goal {GOAL:.0%})")
    _print_stages(stages, pairs * len(FIVE))
    _row("finished set, 3 methods", ours, pairs * len(THREE))
    _row("pytorch-grad-cam, 3 methods", theirs, pairs * len(THREE))
    for unit in ("cpu", "wall"):
        print(f"  {_median(theirs, unit) / _median(ours, unit):5.2f} × faster than pytorch-grad-cam, in {unit} seconds")


def _engine_only(work: Work) -> Seconds:
    """`explain` on batches that were read before the clock starts."""
    jobs = work.shards()
    with local.launch(work.config, {work.network.name: work.network}) as launcher:
        device = torch.device(launcher.device)
        module = work.network.module.to(device)
        batches = [launcher.read(job).to(device) for job in jobs]

        def run() -> None:
            for job, batch in zip(jobs, batches, strict=True):
                _explain(work, module, job, batch)
                _wait_for(device)

        seconds = _timed(run)
    work.network.module.cpu()
    return seconds


def _explain(work: Work, module: torch.nn.Module, job: Shard, batch: torch.Tensor) -> engine.Explanations:
    targets = [[CATEGORIES.index(category) for category in wanted] for wanted in job.categories]
    layer, precision = work.network.target_layer, work.config.precision
    return engine.explain(module, batch, targets, job.methods, layer, precision=precision)


def _generate(work: Work, methods: Sequence[str], folder: str) -> None:
    config = work.config.model_copy(update={"output": work.config.output / folder})
    network = {work.network.name: work.network}
    generate(config, [work.request(methods)], work.photographs, network, CATEGORIES, "benchmark")


def _each_stage(work: Work, number: int) -> dict[str, Seconds]:
    """Each stage of all shards, nothing beside it."""
    spent = dict.fromkeys(("read", "explain", "render", "encode", "write"), Seconds(0, 0))
    storage = Folder(work.config.output / f"stages-{number}")

    def timed(stage: str, run: Callable[[], Made]) -> Made:
        outcome: list[Made] = []
        seconds = _timed(lambda: outcome.append(run()))
        spent[stage] = Seconds(spent[stage].cpu + seconds.cpu, spent[stage].wall + seconds.wall)
        return outcome[0]

    with local.launch(work.config, {work.network.name: work.network}) as launcher:
        device = torch.device(launcher.device)
        module = work.network.module.to(device)

        def explained(job: Shard, batch: torch.Tensor) -> engine.Explanations:
            found = _explain(work, module, job, batch)
            _wait_for(device)
            return found

        for job in work.shards():
            batch = timed("read", partial(launcher.read, job)).to(device)
            found = timed("explain", partial(explained, job, batch))
            drawn = timed("render", partial(_drawn, found, work.config.rendering_of("")))
            files = timed("encode", partial(_encoded, [picture.numpy() for pictures in drawn for picture in pictures]))
            timed("write", partial(storage.write, files))
    work.network.module.cpu()
    return spent


def _drawn(found: engine.Explanations, rendering: Rendering) -> list[torch.Tensor]:
    return [render(maps, rendering).cpu() for maps in found.maps.values()]


def _encoded(pictures: Sequence[np.ndarray]) -> dict[str, bytes]:
    return {hashlib.sha256(file := encode_png(pixels)).hexdigest(): file for pixels in pictures}


def _print_stages(stages: dict[str, list[Seconds]], count: int) -> None:
    wall = {stage: _median(seconds, "wall") for stage, seconds in stages.items()}
    for stage, seconds in stages.items():
        print(
            f"  {stage:<10}{1000 * _median(seconds, 'cpu') / count:8.3f} ms of CPU,"
            f"{1000 * wall[stage] / count:8.3f} ms a visualization"
        )
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    threads, gpu_draws = local.threads_beside(device), device.type == "cuda"
    places = {
        f"reading, in {threads} threads": wall["read"] / threads,
        "the engine": wall["explain"] + gpu_draws * wall["render"],
        f"encoding and writing, in {threads} threads": (
            wall["encode"] + wall["write"] + (not gpu_draws) * wall["render"]
        )
        / threads,
    }
    print(f"  what limits: {max(places, key=places.__getitem__)}")


def _pytorch_grad_cam(work: Work, number: int) -> None:
    """The loop of its README (cam.py): one picture after another, read and written by OpenCV."""
    import cv2
    from pytorch_grad_cam import GradCAM, GuidedBackpropReLUModel
    from pytorch_grad_cam.utils.image import deprocess_image, preprocess_image, show_cam_on_image
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(0)
    model = getattr(torchvision.models, work.network.architecture)(weights=None, num_classes=len(CATEGORIES))
    model = model.eval().to(device)
    guided_backprop = GuidedBackpropReLUModel(model=copy.deepcopy(model), device=device)  # it alters its network
    folder = work.config.output / f"pytorch-grad-cam-{number}"
    folder.mkdir(parents=True)
    transform = work.network.transform
    with GradCAM(model=model, target_layers=[model.get_submodule(work.network.target_layer)]) as cam:
        for photograph in work.photographs:
            read = cv2.imread(str(photograph.path), 1)
            assert read is not None, photograph.path
            bgr = cv2.resize(read, (transform.image_size, transform.image_size))
            rgb = np.float32(bgr[:, :, ::-1]) / 255
            inputs = preprocess_image(rgb, mean=transform.mean, std=transform.std).to(device)
            for category in map(CATEGORIES.index, photograph.categories):
                grey = cam(input_tensor=inputs, targets=[ClassifierOutputTarget(category)])[0]
                overlay = cv2.cvtColor(show_cam_on_image(rgb, grey, use_rgb=True), cv2.COLOR_RGB2BGR)
                guided = guided_backprop(inputs, target_category=category)
                product = deprocess_image(cv2.merge([grey, grey, grey]) * guided)
                for kind, picture in (("cam", overlay), ("gb", deprocess_image(guided)), ("cam_gb", product)):
                    cv2.imwrite(str(folder / f"{photograph.image_id}-{category}-{kind}.png"), picture)


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def _timed(run: Callable[[], object]) -> Seconds:
    cpu, wall = time.process_time(), time.perf_counter()
    run()
    return Seconds(time.process_time() - cpu, time.perf_counter() - wall)


def _median(seconds: Sequence[Seconds], unit: str) -> float:
    return statistics.median(getattr(one, unit) for one in seconds)


def _row(what: str, seconds: Sequence[Seconds], count: int) -> None:
    print(f"{what:<34}{count / _median(seconds, 'cpu'):14.1f}{count / _median(seconds, 'wall'):11.1f}")


if __name__ == "__main__":
    main()
