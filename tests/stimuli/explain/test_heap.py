"""Freed memory is used again. Oracle: the page faults that the system counts for a process of its own."""

import platform
import subprocess
import sys

import pytest

STEPS = """
import resource, torch
from stimuli.explain.heap import top_of_the_heap
def step():
    maps = [torch.ones(2**20) for _ in range(30)]  # 4 MiB each
def second_step():
    step()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    step()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
second_step()
kept = top_of_the_heap(torch.device("cpu"))
second_step()
"""


@pytest.mark.slow
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other allocators keep memory by rules of their own")
def test_a_second_step_needs_no_fresh_pages():
    """Each step writes 120 MiB, 30,720 pages of 4 KiB."""
    done = subprocess.run([sys.executable, "-c", STEPS], capture_output=True, text=True, check=True)
    given_back, kept = map(int, done.stdout.split())
    assert kept < given_back / 5
