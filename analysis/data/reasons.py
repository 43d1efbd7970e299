"""What people wrote when they were asked why: quoted, never analysed."""

import pandas as pd

from analysis.data.export import Export
from contracts.tasks import REASON


def reasons(export: Export, trials: pd.DataFrame) -> pd.DataFrame:
    """The reasons that people gave in these trials, with what they had answered: a row for each that is not empty."""
    given = export.answers[export.answers["question"] == REASON].dropna(subset="response")
    texts = given.rename(columns={"response": "reason"})[["trial_id", "reason"]]
    told = trials[["trial_id", "task", "participant_id", "image_id", "category", "method", "response"]]
    return told.merge(texts, on="trial_id").drop(columns="trial_id").sort_values(["task", "method", "image_id"])
