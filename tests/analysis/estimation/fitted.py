"""What tests of fitted models share: the data that R fits too, and slopes by differences."""

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
