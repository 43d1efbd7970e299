"""What tests of fitted models share: the data that R fits too, slopes by differences, and people in conditions."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tests.analysis.oracles.r import FOLDER


def frame(file: str) -> pd.DataFrame:
    """600 answers of 24 participants to 18 images by the methods a, b and c: `binary.csv` or `ordinal.csv`."""
    data = pd.read_csv(FOLDER / file)
    return data.rename(columns={"participant": "participant_id", "image": "image_id"})


def slope_of(function, at: np.ndarray) -> np.ndarray:
    """Central differences in each of the arguments `at`; the function may give arrays."""
    steps = 1e-5 * np.eye(len(at))
    return np.array([(function(at + step) - function(at - step)) / 2e-5 for step in steps])


def in_conditions(answers: pd.DataFrame) -> pd.DataFrame:
    """`answers` of three conditions, in order of appearance b, none told, a; in a one person gave most of the answers."""
    condition = answers["participant_id"].map(lambda p: "b" if p < 9 else "a" if p > 18 else None)
    few = (condition == "a") & (answers["participant_id"] > 19) & (answers.groupby("participant_id").cumcount() > 4)
    return answers.assign(condition=condition)[~few].sort_values("participant_id").reset_index(drop=True)


@dataclass(frozen=True)
class BetweenPeople:
    """The three one-way variances of a mean, the first summed over conditions, and its degrees of freedom."""

    variances: tuple[float, float, float]
    people_df: float
    equal_df: float  # were the answers spread equally over people


def between_people(trials: pd.DataFrame, influence: pd.Series) -> BetweenPeople:
    """Each condition's sums have their own G/(G − 1), and their degrees of freedom are Satterthwaite's,
    (Σ v)²/Σ(v²/df), with Kish's n²/Σn² − 1 for a condition whose answers are spread very unequally."""

    def of(groups):
        sums = influence[trials.index].groupby(groups).sum()
        return (sums**2).sum() * len(sums) / (len(sums) - 1)

    parts, each, equal = [], [], []
    for _, rows in trials.groupby("condition", dropna=False):
        parts.append(of(rows["participant_id"]))
        sizes = rows["participant_id"].value_counts()
        effective = sizes.sum() ** 2 / (sizes**2).sum()
        equal.append(len(sizes) - 1)
        each.append(effective - 1 if effective < 2 / 3 * len(sizes) else len(sizes) - 1)
    df = [sum(parts) ** 2 / sum(v**2 / d for v, d in zip(parts, dfs, strict=True)) for dfs in (each, equal)]
    pairs = of([trials["participant_id"], trials["image_id"]])
    return BetweenPeople((sum(parts), of(trials["image_id"]), pairs), *df)
