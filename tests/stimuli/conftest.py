"""What importing the generation loads, asked of a Python of its own, once."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def loaded_to_generate(once: Callable[..., Path]) -> frozenset[str]:
    """The modules."""
    code = "import sys, stimuli.produce.generate, stimuli.produce.publishing, stimuli.produce.visualize; print(*sys.modules)"

    def make(folder: Path) -> None:
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True
        )
        (folder / "modules").write_text(done.stdout)

    return frozenset((once("loaded-to-generate", make) / "modules").read_text().split())
