"""The memory that making a stimulus set takes, for sets of several sizes; what 100,000 pictures take, extrapolated.

    python bench/memory.py --pictures 1000 4000 10000

Each set is made in a process of its own: photographs in, PNG files and the table out, with five methods, two categories
per photograph and a small network with random weights. Told is the most memory that the process held, and a straight
line through the last two sizes. A real network and larger pictures need more, but the same for each size. Exit status 1
where 100,000 pictures would take more than 1.5 times the memory of the smallest set.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

FILES = 50  # photographs' files; each serves several photographs
METHODS = ("deconvolution", "guided-backprop", "grad-cam", "deconvolution-grad-cam", "guided-grad-cam")
EACH = 2 * len(METHODS)  # pictures of a photograph
WANTED, MOST = 100_000, 1.5


def make(pictures: int, folder: Path) -> float:
    """Make a set of this size; the most memory that this process held, in MB."""
    import numpy as np
    import torch
    from PIL import Image

    from models.catalogue import LoadedNetwork, Transform
    from models.photographs import AnnotatedObject, Photograph
    from stimuli.config import StimuliConfig, StimulusRequest
    from stimuli.produce.generate import generate
    from tests.stimuli.networks import gap_like

    torch.set_num_threads(1)
    random = np.random.default_rng(1)
    for number in range(FILES):
        pixels = random.integers(0, 256, (60, 80, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    objects = tuple(AnnotatedObject(name, (1, 1, 5, 5), False) for name in ("cat", "dog"))
    count = pictures // EACH
    photographs = [Photograph(f"p{n:06}", folder / f"{n % FILES}.png", 80, 60, objects) for n in range(count)]
    categories = ("cat", "cow", "dog", "horse", "sheep")
    transform = Transform(64, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
    module = gap_like().float().requires_grad_(False)
    network = LoadedNetwork("strong", "gap-like", module, transform, categories, "3", "a" * 64, 0.5)
    request = StimulusRequest("seeing", "class-discrimination", count, METHODS, ("strong",))
    config = StimuliConfig(output=folder / "set", device="cpu", batch_size=8, seed=1)
    generate(config, [request], photographs, {"strong": network}, categories, "benchmark")
    assert len(list((folder / "set" / "images").rglob("*.png"))) > 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def in_own_process(pictures: int) -> float:
    """`make`, where nothing of another set is in memory."""
    with tempfile.TemporaryDirectory(prefix="discern-memory-") as folder:
        command = [sys.executable, __file__, "--make", str(pictures), "--folder", folder]
        return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, nargs="+", default=[1000, 4000, 10000], help=f"multiples of {EACH}")
    parser.add_argument("--make", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.make:
        print(make(given.make, given.folder))
        return 0
    if len(given.pictures) < 2:
        parser.error("--pictures needs two sizes, from which the memory of more can be extrapolated")
    sizes = sorted(given.pictures)
    taken = []
    for pictures in sizes:
        taken.append(in_own_process(pictures))
        print(f"{pictures:,} pictures: {taken[-1]:.0f} MB", flush=True)
    slope = (taken[-1] - taken[-2]) / (sizes[-1] - sizes[-2])
    expected = taken[-1] + slope * (WANTED - sizes[-1])
    print(f"{1024 * slope:.2f} kB per picture; {WANTED:,} pictures, extrapolated: {expected:.0f} MB")
    return 1 if expected > MOST * taken[0] else 0


if __name__ == "__main__":
    sys.exit(main())
