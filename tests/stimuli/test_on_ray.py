"""On a Ray cluster the set is the same, also when a node dies; Ray is loaded only when it is asked for."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def python(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, timeout=300)


def processes_of_ray() -> set[str]:
    found = set()
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = command.read_bytes()
        except OSError:
            continue  # it has ended
        if b"raylet" in words or b"gcs_server" in words or words.startswith(b"ray::"):
            found.add(command.parent.name)
    return found


@pytest.mark.slow
def test_a_node_that_dies_midway_changes_nothing_in_the_set(tmp_path):
    before = processes_of_ray()
    done = python("-m", "tests.stimuli.two_nodes", str(tmp_path))
    assert done.returncode == 0, done.stderr[-3000:]
    outcome = json.loads(done.stdout.splitlines()[-1])
    ((died_at, total),) = outcome["died_at"]
    assert outcome["died"] == 1
    assert died_at < total
    assert outcome["same"]
    assert outcome["files"] > 20
    assert outcome["error"].startswith(f"picture {tmp_path}/missing.png is missing")
    assert processes_of_ray() <= before


@pytest.mark.parametrize("address", ["127.0.0.1:9", "auto"])
def test_without_a_cluster_the_message_says_how_to_start_one(tmp_path, address):
    code = "from stimuli.launchers.on_ray import launch; launch(None, {}).__enter__()"
    done = python("-c", code, RAY_ADDRESS=address, RAY_TMPDIR=str(tmp_path))
    assert f"LauncherError: no Ray cluster can be reached at {address!r}" in done.stderr
    assert "start one with `ray start --head`" in done.stderr


def test_without_the_package_the_message_names_the_command_that_installs_it():
    code = "import sys; sys.modules['ray'] = None; from stimuli.launchers.launcher import launch_on; launch_on('ray')"
    done = python("-c", code)
    assert "LauncherError: --launcher ray needs a package that is not installed (ray)" in done.stderr
    assert "pip install -r requirements-ray.txt" in done.stderr


def test_ray_and_s3fs_are_not_loaded_unless_they_are_asked_for():
    code = "import sys, stimuli.generate, stimuli.publishing; print({'ray', 's3fs', 'boto3'} & set(sys.modules))"
    assert python("-c", code).stdout.strip() == "set()"
