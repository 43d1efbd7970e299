"""What importing the generation loads, asked of a Python of its own, once."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def loaded_by_stimuli(once: Callable[..., Path]) -> frozenset[str]:
    """The modules that making a stimulus set and evaluating one load."""
    code = "import sys, stimuli.produce.generate, stimuli.produce.publishing, stimuli.produce.visualize, stimuli.evaluate.run; print(*sys.modules)"

    def make(folder: Path) -> None:
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True
        )
        (folder / "modules").write_text(done.stdout)

    return frozenset((once("loaded-by-stimuli", make) / "modules").read_text().split())
