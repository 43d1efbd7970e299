"""The results of one task."""

from dataclasses import dataclass

import pandas as pd

from analysis.data.export import Task


@dataclass(frozen=True)
class TaskResults:
    """One task: how much data there is, and its tables by name.

    Every kind has `biases`, `agreement`, `participants`, `images`, `times` and `balance`, and tables of its own.
    """

    task: Task
    responses: int
    participants: int
    images: int
    tables: dict[str, pd.DataFrame]
