"""Run by test_on_ray.py in a process of its own: make the sample set on a cluster of two nodes, one of which dies.

One of the methods is a function in a file of the researcher's own.

The machine that starts the run has no share in the work. When the first picture is told, networks begin to wait; when
both nodes have a task that waits, one node is killed and the other goes on. Prints one JSON object: how much was done
when the node died, how much there was to do, whether the set is that of the local run, what an error on a node
looks like from here, and whether `evaluate` finds on the node that is left what it finds here.
"""

import json
import os
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from threading import Thread

os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "OMP_NUM_THREADS": "1", "RAY_raylet_start_wait_time_s": "300"}

import ray
from ray.cluster_utils import Cluster
from torch import Tensor, nn

from models.errors import PhotographError
from models.photographs import Photograph
from stimuli.config import StimuliConfig
from stimuli.evaluate.run import Asked, evaluate
from stimuli.evaluate.work import Row
from stimuli.evaluate_config import EvaluateConfig
from stimuli.method_config import MethodConfig
from stimuli.produce.launchers import local, on_ray
from stimuli.produce.launchers.launcher import Launch
from stimuli.produce.storage import storage_at
from tests.stimuli import sample_set

STORE = 80 * 2**20  # bytes of shared memory a node takes; Ray's least is 75 MB
OWN = """
def brightness(images, targets):
    return images.mean(1, keepdim=True)
"""


class Waiting(nn.Module):
    """A network that waits while `folder/wait` exists, and tells so by a file named by its node."""

    def __init__(self, network: nn.Module, folder: Path) -> None:
        super().__init__()
        self.network, self.folder = network, folder

    def forward(self, images: Tensor) -> Tensor:
        while (self.folder / "wait").exists():
            (self.folder / f"waiting-{ray.get_runtime_context().get_node_id()}").touch()
            time.sleep(0.02)
        return self.network(images)


def main(folder: Path) -> None:
    images = images_here = sample_set.pictures(folder / "pictures")
    networks = {
        name: replace(network, module=Waiting(network.module, folder).eval(), target_layer="network.3")
        for name, network in sample_set.loaded_networks().items()
    }

    (folder / "own.py").write_text(OWN)  # a method of the researcher's own, in a file that the nodes see too
    seeing, trusting = sample_set.REQUESTS
    asked = {
        "requests": (replace(seeing, methods=(*seeing.methods, "brightness")), trusting),
        "methods": {"brightness": MethodConfig(function=f"{folder / 'own.py'}:brightness")},
    }

    def make(place: str, **changes) -> Path:
        config = StimuliConfig(output=folder / place, device="cpu", batch_size=1, seed=1)
        return sample_set.make(config.output, images, config=config, networks=networks, **asked, **changes)

    expected = sample_set.contents(make("local"))
    with tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp") as session:  # short: sockets have names in it
        os.environ["RAY_TMPDIR"] = session
        head = {"num_cpus": 0, "object_store_memory": STORE, "include_dashboard": False}
        cluster = Cluster(initialize_head=True, head_node_args=head)
        try:
            nodes = [cluster.add_node(num_cpus=1, object_store_memory=STORE) for _ in range(2)]
            os.environ["RAY_ADDRESS"] = cluster.address
            died_at: list[tuple[int, int]] = []
            died: list[object] = []

            def take_one_away() -> None:
                try:
                    until_both_wait(folder)
                    cluster.remove_node(nodes[0], allow_graceful=False)
                    died.append(nodes[0])
                finally:
                    (folder / "wait").unlink()

            def progress(done: int, total: int) -> None:
                if not died_at and done > 2 * len(images):
                    died_at.append((done, total))
                    (folder / "wait").touch()
                    killer.start()

            killer = Thread(target=take_one_away)
            same = sample_set.contents(make("on-ray", launch=on_ray.launch, progress=progress)) == expected
            killer.join()
            evaluated = measured(folder / "evaluated", images, on_ray.launch)
            images = tuple(replace(image, path=folder / "missing.png") for image in images)
            try:
                make("broken", launch=on_ray.launch)
            except PhotographError as error:
                message = str(error)
            print(
                json.dumps(
                    {
                        "died": len(died),
                        "died_at": died_at,
                        "same": same,
                        "files": len(expected),
                        "error": message,
                        "evaluated": len(evaluated),
                        "same_evaluated": evaluated == measured(folder / "evaluated-here", images_here, local.launch),
                    }
                )
            )
        finally:
            cluster.shutdown()


def measured(output: Path, images: tuple[Photograph, ...], launch: Launch) -> list[tuple[str, Row]]:
    """What `evaluate` finds of one metric."""
    networks = {"strong": sample_set.loaded_networks()["strong"]}
    methods = {"strong": ("grad-cam", "guided-backprop")}
    asked = Asked(images, sample_set.CATEGORIES, networks, methods, {}, ("energy",), {"root": "here"})
    config = StimuliConfig(output=output, device="cpu", batch_size=4)
    found = evaluate(config, EvaluateConfig(), asked, storage_at(output), launch, lambda *_: None)
    return list(found.rows("energy"))


def until_both_wait(folder: Path, seconds: float = 400) -> None:
    give_up = time.monotonic() + seconds
    while len(list(folder.glob("waiting-*"))) < 2:
        if time.monotonic() > give_up:
            raise TimeoutError("the two nodes never had a task each")
        time.sleep(0.05)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
