"""Simulated people who judge predictions: logit P(judged rightly) = a_method ± belief + person + image + image×method.

The belief is added where the prediction is right and taken away where it is wrong, so people call most predictions
correct, as HIVE found; a_method is such that the mean over both sorts is the one asked for. Controls tell nothing:
a_method is 0, the answer does not depend on the prediction, and the mean over both sorts is exactly 50 %.
"""

import numpy as np
import pandas as pd

from analysis.tasks.psychometrics import location_for, marginal_share, right_or_wrong

BELIEF = 0.6  # logits


def share_of_both(location: float, sd: float) -> float:
    """The mean of the shares judged rightly among right and among wrong predictions."""
    return (marginal_share(location + BELIEF, sd) + marginal_share(location - BELIEF, sd)) / 2


def location_of_both(share: float, sd: float) -> float:
    """a_method at which the mean of both shares is `share`, where effects spread by `sd` logits."""
    return location_for(share_of_both, share, sd, (0.001, 0.999), "share judged rightly")


def draw(logits: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Whether each prediction was judged rightly (n,); a coin says whether it is right."""
    return right_or_wrong(logits + BELIEF * rng.choice((-1, 1), len(logits)), rng)


def leaning(is_right: bool | np.ndarray) -> np.ndarray:
    """What belief adds to the logit of judging a prediction rightly."""
    return np.where(is_right, BELIEF, -BELIEF)


def image_numbers(shown: pd.DataFrame) -> np.ndarray:
    """Of images simulated in memory (n,), from 0; those with even numbers are predicted rightly."""
    return shown["image_id"].str.removeprefix("image").astype(int).to_numpy()
