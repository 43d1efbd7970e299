"""Freed memory is used again. Oracle: the page faults that the system counts for a process of its own."""

import json
import platform
import subprocess
import sys

import pytest

STEPS = """
import resource, torch
from stimuli.explain.heap import top_of_the_heap
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def step():
    before = faults()
    maps = [torch.ones(2**20) for _ in range(30)]  # 4 MiB each
    del maps
    return faults() - before
kept = top_of_the_heap(torch.device("cpu"))
print([step() for _ in range(20)])
"""
PAGES = 30 * 1024  # of 4 KiB in a step's 120 MiB


@pytest.mark.slow
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other allocators keep memory by rules of their own")
def test_a_step_uses_the_pages_of_earlier_ones():
    """A second step may still take free pages that the first left alone, if its blocks lie elsewhere; then none are left."""
    done = subprocess.run([sys.executable, "-c", STEPS], capture_output=True, text=True, check=True)
    fresh = json.loads(done.stdout)
    assert sum(fresh) < len(fresh) * PAGES / 5, fresh
