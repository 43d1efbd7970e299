"""Run by test_cluster_and_store.py in a process of its own: a study whose set is in S3, made and evaluated on Ray.

One definition, and the commands as they are typed: `generate-stimuli` and `evaluate`, once on this machine and once on
a cluster of two nodes. S3 is served on this machine by moto. During either command on the cluster one node is killed
while both work and a part of the work is stored; a new node takes its place before the next command. Prints one JSON
object: what was stored when nodes died, and whether both buckets and both pages are the same.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "OMP_NUM_THREADS": "1", "RAY_raylet_start_wait_time_s": "300"}

import numpy as np
from moto.server import ThreadedMotoServer
from PIL import Image
from ray.cluster_utils import Cluster

from stimuli.evaluate.run import EVALUATED
from stimuli.produce.parts import UNFINISHED
from stimuli.produce.storage import storage_at
from tests.contracts.small_study import ROOT
from tests.contracts.test_own_networks import DEFINITION, write_study
from tests.stimuli.sample_set import contents

STORE = 80 * 2**20  # bytes of shared memory a node takes; Ray's least is 75 MB
PATIENCE_S = 400
PLACES = ("here", "cluster")  # names of buckets too
OWN = """
import pathlib, sys, time

HERE = pathlib.Path({folder!r})


def brightness(images, targets):
    ray = sys.modules.get("ray")
    if ray and ray.is_initialized():
        (HERE / f"works-{{ray.get_runtime_context().get_node_id()}}").touch()
        time.sleep(0.2)
        while (HERE / "wait").exists():
            time.sleep(0.02)
    return images.mean(1, keepdim=True)
"""
CHANGES = {
    'output = "var/stimuli"': 'output = "s3://${BUCKET}/a/set"\nbatch_size = 1',
    'methods = ["guided-backprop", "guided-grad-cam"]': 'methods = ["guided-grad-cam", "brightness"]',
    "image_size = 32": 'image_size = 32\ncheckpoint = "own.safetensors"',
    "[stimuli]": '[methods.brightness]\nfunction = "slow.py:brightness"\n\n[stimuli]',
}


@dataclass(frozen=True)
class Runs:
    """The study in `folder`, and its commands."""

    folder: Path

    def command(self, bucket: str, *words: str) -> subprocess.Popen[str]:
        command = [sys.executable, "manage.py", *words, "--study", str(self.folder / "study.toml")]
        return subprocess.Popen(command, cwd=ROOT, env=os.environ | {"BUCKET": bucket}, text=True)

    def finish(self, process: subprocess.Popen[str]) -> None:
        if status := process.wait(timeout=PATIENCE_S):
            raise RuntimeError(f"{process.args} ended with {status}")

    def losing_a_node(self, cluster: Cluster, prefix: str, *words: str) -> int:
        """Run a command on the cluster; how many files of the unfinished work were stored when a node died."""
        for mark in self.folder.glob("works-*"):
            mark.unlink()
        running = self.command("cluster", *words, "--launcher", "ray")
        try:
            until(lambda: stored(prefix), running)
            (self.folder / "wait").touch()
            until(lambda: len(list(self.folder.glob("works-*"))) == 2, running)
            before = stored(prefix)
            cluster.remove_node(min(cluster.worker_nodes, key=lambda node: node.node_id), allow_graceful=False)
        finally:
            (self.folder / "wait").unlink(missing_ok=True)
        self.finish(running)
        return before


def until(is_so: Callable[[], object], running: subprocess.Popen[str]) -> None:
    give_up = time.monotonic() + PATIENCE_S
    while not is_so():
        if running.poll() is not None or time.monotonic() > give_up:
            raise RuntimeError("the command ended, or took too long, before both nodes had a task")
        time.sleep(0.2)  # each look is a request to S3, which this process answers, too


def stored(prefix: str) -> int:
    """How many files of unfinished work of the run on the cluster are in S3."""
    return sum(name.startswith(prefix) for name in storage_at("s3://cluster/a/set").names())


def held(bucket: str) -> dict[str, bytes]:
    storage = storage_at(f"s3://{bucket}/a/set")
    return {name: storage.read(name) for name in storage.names()}


def serve_s3() -> ThreadedMotoServer:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    os.environ |= {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "somebody",
        "AWS_SECRET_ACCESS_KEY": "something",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    for bucket in PLACES:
        urllib.request.urlopen(urllib.request.Request(f"http://{host}:{port}/{bucket}", method="PUT")).close()
    return server


def write(folder: Path) -> Runs:
    write_study(folder)
    text = DEFINITION
    for old, new in CHANGES.items():
        assert old in text, old
        text = text.replace(old, new)
    (folder / "study.toml").write_text(text)
    random = np.random.default_rng(1)
    for picture in sorted(folder.glob("pictures/*/*.png")):  # of one colour, all their explanations would be the same
        pixels = np.asarray(Image.open(picture)) + random.integers(-20, 21, (40, 48, 3))
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(picture)
    (folder / "slow.py").write_text(OWN.format(folder=str(folder)))
    return Runs(folder)


def main(folder: Path) -> None:
    runs, server = write(folder), serve_s3()
    try:
        here = runs.command("here", "generate-stimuli")
        with tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp") as session:  # short: sockets have names in it
            os.environ["RAY_TMPDIR"] = session
            head = {"num_cpus": 0, "object_store_memory": STORE, "include_dashboard": False}
            cluster = Cluster(initialize_head=True, head_node_args=head)
            try:
                os.environ["RAY_ADDRESS"] = cluster.address
                stored = on_both(runs, cluster, here)
            finally:
                cluster.shutdown()
        sets, pages = [held(place) for place in PLACES], [contents(folder / f"page-{place}") for place in PLACES]
    finally:
        server.stop()
    same = {"same_set": sets[0] == sets[1], "same_page": pages[0] == pages[1]}
    print(json.dumps({"stored_when_a_node_died": stored, "files": sorted(sets[0])} | same))


def on_both(runs: Runs, cluster: Cluster, here: subprocess.Popen[str]) -> list[int]:
    """Generate and evaluate here, where generating has begun, and on the cluster; what was stored when nodes died."""
    evaluate = {
        place: ("evaluate", "--metrics", "energy", "--out", str(runs.folder / f"page-{place}")) for place in PLACES
    }
    for _ in range(2):
        cluster.add_node(num_cpus=1, object_store_memory=STORE)
    runs.finish(here)
    here = runs.command("here", *evaluate["here"])
    generated = runs.losing_a_node(cluster, UNFINISHED, "generate-stimuli")
    runs.finish(here)
    cluster.add_node(num_cpus=1, object_store_memory=STORE)
    return [generated, runs.losing_a_node(cluster, EVALUATED, *evaluate["cluster"])]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
