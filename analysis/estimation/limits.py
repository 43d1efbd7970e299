"""From how many responses on an analysis is left out because it would take minutes."""

from collections.abc import Sized

from analysis.estimation.estimates import Estimate, no_estimate
from analysis.notes import Note

MOST_RESPONSES = 100_000  # of a task
TOO_MANY = Note("Not computed: more than 100,000 responses.")


def too_many(rows: Sized) -> Estimate | None:
    """What replaces a simulation-based or model-based estimate of too many `rows`; None: compute it."""
    return no_estimate(TOO_MANY) if len(rows) > MOST_RESPONSES else None
