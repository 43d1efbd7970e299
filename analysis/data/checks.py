"""Refusals of an export that contradicts itself."""

import pandas as pd

from analysis.data.export import ExportError


def require_unique(frame: pd.DataFrame, table: str, column: str) -> None:
    """Raise ExportError where `column` is empty or holds a value twice."""
    if (missing := frame[column].isna()).any():
        raise ExportError(f"{table}: {column} is empty in row {int(missing.argmax()) + 2}; export again")
    if (repeated := frame[column].duplicated()).any():
        raise ExportError(f"{table}: {column} {frame.loc[repeated, column].iloc[0]} occurs twice; export again")


def require_known(frame: pd.DataFrame, table: str, column: str, allowed: object) -> None:
    """Raise ExportError where `column` holds what is not `allowed`."""
    if (strange := ~frame[column].isin(allowed)).any():
        value = frame.loc[strange, column].iloc[0]
        raise ExportError(f"{table}: {column} {value!r} is not known to this export; export again")


def refuse(wrong: pd.Series, trials: pd.DataFrame, why: str) -> None:
    """Raise ExportError, with the first trial, where any row is `wrong`."""
    if wrong.any():
        raise ExportError(f"trials: {why} (trial_id {trials.loc[wrong, 'trial_id'].iloc[0]}); export again")
