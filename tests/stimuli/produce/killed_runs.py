"""Run by test_generate.py in a process of its own: kill runs at random moments of every stage; then let them finish.

Forks before torch has done any work, so that a killed child costs milliseconds. Prints one JSON object: how many runs
were killed in each stage, and after which moments the finished set differed.
"""

import json
import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from stimuli.produce import pictures, visualize
from tests.stimuli import sample_set

STAGES = {
    "read": (visualize, "read_image"),
    "explain": (visualize, "explain"),
    "render": (visualize, "render"),
    "encode": (pictures, "encode_png"),
    "write": (os, "fsync"),
    "rename": (os, "replace"),
    "remove": (os, "unlink"),
}
Moment = tuple[str, int]
"""Inside the n-th call of a stage, counted from 1."""


def run(output: Path, images: tuple, killed_at: Moment | None, calls: Path | None = None) -> bool:
    """Make the set in a child that is killed at a moment; whether it lived to the end. It writes how often it called."""
    child = os.fork()
    if child == 0:
        counted: Counter[str] = Counter()
        for stage in STAGES:
            watch(stage, counted, killed_at)
        sample_set.make(output, images)
        if calls:
            calls.write_text(json.dumps(counted))
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def watch(stage: str, counted: Counter[str], killed_at: Moment | None) -> None:
    module, name = STAGES[stage]
    inner: Callable = getattr(module, name)
    lock = threading.Lock()

    def watched(*arguments, **options):
        with lock:
            counted[stage] += 1
            place = counted[stage]
        if (stage, place) == killed_at:
            os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(60)
        return inner(*arguments, **options)

    setattr(module, name, watched)


def main(folder: Path, seed: int, moments_each: int) -> None:
    rng = random.Random(seed)
    images = sample_set.pictures(folder / "pictures")
    if not run(folder / "whole", images, None, folder / "calls.json"):
        raise SystemExit("the uninterrupted run failed")
    whole, calls = sample_set.contents(folder / "whole"), json.loads((folder / "calls.json").read_text())
    killed: Counter[str] = Counter()
    different = []
    for number, stage in enumerate(list(STAGES) * moments_each):
        output, moment = folder / f"killed-{number}", (stage, rng.randint(1, calls[stage]))
        killed[stage] += not run(output, images, moment)
        again = rng.choice(list(STAGES))
        run(output, images, (again, rng.randint(1, calls[again])))  # often killed a second time
        if not run(output, images, None) or sample_set.contents(output) != whole:
            different.append((moment, again))
    print(json.dumps({"killed": killed, "different": different}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
