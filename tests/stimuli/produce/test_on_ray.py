"""On a Ray cluster the set is the same, also when a node dies; Ray is loaded only when it is asked for."""

import fcntl
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from stimuli.errors import LauncherError
from stimuli.produce import launchers
from stimuli.produce.launchers.launcher import launch_on

ROOT = Path(__file__).parents[3]
PATIENCE_S = 900
REACH_NONE = """
import os, sys
from stimuli.errors import LauncherError
from stimuli.produce.launchers.on_ray import launch
for os.environ["RAY_ADDRESS"] in sys.argv[1:]:
    try:
        launch(None, {}).__enter__()
    except LauncherError as error:
        print("LauncherError:", *str(error).splitlines())
"""


@pytest.fixture
def no_other_cluster() -> Iterator[None]:
    """Ray's address "auto" finds any cluster of this machine, that of a test beside this one too: one at a time."""
    with open(Path(tempfile.gettempdir(), "discern-ray-tests.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def python(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command, environment = [sys.executable, *arguments], os.environ | environment
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=PATIENCE_S)


def started_under(mark: str) -> set[str]:
    """The processes that live and have `mark` in their environment, however far down they were started."""
    found = set()
    for environment in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark.encode() in environment.read_bytes():
                found.add(environment.parent.name)
        except OSError:
            continue  # it has ended, or is somebody else's
    return found


@pytest.mark.ray
@pytest.mark.usefixtures("no_other_cluster")
def test_a_node_that_dies_midway_changes_nothing_in_the_set(tmp_path):
    mark = uuid4().hex
    done = python("-m", "tests.stimuli.produce.two_nodes", str(tmp_path), STARTED_BY=mark)
    assert done.returncode == 0, done.stderr[-3000:]
    outcome = json.loads(done.stdout.splitlines()[-1])
    ((died_at, total),) = outcome["died_at"]
    assert outcome["died"] == 1
    assert died_at < total
    assert outcome["same"]
    assert outcome["files"] > 20
    assert outcome["evaluated"] > 20
    assert outcome["same_evaluated"]
    assert outcome["error"].startswith(f"picture {tmp_path}/missing.png is missing")
    deadline = time.monotonic() + 30
    while (left := started_under(mark)) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not left


@pytest.mark.ray
@pytest.mark.usefixtures("no_other_cluster")
def test_without_a_cluster_the_message_says_how_to_start_one(tmp_path):
    addresses = ["127.0.0.1:9", "auto"]
    done = python("-c", REACH_NONE, *addresses, RAY_TMPDIR=str(tmp_path))
    assert done.returncode == 0, done.stderr
    words = [f"no Ray cluster can be reached at {address!r}" for address in addresses]
    for line, told in zip(done.stdout.splitlines()[-2:], words, strict=True):
        assert line.startswith(f"LauncherError: {told}")
        assert "start one with `ray start --head`" in line


def test_without_the_package_the_message_names_the_command_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.delitem(sys.modules, "stimuli.produce.launchers.on_ray", raising=False)
    monkeypatch.delattr(launchers, "on_ray", raising=False)
    words = r"--launcher ray needs a package that is not installed \(ray\).*pip install -r requirements-ray\.txt"
    with pytest.raises(LauncherError, match=words):
        launch_on("ray")


def test_ray_and_s3fs_are_not_loaded_unless_they_are_asked_for(loaded_by_stimuli):
    assert not {"ray", "s3fs", "boto3"} & loaded_by_stimuli
