"""Run by test_on_ray.py in a process of its own: make the sample set on a cluster of two nodes, one of which dies.

The machine that starts the run has no share in the work. Prints one JSON object: how much was done when the node died,
how much there was to do, whether the set is that of the local run, and what an error on a node looks like from here.
"""

import json
import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "OMP_NUM_THREADS": "1"}

from ray.cluster_utils import Cluster

from models.voc import VocError
from stimuli.launchers import on_ray
from tests.stimuli import sample_set

STORE = 80 * 2**20  # bytes of shared memory a node takes; Ray's least is 75 MB


def main(folder: Path) -> None:
    images = sample_set.pictures(folder / "pictures")
    expected = sample_set.contents(sample_set.make(folder / "local", images))
    with tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp") as session:  # short: sockets have names in it
        os.environ["RAY_TMPDIR"] = session
        head = {"num_cpus": 0, "object_store_memory": STORE, "include_dashboard": False}
        cluster = Cluster(initialize_head=True, head_node_args=head)
        try:
            nodes = [cluster.add_node(num_cpus=1, object_store_memory=STORE) for _ in range(2)]
            os.environ["RAY_ADDRESS"] = cluster.address
            died_at: list[tuple[int, int]] = []

            def progress(done: int, total: int) -> None:
                if not died_at and done > 2 * len(images):
                    cluster.remove_node(nodes[0], allow_graceful=False)
                    died_at.append((done, total))

            made = sample_set.make(folder / "on-ray", images, launch=on_ray.launch, progress=progress)
            broken = [replace(image, path=folder / "missing.png") for image in images]
            try:
                sample_set.make(folder / "broken", tuple(broken), launch=on_ray.launch)
            except VocError as error:
                message = str(error)
            same = sample_set.contents(made) == expected
            print(json.dumps({"died_at": died_at, "same": same, "files": len(expected), "error": message}))
        finally:
            cluster.shutdown()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
