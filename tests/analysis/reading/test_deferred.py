"""What a stimulus set counted of labels that nobody was asked about comes to the task; what is not whole does not."""

import pytest

from analysis.reading.load import _task, _with_deferred
from contracts.stimulus_set import DEFERRED

SECTION = {"name": "t", "kind": "ai-check", "methods": ["grad-cam"], "networks": ["n"], "deferral": 0.9}


def test_the_counts_of_its_own_selection():
    counts = dict(zip(DEFERRED, (5, 4, 3, 2), strict=True))
    task = _with_deferred(_task(SECTION), {"selection": {"t": {"deferral": counts}, "u": {}}})
    assert (task.deferral, task.deferred) == (0.9, counts)
    assert _task(SECTION | {"deferral": None}).deferral is None


@pytest.mark.parametrize("told", [{}, {"selection": {"t": {"deferral": {"right_asked": 4}}}}, {"selection": {"t": {}}}])
def test_counts_that_are_not_whole_are_none(told):
    assert _with_deferred(_task(SECTION), told).deferred == {}
