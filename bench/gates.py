"""What looking for hidden gates costs guided backpropagation, as a share of its CPU time (docs/adr/020).

    OMP_NUM_THREADS=1 python bench/gates.py --rounds 15

`settled`: a network that was followed before. `followed`: one that is followed in every batch.
"""

import argparse
import time
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn

import stimuli.explain.recording as recording
from models.architectures import build
from stimuli.explain.detached import Follower
from stimuli.explain.engine import explain
from stimuli.explain.trace import Trace

SIZE = 112  # pixels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", nargs="+", default=["resnet18", "vgg16", "densenet121"])
    parser.add_argument("--pictures", nargs="+", type=int, default=[1, 2, 4])
    parser.add_argument("--rounds", type=int, default=15)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    clock = _timed_checks()
    for name in asked.networks:
        network = build(name, 10, SIZE).eval()
        for count in asked.pictures:
            _report(name, network, torch.randn(count, 3, SIZE, SIZE), asked.rounds, clock)


def _report(name: str, network: nn.Module, pictures: Tensor, rounds: int, clock: list[float]) -> None:
    totals, checks, more = [], [], []
    for turn in range(rounds + 1):
        clock.clear()
        total = _seconds(lambda: explain(network, pictures, [[0]] * len(pictures), ["guided-backprop"]))
        plain, followed = (_seconds(partial(_forward, network, pictures, way)) for way in (False, True))
        if turn:  # the first one follows
            totals.append(total)
            checks.append(sum(clock) / total)
            more.append((followed - plain) / total)
    print(
        f"{name}, {len(pictures)} pictures: {1000 * median(totals):.0f} ms; settled {median(checks):.2%},"
        f" followed {median(more) + median(checks):.2%}",
        flush=True,
    )


def _forward(network: nn.Module, pictures: Tensor, is_followed: bool) -> None:
    with Follower(network) if is_followed else nullcontext():
        network(pictures.clone().requires_grad_().clone())


def _timed_checks() -> list[float]:
    """Have the checks note their own seconds in the list."""
    clock: list[float] = []
    recording.followed_if_new = _timed(recording.followed_if_new, clock)
    Trace._check_gates = _timed(Trace._check_gates, clock)  # type: ignore[method-assign]  # the same, timed
    return clock


def _timed(function: Callable[..., Any], clock: list[float]) -> Callable[..., Any]:
    def timed(*given: Any) -> Any:
        start = time.process_time()
        try:
            return function(*given)
        finally:
            clock.append(time.process_time() - start)

    return timed


def _seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


if __name__ == "__main__":
    main()
