"""What holds for all tests: skips, markers, and what is made once or left out because it takes long."""

import atexit
import fcntl
import gc
import os
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator
from itertools import chain, islice
from pathlib import Path

import pytest

from tests.drawing import drawn_only

LONGEST = ("calibration", "ray")  # markers of tests that take minutes
LONG = (*LONGEST, "browser", "postgres", "r", "slow")  # a fifth of all tests, with four fifths of their time
NEEDS = {"browser": "browser", "browser_program": "browser", "postgresql_server": "postgres"}  # fixture → marker


MEMORY = Path("/dev/shm")
ROOM = 4 << 30  # bytes; three processes had left 0.5 GiB after 2,675 tests


def keep_temporary_files_in_memory() -> None:
    """Where Linux has room for them there: else tests wait for the disk a third of their time, SQLite's above all."""
    if "TMPDIR" not in os.environ and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= ROOM:
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None  # what was found before


keep_temporary_files_in_memory()
gc.disable()  # while packages and tests are loaded; each collection would go through all that is there already


def pytest_collection_finish() -> None:
    """From here on collections go through what tests make, not through packages: a tenth of the time of all tests."""
    gc.collect()
    gc.freeze()
    atexit.register(gc.unfreeze)  # else C++ extensions report at exit that their objects leak
    gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure with its reason; `.ci/run` installs all that tests can ask for.

    But for the development photographs, which are no part of the repository and cannot be installed.
    """
    report = yield
    if report.skipped and os.environ.get("CI") and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if "DISCERN_SHARED" not in reason:
            report.outcome, report.longrepr = "failed", f"{item.nodeid}: {reason}; CI allows no skip"
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark tests with what their fixtures need, deselect those of a GPU where there is none, and order the others.

    Long ones come first: a process that began one last would work on it while the others have nothing left to do.
    """
    for item in items:
        for marker in {NEEDS[name] for name in item.fixturenames if name in NEEDS}:
            item.add_marker(marker)
    _without_gpu(config, items)
    items.sort(key=lambda item: not any(map(item.get_closest_marker, LONGEST)))
    items[:] = _dealt(items, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


def _is_long(item: pytest.Item) -> bool:
    return any(map(item.get_closest_marker, LONG))


def _dealt(items: list[pytest.Item], processes: int) -> list[pytest.Item]:
    """As many parts of one size as there are processes: xdist gives each process one of them.

    A part begins with its share of the long tests, whole files, so that what a file prepares is made in one process.
    Processes that have finished take over the ends of the others' parts, which are quick tests.
    """
    long: defaultdict[Path | str, list[pytest.Item]] = defaultdict(list)
    for item in filter(_is_long, items):
        long["ray" if item.get_closest_marker("ray") else item.path].append(item)  # only one cluster runs at a time
    quick = iter([item for item in items if not _is_long(item)])
    dealt: list[pytest.Item] = []
    for process in range(processes):
        part = list(chain.from_iterable(list(long.values())[process::processes]))
        size = (len(items) - len(dealt)) // (processes - process)
        dealt += [*part, *islice(quick, max(size - len(part), 0))]
    dealt += quick
    assert len(dealt) == len(items), "a test would be left out"
    return dealt


def _without_gpu(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the tests of a GPU where torch sees none: they cannot be met by any installation."""
    of_a_gpu = [item for item in items if item.get_closest_marker("gpu")]
    if not of_a_gpu:
        return
    import torch

    if not torch.cuda.is_available():
        config.hook.pytest_deselected(items=of_a_gpu)
        items[:] = [item for item in items if item not in of_a_gpu]


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], None]], Path]:
    """`once(name, make)`: a folder that `make` has filled, in one of the processes that share the tests; for reading."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own

    def once(name: str, make: Callable[[Path], None]) -> Path:
        folder, done = shared / f"once-{name}", shared / f"once-{name}.done"
        with open(shared / f"once-{name}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                folder.mkdir()
                make(folder)
                done.touch()
        return folder

    return once


@pytest.fixture
def undrawn() -> Iterator[None]:
    """For tests of what a report says: its figures are not drawn."""
    with drawn_only():
        yield


@pytest.fixture
def vector_only() -> Iterator[None]:
    """Figures are drawn once, as SVG; every part of them is drawn then."""
    with drawn_only("as_svg"):
        yield


@pytest.fixture(scope="session")
def remembered() -> Iterator[None]:
    """What many applications would compile anew is compiled once in each process."""
    from tests.remembering import remembered

    with remembered():
        yield
