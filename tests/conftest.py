"""What holds for all tests: where the environment says CI, a skipped test is a failed one."""

import os
from collections.abc import Generator

import pytest

NEEDS = {"browser": "browser", "postgresql_server": "postgres"}  # fixture → marker


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
    """Mark tests with what their fixtures need, then deselect those of a GPU where there is none."""
    for item in items:
        for marker in {NEEDS[name] for name in item.fixturenames if name in NEEDS}:
            item.add_marker(marker)
    _without_gpu(config, items)


def _without_gpu(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the tests of a GPU where torch sees none: they cannot be met by any installation."""
    of_a_gpu = [item for item in items if item.get_closest_marker("gpu")]
    if not of_a_gpu:
        return
    import torch

    if not torch.cuda.is_available():
        config.hook.pytest_deselected(items=of_a_gpu)
        items[:] = [item for item in items if item not in of_a_gpu]
