"""Reading, computing and writing overlap, within bounds, and give what doing one after another would give."""

import random
import threading
import time

import pytest

from stimuli.produce.pipeline import overlapped

THREADS = 3


def nothing(_item):
    pass


class InFlight:
    """Items that are read but not yet written; the greatest number there ever was."""

    def __init__(self):
        self.now = self.most = 0
        self._lock = threading.Lock()

    def changed(self, by):
        with self._lock:
            self.now += by
            self.most = max(self.most, self.now)


@pytest.mark.parametrize("seed", range(4))
def test_the_outcome_and_its_order_do_not_depend_on_timing(seed):
    rng = random.Random(seed)
    waits = {(stage, item): rng.random() / 300 for stage in "rcw" for item in range(40)}
    told = []

    def read(item):
        time.sleep(waits["r", item])
        return item * 10

    def compute(item, ready):
        time.sleep(waits["c", item])
        return ready + 1

    def write(item, made):
        time.sleep(waits["w", item])
        return item, made

    written = overlapped(range(40), read, compute, write, told.append, THREADS)
    assert written == [(item, item * 10 + 1) for item in range(40)]
    assert told == list(range(40))


@pytest.mark.parametrize("slow", ["read", "compute", "write"])
def test_what_is_in_memory_does_not_grow_with_the_number_of_items(slow):
    in_flight = InFlight()

    def stage(name, change=0):
        def work(item, *_):
            in_flight.changed(change)
            if name == slow:
                time.sleep(0.0005)

        return work

    overlapped(range(1000), stage("read", 1), stage("compute"), stage("write", -1), nothing, THREADS)
    assert in_flight.now == 0
    assert in_flight.most <= 2 * THREADS + 1


def test_the_stages_run_at_the_same_time():
    """The first item is written while the second is computed and the third is read: each waits for the others."""
    meeting = threading.Barrier(3)

    def meet_at(place):
        def work(item, *_):
            if item == place:
                meeting.wait(30)

        return work

    overlapped(range(20), meet_at(2), meet_at(1), meet_at(0), nothing, THREADS)
    assert not meeting.broken


@pytest.mark.parametrize("stage", ["read", "compute", "write", "tell"])
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_failure_in_any_stage_ends_all_threads_and_loses_nothing_that_was_computed(stage, error):
    computed, written = [], []

    def failing(name, result=None):
        def work(item, *_):
            if name == stage and item == 7:
                raise error("broken")
            if result is not None:
                result.append(item)

        return work

    stages = failing("read"), failing("compute", computed), failing("write", written), failing("tell")
    with pytest.raises(error, match="broken") as raised:
        overlapped(range(1000), *stages, THREADS)
    assert sorted(written) == [item for item in computed if (stage, item) != ("write", 7)]
    assert len(computed) <= 7 + 2 * THREADS
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("stimuli-")]
    if error is ValueError and stage != "tell":
        assert raised.value.__notes__ == ["in 7"]


def test_nothing_to_do_is_done_at_once():
    assert overlapped([], nothing, nothing, nothing, nothing, THREADS) == []
