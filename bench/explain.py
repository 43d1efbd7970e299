#!/usr/bin/env python3
"""The explanation engine beside captum and pytorch-grad-cam: one process, the same weights and pictures.

The work: AlexNet and VGG-16, two categories an image, five methods (pytorch-grad-cam has three of them). CPU seconds
are medians over rounds in which every contestant runs once, so that a busy machine slows all of them alike; with a GPU,
CUDA events are read instead. The bound is the time of the convolutions and linear layers of one forward pass and of the
backward passes that are needed, each layer timed alone in the same run: all gradients at once, batch by batch or
picture by picture, whichever is least.

    pip install -r requirements-bench.txt
    python bench/explain.py --networks alexnet --rounds 5
"""

import argparse
import copy
import resource
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch
import torch.nn.functional as F
import torchvision
from captum.attr import Deconvolution, GuidedBackprop, GuidedGradCam, LayerAttribution, LayerGradCam
from torch import Tensor, nn

from stimuli.explain.engine import Precision, explain

LAYERS = {"alexnet": "features.11", "vgg16": "features.29"}
CATEGORIES = (281, 243)
METHODS = ("deconvolution", "guided-backprop", "grad-cam", "deconvolution-grad-cam", "guided-grad-cam")
THREE = ("guided-backprop", "grad-cam", "guided-grad-cam")
GOALS = {
    "captum used well": 2.0,
    "captum as documented": 3.0,
    "pytorch-grad-cam (3 methods)": 6.0,
    "captum used well, mixed": 4.0,
}

Contestant = Callable[[], object]


def main() -> None:
    options = _options()
    warnings.filterwarnings("ignore", message="Setting (backward|forward)")
    torch.set_num_threads(options.threads)
    if options.memory:
        _run_once(options.networks[0], options.images, options.memory)
        return
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    on = torch.cuda.get_device_name() if device.type == "cuda" else f"CPU, {options.threads} thread(s)"
    if device.type == "cuda" and not options.tf32:  # Discern computes float32 as such; so do the others here
        convolutions = torch.backends.cudnn.conv  # type: ignore[attr-defined]  # torch puts it there at import
        convolutions.fp32_precision = torch.backends.cuda.matmul.fp32_precision = "ieee"
    print(f"{on}; torch {torch.__version__}; {options.images} images of 224 px, {len(CATEGORIES)} categories each")
    if device.type == "cpu":
        _compare_memory(options)  # first: a process inherits the peak of the one that starts it
    for name in options.networks:
        _compare(name, options.images, options.rounds, device)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", nargs="+", choices=LAYERS, default=list(LAYERS))
    parser.add_argument("--images", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--tf32", action="store_true", help="the others as torch comes: convolutions rounded to TF32")
    parser.add_argument("--memory", choices=("discern", "captum"), help=argparse.SUPPRESS)
    return parser.parse_args()


def _network(name: str, device: torch.device) -> nn.Module:
    torch.manual_seed(0)
    return getattr(torchvision.models, name)(weights=None).eval().to(device)


def _pictures(count: int, device: torch.device) -> Tensor:
    return torch.randn(count, 3, 224, 224, generator=torch.Generator().manual_seed(1)).to(device)


def _compare(name: str, images: int, rounds: int, device: torch.device) -> None:
    network, pictures = _network(name, device), _pictures(images, device)
    contestants: dict[str, Contestant] = {
        "discern": lambda: _discern(network, pictures, name, METHODS, "fp32"),
        "discern, mixed": lambda: _discern(network, pictures, name, METHODS, "mixed"),
        "discern, 3 methods": lambda: _discern(network, pictures, name, THREE, "fp32"),
        "captum used well": _captum_used_well(network, pictures, name),
        "captum as documented": _captum_as_documented(network, pictures, name),
        "pytorch-grad-cam (3 methods)": _pytorch_grad_cam(network, pictures, name),
        "bound": lambda: None,
        "bound, mixed": lambda: None,
    }
    first = _seconds(contestants["discern"], device)
    print(f"\n{name}: discern's first batch, in which the network is tried on noise: {first:.3f} s")
    times: dict[str, list[float]] = {contestant: [] for contestant in contestants}
    for _ in range(rounds):
        for contestant, run in contestants.items():
            if not contestant.startswith("bound"):
                times[contestant].append(_seconds(run, device))
        for contestant, dtype in (("bound", torch.float32), ("bound, mixed", torch.bfloat16)):
            times[contestant].append(_bound(network, pictures, name, dtype))
    medians = {contestant: statistics.median(seconds) for contestant, seconds in times.items()}
    _print_table(name, medians, times)


def _print_table(name: str, medians: dict[str, float], times: dict[str, list[float]]) -> None:
    print(f"\n{name:<32}{'seconds':>9}{'range':>17}")
    for contestant, median in medians.items():
        print(f"{contestant:<32}{median:9.3f}{min(times[contestant]):9.3f}–{max(times[contestant]):.3f}")
    ours = {
        "captum used well": ("captum used well", "discern"),
        "captum as documented": ("captum as documented", "discern"),
        "pytorch-grad-cam (3 methods)": ("pytorch-grad-cam (3 methods)", "discern, 3 methods"),
        "captum used well, mixed": ("captum used well", "discern, mixed"),
    }
    for against, (theirs, own) in ours.items():
        ratio = medians[theirs] / medians[own]
        print(f"  {ratio:5.2f} × faster than {against} (goal {GOALS[against]:.1f})")
    for bound, own in (("bound", "discern"), ("bound, mixed", "discern, mixed")):
        print(f"  {medians[bound] / medians[own]:5.0%} of the {bound} (goal 80 %)")


def _discern(network: nn.Module, pictures: Tensor, name: str, methods: tuple[str, ...], precision: Precision) -> object:
    return explain(network, pictures, [CATEGORIES] * len(pictures), methods, LAYERS[name], precision=precision)


def _captum_used_well(network: nn.Module, pictures: Tensor, name: str) -> Contestant:
    """One call a method and category, the whole batch at once; products by hand."""
    hooked, weighed = copy.deepcopy(network), copy.deepcopy(network)
    guided, deconvolution = GuidedBackprop(hooked), Deconvolution(copy.deepcopy(network))
    weighing = LayerGradCam(weighed, weighed.get_submodule(LAYERS[name]))

    def run() -> list[Tensor]:
        maps = []
        for category in CATEGORIES:
            pixels = [a.attribute(pictures.clone().requires_grad_(), category) for a in (guided, deconvolution)]
            cam = _enlarged(weighing.attribute(pictures, category, relu_attributions=True))
            maps += [*pixels, cam, *(one * cam for one in pixels)]
        return maps

    return run


def _captum_as_documented(network: nn.Module, pictures: Tensor, name: str) -> Contestant:
    """Each method by captum's own class, Guided Grad-CAM too; the one product it lacks from fresh factors."""
    copies = [copy.deepcopy(network) for _ in range(4)]
    guided, deconvolution = GuidedBackprop(copies[0]), Deconvolution(copies[1])
    weighing = LayerGradCam(copies[2], copies[2].get_submodule(LAYERS[name]))
    guided_cam = GuidedGradCam(copies[3], copies[3].get_submodule(LAYERS[name]))

    def run() -> list[Tensor]:
        maps = []
        for category in CATEGORIES:

            def attributed(method: Any, category: int = category, **options: object) -> Tensor:
                return method.attribute(pictures.clone().requires_grad_(), category, **options)

            cam = _enlarged(attributed(weighing, relu_attributions=True))
            product = attributed(deconvolution) * _enlarged(attributed(weighing, relu_attributions=True))
            maps += [attributed(guided), attributed(deconvolution), cam, product]
            maps.append(attributed(guided_cam, interpolate_mode="bilinear"))
        return maps

    return run


def _pytorch_grad_cam(network: nn.Module, pictures: Tensor, name: str) -> Contestant:
    """Grad-CAM a batch and category at a time, guided backpropagation a picture at a time, as its README does."""
    from pytorch_grad_cam import GradCAM, GuidedBackpropReLUModel
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    weighed = copy.deepcopy(network)
    weighing = GradCAM(weighed, [weighed.get_submodule(LAYERS[name])])
    guided = GuidedBackpropReLUModel(copy.deepcopy(network), device=pictures.device)

    def run() -> list:
        maps = []
        for category in CATEGORIES:
            cams = weighing(input_tensor=pictures, targets=[ClassifierOutputTarget(category)] * len(pictures))
            pixels = [guided(picture.unsqueeze(0), target_category=category) for picture in pictures]
            maps += [cams, pixels, [one * cam[..., None] for one, cam in zip(pixels, cams, strict=True)]]
        return maps

    return run


def _enlarged(maps: Tensor) -> Tensor:
    return LayerAttribution.interpolate(maps, (224, 224), "bilinear")


def _bound(network: nn.Module, pictures: Tensor, name: str, backward: torch.dtype) -> float:
    """Seconds of the convolutions and linear layers alone: one forward pass and every needed backward pass."""
    calls: list[tuple[str, Any, Tensor]] = []
    with torch.no_grad():
        hooks = [
            module.register_forward_hook(lambda m, inputs, _out, place=place: calls.append((place, m, inputs[0])))
            for place, module in network.named_modules()
            if isinstance(module, nn.Conv2d | nn.Linear)
        ]
        network(pictures.contiguous(memory_format=torch.channels_last))
        for hook in hooks:
            hook.remove()
        return sum(_least(module, inputs, backward, pictures.device) for _, module, inputs in calls)


def _least(module: nn.Conv2d | nn.Linear, inputs: Tensor, backward: torch.dtype, device: torch.device) -> float:
    """Seconds of one layer: its gradients all at once, category by category or picture by picture."""
    weight, narrow = module.weight, module.weight.to(backward)
    if isinstance(module, nn.Linear):
        stacked = narrow.new_ones(3 * len(CATEGORIES) * len(inputs), module.out_features)  # Grad-CAM's gradient too
        return _seconds(lambda: (F.linear(inputs, weight, module.bias), stacked @ narrow), device)
    repeats, convolution = 2 * len(CATEGORIES), module

    def forward(part: Tensor) -> Tensor:
        return F.conv2d(part, weight, convolution.bias, convolution.stride, convolution.padding)

    def to_input(gradient: Tensor, part: Tensor) -> None:
        options = (convolution.stride, convolution.padding, (1, 1), False, (0, 0), 1, [True, False, False])
        torch.ops.aten.convolution_backward(gradient, part, narrow, None, *options)

    def apart(part: Tensor) -> None:
        output = forward(part)
        for _ in range(repeats):
            to_input(output.to(backward), part.to(backward))

    def together() -> None:
        output = forward(inputs).to(backward)
        to_input(output.repeat(repeats, 1, 1, 1).contiguous(memory_format=torch.channels_last), many)

    inputs = inputs.contiguous(memory_format=torch.channels_last)
    many = torch.empty(
        (repeats * len(inputs), *inputs.shape[1:]), dtype=backward, device=device, memory_format=torch.channels_last
    )

    def picture_by_picture() -> None:
        for picture in inputs.split(1):
            apart(picture)

    ways = (lambda: apart(inputs), picture_by_picture, together)
    return min(_seconds(way, device) for way in ways)


def _seconds(run: Contestant, device: torch.device) -> float:
    if device.type == "cuda":
        run()  # the first call chooses kernels
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        run()
        end.record()
        torch.cuda.synchronize()
        return start.elapsed_time(end) / 1000
    before = time.process_time()
    run()
    return time.process_time() - before


def _compare_memory(options: argparse.Namespace) -> None:
    print(f"\nPeak memory, {options.images} images (a process each)")
    for name in options.networks:
        peaks = {who: _peak(name, options, who) for who in ("discern", "captum")}
        print(f"{name:<12} discern {peaks['discern']:6.0f} MiB   captum used well {peaks['captum']:6.0f} MiB")


def _peak(name: str, options: argparse.Namespace, who: str) -> float:
    command = [sys.executable, __file__, "--networks", name, "--images", str(options.images), "--memory", who]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _run_once(name: str, images: int, who: str) -> None:
    network, pictures = _network(name, torch.device("cpu")), _pictures(images, torch.device("cpu"))
    if who == "discern":
        _discern(network, pictures, name, METHODS, "fp32")
    else:
        _captum_used_well_on_one_copy(network, pictures, name)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def _captum_used_well_on_one_copy(network: nn.Module, pictures: Tensor, name: str) -> None:
    """As `_captum_used_well`, without the copies of the network, which would be held against captum's memory."""
    maps = []
    for category in CATEGORIES:
        pixels = [
            attribution(network).attribute(pictures.clone().requires_grad_(), category)
            for attribution in (GuidedBackprop, Deconvolution)
        ]
        weighing = LayerGradCam(network, network.get_submodule(LAYERS[name]))
        cam = _enlarged(weighing.attribute(pictures, category, relu_attributions=True))
        maps += [*pixels, cam, *(one * cam for one in pixels)]


if __name__ == "__main__":
    main()
