"""How long an analysis takes, how it grows, and against what one would otherwise write.

    .venv/bin/python bench/analysis.py            # paper size, growth to 1,000,000 responses, peers
    .venv/bin/python bench/analysis.py --quick    # growth to 320,000 only

Each size runs in a process of its own, which prints its seconds and its peak memory. Growth is measured where the whole
multiverse is linear: beyond 100,000 responses of a task its bootstrap and random effects are left out.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from analysis.config import AnalysisConfig, ContrastConfig
from analysis.data.export import Export
from analysis.estimation.mixed import marginal_difference
from analysis.reading.load import load
from analysis.report.write import analyze
from analysis.results import compute
from analysis.simulation.simulated_study import PAPER_SIZE, simulate_export
from analysis.tasks.class_discrimination.estimates import accuracy_difference
from tests.analysis.exports import write_export

Made = TypeVar("Made")

PAPER_RESPONSES, PAPER_PEOPLE = 4860, 72
A, B = "guided-grad-cam", "guided-backprop"
CONFIG = AnalysisConfig(paper="grad-cam", contrasts=tuple(ContrastConfig(task=d.name, a=A, b=B) for d in PAPER_SIZE))
R_SCRIPT = """
suppressPackageStartupMessages(library(lme4))
d <- read.csv(commandArgs(trailingOnly = TRUE)[1])
started <- proc.time()[["elapsed"]]
fit <- glmer(correct ~ 0 + method + (1 | participant_id) + (1 | participant_id:method) + (1 | image_id) +
             (1 | image_id:method), d, family = binomial)
cat(proc.time()[["elapsed"]] - started, "\\n")
"""


def study(responses: int) -> Export:
    """A simulated study of about `responses` responses; people and images grow alike."""
    factor = max(1, round(responses / PAPER_RESPONSES))
    designs = tuple(replace(d, images=d.images * factor) for d in PAPER_SIZE)
    return simulate_export(np.random.default_rng(1), designs=designs, participants=PAPER_PEOPLE * factor, config=CONFIG)


def timed(action: Callable[[], Made]) -> tuple[float, Made]:
    started = time.perf_counter()
    result = action()
    return time.perf_counter() - started, result


def estimates_of(responses: int) -> None:
    """In a process of its own: simulate, write, read back, estimate; prints JSON."""
    with tempfile.TemporaryDirectory() as folder:
        path = write_export(study(responses), Path(folder, "export"))
        print(json.dumps({"path": str(path), "size": sum(f.stat().st_size for f in path.rglob("*"))}), flush=True)
        child = [sys.executable, __file__, "--read", str(path)]
        print(subprocess.run(child, check=True, capture_output=True, text=True).stdout.strip())


def read_and_estimate(path: Path) -> None:
    """In a fresh process: what a researcher waits for, and the memory it takes."""
    loading, export = timed(lambda: load(path))
    computing, _ = timed(lambda: compute(export))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps({"responses": len(export.trials), "load": loading, "compute": computing, "gib": peak}))


def growth(sizes: list[int]) -> None:
    print("\nGrowth: a finished export read and all tables computed")
    print(f"{'responses':>10} {'read, s':>9} {'compute, s':>11} {'memory, GiB':>12}")
    seen = []
    for size in sizes:
        command = [sys.executable, __file__, "--size", str(size)]
        row = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
        seen.append((row["responses"], row["load"] + row["compute"]))
        print(f"{row['responses']:>10,} {row['load']:>9.2f} {row['compute']:>11.2f} {row['gib']:>12.2f}")
    logs = np.log(np.array(seen))
    print(f"time grows as responses^{np.polyfit(logs[:, 0], logs[:, 1], 1)[0]:.2f} over all sizes,", end=" ")
    print(f"^{np.diff(logs[-2:, 1])[0] / np.diff(logs[-2:, 0])[0]:.2f} between the last two")


def paper_size() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = write_export(study(PAPER_RESPONSES), Path(folder, "export"))
        export = load(path)
        compute(export)  # imports and caches warm, as in a second report
        estimating, _ = timed(lambda: compute(export))
        reporting, _ = timed(lambda: analyze(path, Path(folder, "report")))
    print(f"Paper size, {len(export.trials):,} responses: all tables {estimating:.2f} s, full report {reporting:.2f} s")


def peers() -> None:
    import statsmodels.formula.api as smf
    from statsmodels.genmod import families

    trials = study(PAPER_RESPONSES).trials.query("task == 'seeing'")
    methods = PAPER_SIZE[0].methods
    ours, _ = timed(lambda: accuracy_difference(trials, methods, A, B, 0.95))
    frame = trials.assign(correct=trials["correct"].astype(float))
    dummies, _ = timed(
        lambda: smf.glm(
            "correct ~ C(method) + C(participant_id) + C(image_id)", frame, family=families.Binomial()
        ).fit()
    )
    mixed, _ = timed(lambda: marginal_difference(trials, methods, A, B, 0.95))
    print(f"\nOne comparison on {len(trials):,} responses, in this run")
    print(f"  ours, two-way clustered difference        {1000 * ours:9.1f} ms")
    print(f"  statsmodels GLM, dummies for both         {1000 * dummies:9.1f} ms   ratio {dummies / ours:,.0f}")
    print(f"  ours, maximal random effects (Laplace)    {1000 * mixed:9.1f} ms")
    if shutil.which("Rscript"):
        with tempfile.TemporaryDirectory() as folder:
            trials[["correct", "method", "participant_id", "image_id"]].assign(
                correct=trials["correct"].astype(int)
            ).to_csv(Path(folder, "trials.csv"), index=False)
            command = ["Rscript", "-e", R_SCRIPT, str(Path(folder, "trials.csv"))]
            seconds = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        print(f"  lme4 glmer, the same model                {1000 * seconds:9.1f} ms   ratio {seconds / mixed:,.0f}")
    else:
        print("  lme4: R is not installed (apt-get install r-base-core r-cran-lme4)")


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("--quick", action="store_true")
    options.add_argument("--size", type=int)
    options.add_argument("--read", type=Path)
    asked = options.parse_args()
    if asked.read:
        read_and_estimate(asked.read)
    elif asked.size:
        estimates_of(asked.size)
    else:
        paper_size()
        growth([160_000, 320_000] if asked.quick else [160_000, 320_000, 1_000_000])
        peers()
