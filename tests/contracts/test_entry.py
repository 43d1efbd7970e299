"""How Discern is started: ./manage.py by any Python, `discern` in the environment, words where there is none."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from contracts.version import VERSION

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
OTHER_PYTHON = os.path.realpath(sys.executable)  # the one that the environment was made with: it has no packages


def run(*command: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120)


def test_manage_py_runs_as_it_is_and_by_a_python_without_packages() -> None:
    for command in (("./manage.py",), (OTHER_PYTHON, "manage.py"), (sys.executable, "manage.py")):
        assert run(*command, "--version").stdout == f"Discern {VERSION}\n", command


def test_discern_is_the_same_from_any_folder(tmp_path: Path) -> None:
    """`make setup` links it into the environment."""
    (tmp_path / "discern").symlink_to(ROOT / "manage.py")
    done = run(tmp_path / "discern", "check", "--help", cwd=tmp_path)
    assert done.stdout.startswith("Usage: discern check"), done.stderr


def test_without_an_environment_it_says_how_to_make_one(tmp_path: Path) -> None:
    shutil.copy(ROOT / "manage.py", tmp_path)
    done = run(OTHER_PYTHON, "manage.py", "check", cwd=tmp_path)
    assert done.returncode == 1
    assert "run `make setup` first" in done.stderr
    assert "Traceback" not in done.stderr
