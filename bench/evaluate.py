#!/usr/bin/env python3
"""Occlusion beside captum's `Occlusion` and a plain loop: one process, the same weights, picture, square and fill.

The pictures that other metrics change all over are whole ones: the last lines time these, by the network and by the
program that `evaluate` answers them with on a CPU.

CPU seconds are medians over rounds in which each contestant runs once, so that a busy machine slows all of them alike.
captum is run at each of several `perturbations_per_eval`, and its best median counts. The share of the time that
Discern spends in convolutions and linear layers is read from the profiler in runs of its own, as many as rounds: of the
time in torch's operations, and of all time, with Python's and the profiler's own.

    pip install -r requirements-bench.txt
    python bench/evaluate.py --networks squeezenet1_0 mobilenet_v2 --rounds 3
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch
from captum.attr import Occlusion
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile

from bench.explain import Contestant, _network, _pictures, _seconds
from stimuli.evaluate.asked_network import TOGETHER
from stimuli.explain import Window, explain
from stimuli.explain.program import program_like

NETWORKS = ("squeezenet1_0", "mobilenet_v2", "alexnet", "vgg16", "resnet18", "densenet121")
CATEGORY, GOAL, GOAL_CUDA, SHARE_GOAL = 281, 3.0, 5.0, 0.8
WHOLE = 64  # pictures
SHOWN = 0.01  # the least share of an operation that is printed


def main() -> None:
    options = _options()
    torch.set_num_threads(options.threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    on = torch.cuda.get_device_name() if device.type == "cuda" else f"CPU, {options.threads} thread(s)"
    print(f"{on}; torch {torch.__version__}; load {os.getloadavg()[0]:.0f}; {options.patch}/{options.stride} px at 224")
    for name in options.networks:
        _compare(name, options, device)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS[:2]))
    parser.add_argument("--at-once", nargs="+", type=int, default=[1, 4, 16], help="captum's perturbations_per_eval")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--patch", type=int, default=45)
    parser.add_argument("--stride", type=int, default=15)
    return parser.parse_args()


def _compare(name: str, options: argparse.Namespace, device: torch.device) -> None:
    network, picture = _network(name, device), _pictures(1, device)
    window = Window(options.patch, options.stride)
    contestants: dict[str, Contestant] = {
        "discern": lambda: explain(network, picture, [[CATEGORY]], ["occlusion"], window=window),
        "plain loop": partial(_loop, network, picture, window),
        **{f"captum, {count} at once": partial(_captum, network, picture, window, count) for count in options.at_once},
    }
    _check(network, picture, window)
    times: dict[str, list[float]] = {contestant: [] for contestant in contestants}
    for _ in range(options.rounds):
        for contestant, run in contestants.items():
            times[contestant].append(_seconds(run, device))
    medians = {contestant: statistics.median(seconds) for contestant, seconds in times.items()}
    print(f"\n{name:<24}{'seconds':>9}{'range':>17}")
    for contestant, median in medians.items():
        print(f"{contestant:<24}{median:9.3f}{min(times[contestant]):9.3f}–{max(times[contestant]):.3f}")
    best = min(median for contestant, median in medians.items() if contestant.startswith("captum"))
    goal = GOAL_CUDA if device.type == "cuda" else GOAL
    print(f"  {best / medians['discern']:5.2f} × faster than captum at its best (goal {goal:.1f})")
    print(f"  {medians['plain loop'] / medians['discern']:5.2f} × faster than the plain loop")
    _print_shares(contestants["discern"], options.rounds, device)
    if device.type == "cpu":
        _compare_whole(network, options, device)


def _compare_whole(network: nn.Module, options: argparse.Namespace, device: torch.device) -> None:
    """Seconds for one whole picture, the network with 32 at a time and the program with as many as `evaluate` takes."""
    pictures = _pictures(WHOLE, device)
    program = program_like(network, pictures[:2])
    if program is None:
        print("  no program: evaluate asks the network itself")
        return
    with torch.no_grad():
        asked: dict[str, tuple[Callable[[Tensor], Tensor], int]]
        asked = {"network": (network, 32), "program": (program, TOGETHER["cpu"])}
        runs = {name: partial(_in_batches, answer, pictures, size) for name, (answer, size) in asked.items()}
        times = {name: [_seconds(run, device) / WHOLE for _ in range(options.rounds)] for name, run in runs.items()}
    for name, seconds in times.items():
        print(f"  a whole picture, {name}: {statistics.median(seconds):.4f} ({min(seconds):.4f}–{max(seconds):.4f})")


def _in_batches(answer: Callable[[Tensor], Tensor], pictures: Tensor, size: int) -> None:
    for batch in pictures.split(size):
        answer(batch)


def _loop(network: nn.Module, picture: Tensor, window: Window) -> Tensor:
    """A picture at a time, as in the code that papers publish."""
    total, covered = torch.zeros_like(picture[:, :1]), torch.zeros_like(picture[:, :1])
    starts = [
        sorted({*range(0, extent - window.size, window.stride), extent - window.size}) for extent in picture.shape[2:]
    ]
    with torch.no_grad():
        score = network(picture)[0, CATEGORY]
        for top in starts[0]:
            for left in starts[1]:
                place = (..., slice(top, top + window.size), slice(left, left + window.size))
                masked = picture.clone()
                masked[place] = window.fill
                total[place] += score - network(masked)[0, CATEGORY]
                covered[place] += 1
    return total / covered


def _captum(network: nn.Module, picture: Tensor, window: Window, count: int) -> Tensor:
    channels, size, stride = picture.shape[1], window.size, window.stride
    return Occlusion(network).attribute(
        picture, (channels, size, size), (channels, stride, stride), window.fill, CATEGORY, perturbations_per_eval=count
    )


def _check(network: nn.Module, picture: Tensor, window: Window) -> None:
    """Say how far the map is from the loop's, so that nothing fast and wrong is timed."""
    found = explain(network, picture, [[CATEGORY]], ["occlusion"], window=window).maps["occlusion"]
    expected = _loop(network, picture, window)
    print(
        f"\nlargest difference from the plain loop: {(found - expected).abs().max() / expected.abs().max():.1e} of it"
    )


def _print_shares(run: Contestant, rounds: int, device: torch.device) -> None:
    runs = [_by_operation(run, device) for _ in range(rounds)]
    spent = [operations for operations, _ in runs]
    layers = [sum(time for name, time in one.items() if _is_layer(name)) for one in spent]
    shares = [part / sum(one.values()) for part, one in zip(layers, spent, strict=True)]
    ends = f"{min(shares):.1%}–{max(shares):.1%}"
    print(f"  {statistics.median(shares):5.1%} in convolutions ({ends}; goal {SHARE_GOAL:.0%})")
    of_all = [part / seconds for part, (_, seconds) in zip(layers, runs, strict=True)]
    print(f"  {statistics.median(of_all):5.1%} of all time")
    each = {name: statistics.median(one.get(name, 0) / sum(one.values()) for one in spent) for name in spent[0]}
    for name, share in sorted(each.items(), key=lambda entry: -entry[1]):
        if share >= SHOWN:
            print(f"    {name:<40}{share:6.1%}")


def _is_layer(name: str) -> bool:
    return any(part in name for part in ("conv", "addmm", "gemm"))


def _by_operation(run: Contestant, device: torch.device) -> tuple[dict[str, float], float]:
    """Operation → the seconds in it alone, and the seconds of the whole run."""
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if device.type == "cuda" else [])]
    with profile(activities=activities) as recorded:
        start = time.perf_counter()
        run()
        seconds = time.perf_counter() - start
    own = "self_device_time_total" if device.type == "cuda" else "self_cpu_time_total"
    return {event.key: getattr(event, own) / 1e6 for event in recorded.key_averages()}, seconds


if __name__ == "__main__":
    main()
