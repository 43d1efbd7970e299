"""AI check: how often people judge right and wrong labels rightly, apart and together, against the network alone.

Half of the images have a right label, so the headline is the mean of two shares: people who accept everything are at
50 %. Nguyen, Kim & Nguyen (2021) pool ten right and twenty wrong labels a person, where refusing everything scores
66.7 %; `mixed` weighs the two shares as they did. Of right labels the share judged rightly is the share accepted.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.data.checks import refuse
from analysis.estimation.cells import estimate_table, share, table
from analysis.estimation.detection import SENSITIVITY
from analysis.estimation.estimates import CellMeans, Estimate
from analysis.notes import marked
from analysis.tasks.ai_check.alone import network_tables
from analysis.tasks.ai_check.deferred import deferred_tables
from analysis.tasks.biases import leaning_and_learning
from analysis.tasks.kind import TaskRows
from analysis.tasks.verdicts import (
    PREDICTIONS,
    RIGHT,
    SHARE,
    WRONG,
    balanced,
    detection,
    difference_of_both,
    judged_cells,
    of_both,
)
from contracts.tasks import KINDS

FACTS = KINDS["ai-check"]
YES, NO = FACTS.questions[0].values
FOILS = {NO: RIGHT, YES: WRONG}  # what is wrong to say → the label
PUBLISHED_RIGHT = 1 / 3  # of the published study's labels


def tables(rows: TaskRows) -> dict[str, pd.DataFrame]:
    """`judged` (both sorts of label alike), `labels`, `accepted`, `mixed`, `detection`, `network`, `deferral`.

    `deferred`: where sure labels were accepted without asking.
    """
    confidence, methods = rows.confidence, rows.task.methods
    trials = rows.trials.assign(prediction=rows.trials["foil"].map(FOILS))
    correct, accepted = trials["correct"].to_numpy(float), accepts(trials).astype(float)
    judged, accepting = (judged_cells(trials, values, tuple(methods), FOILS) for values in (correct, accepted))
    wrong = trials["prediction"] == WRONG
    detected = {(m, measure): detection(accepting, m, measure, confidence) for m in methods for measure in SENSITIVITY}
    levels = {"method": methods, "prediction": PREDICTIONS}
    return {
        "judged": estimate_table({m: balanced(judged, m, confidence) for m in methods}, ["method"]),
        "labels": table(trials, correct, levels, share(confidence, FACTS.null)),
        "accepted": table(trials[wrong], accepted[wrong], {"method": methods}, share(confidence, FACTS.null)),
        "mixed": estimate_table({m: mixed(judged, m, confidence) for m in methods}, ["method"]),
        "detection": estimate_table(detected, ["method", "measure"]),
        **deferred_tables(judged, rows.task, confidence),
        **network_tables(trials, tuple(methods), FOILS, confidence, rows.task),
        "biases": biases(trials, confidence),
    }


def accepts(trials: pd.DataFrame) -> np.ndarray:
    """Whether each answer accepts the label (n,)."""
    return (trials["response"] == YES).to_numpy()


def mixed(cells: CellMeans, method: str, confidence: float) -> Estimate:
    """The share judged rightly, one right label counting for two wrong ones."""
    return of_both(cells, {method: 1.0}, confidence, FACTS.null, SHARE, first=PUBLISHED_RIGHT)


def difference(trials: pd.DataFrame, methods: Sequence[str], a: str, b: str, confidence: float) -> Estimate:
    """Share judged rightly with method `a` minus that with `b`, right and wrong labels counting alike."""
    cells = judged_cells(trials, trials["correct"].to_numpy(), tuple(methods), FOILS)
    return difference_of_both(cells, a, b, confidence)


def biases(trials: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Leaning to accept, and learning or tiring."""
    leaning, learning = marked("label accepted"), marked("judged rightly: second half − first half")
    return leaning_and_learning(trials, FACTS, confidence, leaning, accepts(trials), learning)


def check(answered: pd.DataFrame, _networks: Sequence[str]) -> None:
    """Raise ExportError where a response, its mark or the network's confidence contradicts the row."""
    refuse(~answered["response"].isin((YES, NO)), answered, "response is neither yes nor no")
    refuse(~answered["foil"].isin(FOILS), answered, "foil does not say whether the label is right")
    refuse(answered["correct"] != (answered["response"] != answered["foil"]), answered, "correct does not fit response")
    refuse(answered["network_confidence"].isna(), answered, "network_confidence is empty")
