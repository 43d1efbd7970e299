"""A small simulated study, in memory and written out as an export."""

import json
import shutil
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from analysis.config import AnalysisConfig, ContrastConfig
from analysis.report.write import analyze
from analysis.simulation.simulated_study import simulate_export
from analysis.tasks.design import TaskDesign
from tests.analysis.exports import write_export

SMALL = (
    TaskDesign("seeing", "class-discrimination", ("guided-backprop", "guided-grad-cam"), images=8, ratings=3),
    TaskDesign("trusting", "trust", ("guided-backprop", "guided-grad-cam"), images=6, ratings=6),
)
CONFIG = AnalysisConfig(
    contrasts=tuple(ContrastConfig(task=t, a="guided-grad-cam", b="guided-backprop") for t in ("seeing", "trusting")),
    paper="grad-cam",
)


@dataclass(frozen=True)
class Report:
    """What `analyze` wrote; for reading only, because tests share it."""

    folder: Path
    steps: tuple[tuple[int, int], ...] = ()  # what was told of its progress

    @property
    def html(self):
        """All pages, report.html first."""
        return pages_of(self.folder)

    @property
    def results(self):
        return json.loads((self.folder / "results.json").read_text())


def pages_of(folder):
    """The text of all pages of a report: report.html, its supplement, then those of other observers."""
    order = ["report.html", "supplement.html", *sorted(page.name for page in folder.glob("*-*.html"))]
    return "".join((folder / name).read_text() for name in order)


def small_study():
    return simulate_export(np.random.default_rng(5), designs=SMALL, participants=12, config=CONFIG)


@pytest.fixture(scope="session")
def small_made(tmp_path_factory):
    """The small study, in memory and as a folder; tests take copies of both."""
    study = small_study()
    return study, write_export(study, tmp_path_factory.mktemp("small") / "export")


@pytest.fixture
def small(small_made):
    """12 participants, 96 class-discrimination and 72 trust responses."""
    return deepcopy(small_made[0])


@pytest.fixture(scope="session")
def small_report(small_made, once):
    """The small study's report. Its figures take long to draw."""

    def make(folder):
        steps = []
        analyze(small_made[1], folder / "report", lambda done, total: steps.append((done, total)))
        (folder / "steps.json").write_text(json.dumps(steps))

    folder = once("small-report", make)
    steps = json.loads((folder / "steps.json").read_text())
    return Report(folder / "report", tuple(map(tuple, steps)))


@pytest.fixture
def export_folder(small_made, tmp_path):
    """The same as a folder on disk."""
    return shutil.copytree(small_made[1], tmp_path / "export")
