"""Distinction: how often people choose the class that the network predicts, and the class that is correct.

Kim et al. (2022), HIVE: both shares, apart for right and for wrong predictions; of four classes guessing finds 25 %. On
wrong predictions the two questions have different right answers. Half of the images are predicted rightly, so the
headline is the mean of the two shares of the first question.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from analysis.data.checks import refuse
from analysis.estimation.cells import cells_by, estimate_table, share, table
from analysis.estimation.estimates import Estimate
from analysis.notes import marked
from analysis.tasks.biases import chose_first, leaning_and_learning
from analysis.tasks.kind import TaskRows
from analysis.tasks.verdicts import PREDICTIONS, RIGHT, WRONG, balanced, difference_of_both, judged_cells
from contracts.tasks import CLASS, KINDS, SURE
from contracts.tiles import Tiled

FACTS = KINDS["distinction"]
PLACES = FACTS.questions[0].values
STEPS = next(question.values for question in FACTS.questions if question.name == SURE)  # of confidence


def tables(rows: TaskRows) -> dict[str, pd.DataFrame]:
    """`predicted` (both sorts of prediction alike), `predictions`, `classes`, `confidence`, `biases`."""
    confidence, methods = rows.confidence, rows.task.methods
    trials = rows.trials.assign(prediction=rows.trials["foil"].map(sorts(rows.trials)))
    correct, levels = trials["correct"].to_numpy(float), {"method": methods, "prediction": PREDICTIONS}
    chosen = cells_by(trials, correct, levels)
    classed, sure = (answered(trials, rows.answers, question) for question in (CLASS, SURE))
    found = np.array([Tiled.read(r.foil).place(Tiled.read(r.foil).correct) == r.answer for r in classed.itertuples()])
    against_chance = share(confidence, FACTS.null)
    return {
        "predicted": estimate_table({m: balanced(chosen, m, confidence, FACTS.null) for m in methods}, ["method"]),
        "predictions": table(trials, correct, levels, against_chance),
        "classes": table(classed, found.astype(float), levels, against_chance),
        "confidence": table(sure, sure["correct"].to_numpy(float), {"answer": STEPS}, share(confidence)),
        "biases": biases(trials, confidence),
    }


def sorts(trials: pd.DataFrame) -> Mapping[str, str]:
    """Each foil of `trials` → whether its prediction is "right" or "wrong"."""
    return {foil: RIGHT if Tiled.read(foil).is_right else WRONG for foil in trials["foil"].unique()}


def answered(trials: pd.DataFrame, answers: pd.DataFrame, question: str) -> pd.DataFrame:
    """The rows of `trials` whose further `question` was answered, with its `answer`."""
    asked = answers[answers["question"] == question]
    return trials.merge(asked[["trial_id", "response"]].rename(columns={"response": "answer"}), on="trial_id")


def difference(trials: pd.DataFrame, methods: Sequence[str], a: str, b: str, confidence: float) -> Estimate:
    """Share of predictions found with method `a` minus that with `b`, right and wrong predictions counting alike."""
    cells = judged_cells(trials, trials["correct"].to_numpy(), tuple(methods), sorts(trials))
    return difference_of_both(cells, a, b, confidence)


def biases(trials: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Leaning to the explanation that is shown first, and learning or tiring."""
    leaning, learning = marked("first explanation chosen"), marked("prediction found: second half − first half")
    return leaning_and_learning(trials, FACTS, confidence, leaning, chose_first(trials), learning)


def check(answered_rows: pd.DataFrame, _networks: Sequence[str]) -> None:
    """Raise ExportError where a response or its mark contradicts the row."""
    refuse(~answered_rows["response"].isin(PLACES), answered_rows, "response is no tile of the picture")
    told = answered_rows["foil"].map(Tiled.found)
    refuse(told.isna(), answered_rows, "foil does not say what the four tiles explain")
    predicted = told.map(lambda tiled: tiled.predicted)
    refuse(predicted != answered_rows["category"], answered_rows, "category is not the class that foil calls predicted")
    is_right = told.map(lambda tiled: tiled.place(tiled.predicted)) == answered_rows["response"]
    refuse(answered_rows["correct"] != is_right, answered_rows, "correct is not whether response is the predicted tile")
