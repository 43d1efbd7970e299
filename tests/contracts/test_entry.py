"""How Discern is started: ./manage.py by any Python, `discern` in the environment, words where there is none."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from commands.errors import NETWORKS
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


def test_an_installation_has_every_package_and_the_command() -> None:
    told = tomllib.loads((ROOT / "pyproject.toml").read_text())
    files = [told["tool"]["setuptools"]["dynamic"]["dependencies"]["file"]]
    files += [extra["file"] for extra in told["tool"]["setuptools"]["dynamic"]["optional-dependencies"].values()]
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} | {"migrations"}
    assert set(told["tool"]["setuptools"]["packages"]) == packages - {"bench", "tests"}
    assert told["project"]["scripts"] == {"discern": "manage:cli"}
    assert all((ROOT / name).is_file() for names in files for name in names)
    extras = told["tool"]["setuptools"]["dynamic"]["optional-dependencies"]
    everything = extras.pop("all")["file"]
    assert sorted(everything) == sorted(name for extra in extras.values() for name in extra["file"])


def test_a_host_without_networks_installs_none_of_their_packages() -> None:
    listed = {
        name: {
            line.split("==")[0] for line in (ROOT / f"requirements{name}.txt").read_text().splitlines() if "==" in line
        }
        for name in ("-survey", "-stimuli")
    }
    assert listed["-stimuli"] == NETWORKS
    assert not listed["-survey"] & NETWORKS
    assert "-r requirements-survey.txt\n-r requirements-stimuli.txt\n" in (ROOT / "requirements.txt").read_text()


def test_the_line_that_installs_torch_for_processors_has_the_versions_that_are_asked_for() -> None:
    pins = re.findall(r"^(torch(?:vision)?==\S+)$", (ROOT / "requirements-stimuli.txt").read_text(), re.MULTILINE)
    assert len(pins) == 2
    assert f"pip install {' '.join(pins)} --index-url" in (ROOT / "docs/how-to/serve.md").read_text()
