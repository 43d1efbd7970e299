"""A small simulated study, in memory and written out as an export."""

import json
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


@pytest.fixture
def small():
    """12 participants, 96 class-discrimination and 72 trust responses."""
    return small_study()


@pytest.fixture(scope="session")
def small_report(tmp_path_factory):
    """The small study's report."""
    folder, steps = tmp_path_factory.mktemp("small"), []
    export = write_export(small_study(), folder / "export")
    page = analyze(export, folder / "report", lambda done, total: steps.append((done, total)))
    return Report(page.parent, tuple(steps))


@pytest.fixture
def export_folder(small, tmp_path):
    """The same as a folder on disk."""
    return write_export(small, tmp_path / "export")
