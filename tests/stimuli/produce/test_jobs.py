"""What launchers ask of each job; a cluster is sent the networks that a job names, and no others."""

import pytest

from stimuli.evaluate.work import Evaluation
from stimuli.produce.shards import Prediction, Shard, Together

WEAK, STRONG = Shard("weak", (), (), (), ()), Shard("strong", (), (), (), ())
JOBS = (
    (Prediction("weak", (), ()), ("weak",)),
    (WEAK, ("weak",)),
    (Together((WEAK, STRONG)), ("weak", "strong")),
    (Evaluation("weak", (), (), (), ()), ("weak",)),
)


@pytest.mark.parametrize(("job", "networks"), JOBS, ids=lambda value: type(value).__name__)
def test_a_job_names_the_networks_that_it_needs(job, networks):
    assert job.networks == networks
