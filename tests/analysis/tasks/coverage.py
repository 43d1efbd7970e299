"""How often a kind's intervals hold their truth: within bounds, and as docs/explanation/statistics.md tells."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[3] / "docs" / "explanation" / "statistics.md"
ROW = re.compile(r"^\| `([a-z-]+)` \| (.+?) \| .+? \| [\d,]+ \| ([\d.]+) \|$", re.MULTILINE)
BOUNDS = (0.935, 0.965)
APART = 0.3  # points by which another version of numpy may move a share


def told(kind: str) -> dict[str, float]:
    """Interval → its coverage in per cent, in the page's table of the kinds of task."""
    return {name: float(share) for of, name, share in ROW.findall(PAGE.read_text(encoding="utf-8")) if of == kind}


def as_told(kind: str, coverage: Mapping[str, float], **bounds: tuple[float, float]) -> None:
    """Assert that each share is within `bounds` of its name, else BOUNDS, and that the page has all of them."""
    wrong = {name: share for name, share in coverage.items() if not _within(share, bounds.get(name, BOUNDS))}
    assert wrong == {}, coverage
    measured = {name: round(100 * share, 1) for name, share in coverage.items()}
    assert told(kind) == pytest.approx(measured, abs=APART), f"{PAGE.name} has other numbers: {measured}"


def _within(share: float, bounds: tuple[float, float]) -> bool:
    return bounds[0] <= share <= bounds[1]
