"""From one definition to a set in S3 and its evaluation, on a Ray cluster that loses a node during each command."""

import json
import time

import pytest

from contracts.metrics import FACTS, METRICS
from contracts.stimulus_set import PROVENANCE, TABLE
from tests.stimuli.produce.test_on_ray import no_other_cluster, python, started_under

__all__ = ["no_other_cluster"]


@pytest.mark.ray
@pytest.mark.usefixtures("no_other_cluster")
def test_the_commands_on_a_cluster_that_loses_nodes_leave_in_s3_what_one_machine_leaves(tmp_path):
    mark = f"started-for-{tmp_path}"
    done = python("-m", "tests.contracts.cluster_and_store", str(tmp_path), STARTED_BY=mark)
    assert done.returncode == 0, done.stderr[-3000:]
    outcome = json.loads(done.stdout.splitlines()[-1])
    assert min(outcome["stored_when_a_node_died"]) >= 1, "in the middle of each command"
    assert {TABLE, PROVENANCE, METRICS, FACTS} < set(outcome["files"])
    assert sum(name.endswith(".png") for name in outcome["files"]) == 8
    assert outcome["same_set"]
    assert outcome["same_page"]
    deadline = time.monotonic() + 30
    while (left := started_under(mark)) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not left
