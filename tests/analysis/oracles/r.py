"""Numbers that R scripts of this folder print, recorded or computed now; R, lme4 and ordinal are Debian's packages."""

import os
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
REMEDY = "R with lme4 and ordinal is not installed (apt-get install r-base-core r-cran-lme4 r-cran-ordinal)"


@lru_cache(maxsize=1)
def is_installed() -> bool:
    """Whether Rscript finds both packages."""
    if shutil.which("Rscript") is None:
        return False
    command = ["Rscript", "-e", "library(lme4); library(ordinal)"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def oracle(script: str, data: str) -> dict[str, float]:
    """What `script` says of `data`, by name. Skips without R; where the environment says CI, that is a failure."""
    if not is_installed():
        if os.environ.get("CI"):
            pytest.fail(REMEDY)
        pytest.skip(REMEDY)
    command = ["Rscript", str(FOLDER / script), str(FOLDER / data)]
    return _numbers(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def recorded(script: str) -> dict[str, float]:
    """What `script` printed when it was last run; test_recorded.py holds it to R."""
    return _numbers((FOLDER / script).with_suffix(".csv").read_text())


def _numbers(printed: str) -> dict[str, float]:
    pairs = (line.strip().rpartition(",") for line in printed.splitlines())
    return {name: float(value) for name, _, value in pairs}
