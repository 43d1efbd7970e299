"""A small simulated study, in memory and written out as an export."""

import numpy as np
import pytest

from analysis.config import AnalysisConfig, ContrastConfig
from analysis.simulation.simulated_study import TaskDesign, simulate_export
from tests.analysis.exports import write_export

SMALL = (
    TaskDesign("seeing", "class-discrimination", ("guided-backprop", "guided-grad-cam"), images=8, ratings=3),
    TaskDesign("trusting", "trust", ("guided-backprop", "guided-grad-cam"), images=6, ratings=6),
)
CONFIG = AnalysisConfig(
    contrasts=tuple(ContrastConfig(task=t, a="guided-grad-cam", b="guided-backprop") for t in ("seeing", "trusting")),
    paper="grad-cam",
)


@pytest.fixture
def small():
    """12 participants, 96 class-discrimination and 72 trust responses."""
    return simulate_export(np.random.default_rng(5), designs=SMALL, participants=12, config=CONFIG)


@pytest.fixture
def export_folder(small, tmp_path):
    """The same as a folder on disk."""
    return write_export(small, tmp_path / "export")
