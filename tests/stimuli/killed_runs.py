"""Run by test_generate.py in a process of its own: kill a run at its n-th write, for n = 1, 2, …; then let it finish.

Forks before torch has done any work, so that a killed child costs milliseconds. Prints one JSON object: how many
writes were interrupted, and at which of them the finished set differed.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

from tests.stimuli import sample_set


def run(output: Path, images: tuple, killed_at: int | None) -> bool:
    """Make the set in a child that is killed inside its `killed_at`-th write; whether it lived to the end."""
    child = os.fork()
    if child == 0:
        synchronise, writes = os.fsync, 0

        def fsync(descriptor: int) -> None:
            nonlocal writes
            writes += 1
            if writes == killed_at:
                os.kill(os.getpid(), signal.SIGKILL)
                time.sleep(60)
            synchronise(descriptor)

        os.fsync = fsync
        sample_set.make(output, images)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def main(folder: Path, step: int) -> None:
    images = sample_set.pictures(folder / "pictures")
    if not run(folder / "whole", images, None):
        raise SystemExit("the uninterrupted run failed")
    whole = sample_set.contents(folder / "whole")
    interrupted, different, write = 0, [], 1
    while not run(output := folder / f"killed-{write}", images, write):
        interrupted += 1
        halfway = (output / "stimuli.csv").exists()
        if halfway or not run(output, images, None) or sample_set.contents(output) != whole:
            different.append(write)
        write += step
    print(json.dumps({"interrupted": interrupted, "different": different, "files": len(whole)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
