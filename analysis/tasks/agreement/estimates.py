"""Agreement: how often people judge right and wrong predictions rightly, apart and together; d′ and bias; confidence.

Half of the images are predicted rightly, so the mean over both is the mean of the two shares: with it people who
believe everything are at 50 %. H is the share of right predictions that are called correct, F that of wrong ones (the
belief in wrong predictions); d′ and the criterion follow from both. A negative criterion leans to believing.
Kim et al. (2022), HIVE, sections 4 and A, give the two shares and the mean answer from 1 to 4.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.data.checks import refuse
from analysis.estimation.cells import cells_by, estimate_table, mean, share, table
from analysis.estimation.detection import SENSITIVITY
from analysis.estimation.estimates import Estimate
from analysis.notes import marked
from analysis.tasks.biases import leaning_and_learning
from analysis.tasks.kind import TaskRows
from analysis.tasks.verdicts import PREDICTIONS, RIGHT, WRONG, balanced, detection, difference_of_both, judged_cells
from contracts.tasks import KINDS

FACTS = KINDS["agreement"]
DEGREES = FACTS.questions[0].values  # fairly sure that the prediction is right … wrong
FOILS = {"incorrect": RIGHT, "correct": WRONG}  # what is wrong to say → the prediction
MIDDLE, ENDS = 2.5, (1.0, 4.0)


def tables(rows: TaskRows) -> dict[str, pd.DataFrame]:
    """`judged` (both sorts of prediction alike), `predictions`, `belief`, `detection`, `ratings`, `calibration`."""
    confidence, methods = rows.confidence, rows.task.methods
    trials = rows.trials.assign(prediction=prediction(rows.trials))
    levels = {"method": methods, "prediction": PREDICTIONS}
    correct, believed = trials["correct"].to_numpy(float), believes(trials).astype(float)
    judged, believing = cells_by(trials, correct, levels), cells_by(trials, believed, levels)
    given = trials["response"].astype(float).to_numpy()
    wrong = trials["prediction"] == WRONG
    detected = {(m, measure): detection(believing, m, measure, confidence) for m in methods for measure in SENSITIVITY}
    right = (trials["prediction"] == RIGHT).to_numpy(float)
    return {
        "judged": estimate_table({m: balanced(judged, m, confidence) for m in methods}, ["method"]),
        "predictions": table(trials, correct, levels, share(confidence, FACTS.null)),
        "belief": table(trials[wrong], believed[wrong], {"method": methods}, share(confidence, FACTS.null)),
        "detection": estimate_table(detected, ["method", "measure"]),
        "ratings": table(trials, given, levels, mean(confidence, ENDS, MIDDLE)),
        "calibration": table(trials, right, {"response": DEGREES}, share(confidence)),
        "biases": biases(trials, confidence),
    }


def prediction(trials: pd.DataFrame) -> pd.Series:
    """Whether each trial's prediction is "right" or "wrong"."""
    return trials["foil"].map(FOILS)


def believes(trials: pd.DataFrame) -> np.ndarray:
    """Whether each answer calls the prediction correct (n,)."""
    return trials["response"].isin(DEGREES[:2]).to_numpy()


def difference(trials: pd.DataFrame, methods: Sequence[str], a: str, b: str, confidence: float) -> Estimate:
    """Share judged rightly with method `a` minus that with `b`, right and wrong predictions counting alike."""
    cells = judged_cells(trials, trials["correct"].to_numpy(), tuple(methods), FOILS)
    return difference_of_both(cells, a, b, confidence)


def biases(trials: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Leaning to believe, and learning or tiring."""
    leaning, learning = marked("prediction called correct"), marked("judged rightly: second half − first half")
    return leaning_and_learning(trials, FACTS, confidence, leaning, believes(trials), learning)


def check(answered: pd.DataFrame, _networks: Sequence[str]) -> None:
    """Raise ExportError where a response or its mark contradicts the row."""
    refuse(~answered["response"].isin(DEGREES), answered, "response is no answer of this kind")
    refuse(~answered["foil"].isin(FOILS), answered, "foil does not say whether the prediction is right")
    is_right = believes(answered) == (prediction(answered) == RIGHT)
    refuse(answered["correct"] != is_right, answered, "correct is not whether the response fits the prediction")
