"""Guessing a label: how often people choose the wrong label that the network gave, of five.

Shen & Huang (2020): the share of right guesses, with and without maps; of five labels guessing at random finds 20 %.
All images are predicted wrongly, and people know it and are told what the photograph shows, so the share needs no
second one beside it.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.data.checks import refuse
from analysis.estimation.cells import cells_by, estimate_table, share, table
from analysis.estimation.estimates import Estimate, difference
from analysis.notes import marked
from analysis.tasks.biases import chose_first, leaning_and_learning
from analysis.tasks.kind import TaskRows
from contracts.label_choice import LabelChoice
from contracts.methods import PHOTOGRAPH
from contracts.tasks import KINDS

FACTS = KINDS["guess-label"]


def tables(rows: TaskRows) -> dict[str, pd.DataFrame]:
    """`guessed` by method, tested against 20 %; `labels`: the same by the label that the network gave and method.

    `explained`: each method minus no explanation, where the task shows both.
    """
    trials, methods = rows.trials, rows.task.methods
    correct, of = trials["correct"].to_numpy(float), share(rows.confidence, FACTS.null)
    names = sorted(trials["category"].unique())
    return {
        "guessed": table(trials, correct, {"method": methods}, of),
        "labels": table(trials, correct, {"category": names, "method": methods}, share(rows.confidence)),
        **explained(trials, methods, rows.confidence),
        "biases": biases(trials, rows.confidence),
    }


def explained(trials: pd.DataFrame, methods: Sequence[str], confidence: float) -> dict[str, pd.DataFrame]:
    """The table of that name; none where the task shows no photograph without an explanation, or nothing else."""
    others = [method for method in methods if method != PHOTOGRAPH]
    if len(others) in (0, len(methods)):
        return {}
    gaps = {method: difference_of_shares(trials, methods, method, PHOTOGRAPH, confidence) for method in others}
    return {"explained": estimate_table(gaps, ["method"])}


def difference_of_shares(trials: pd.DataFrame, methods: Sequence[str], a: str, b: str, confidence: float) -> Estimate:
    """Share of right guesses with method `a` minus that with `b`."""
    cells = cells_by(trials, trials["correct"].to_numpy(float), {"method": methods})
    return difference(cells, a, b, confidence, FACTS.difference_bounds)


def chosen_place(trials: pd.DataFrame) -> np.ndarray:
    """The place of each answer among its item's labels by name (n,): what those who rate an item can agree on."""
    pairs = zip(trials["response"], trials["category"], trials["foil"], strict=True)
    return np.array([FACTS.options_of(given, foil).index(response) for response, given, foil in pairs])


def biases(trials: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Leaning to the label that is listed first, and learning or tiring."""
    leaning, learning = marked("first label chosen"), marked("label guessed: second half − first half")
    return leaning_and_learning(trials, FACTS, confidence, leaning, chose_first(trials), learning)


def check(answered: pd.DataFrame, _networks: Sequence[str]) -> None:
    """Raise ExportError where a response or its mark contradicts the row."""
    pairs = zip(answered["foil"], answered["category"], strict=True)
    choices = pd.Series([LabelChoice.found(str(foil), given) for foil, given in pairs], answered.index, object)
    refuse(choices.isna(), answered, "foil does not have what the photograph shows and four labels beside category")
    both = zip(answered["response"], answered["category"], choices, strict=True)
    unknown = [response not in choice.options(given) for response, given, choice in both]
    refuse(pd.Series(unknown, answered.index, bool), answered, "response is none of the five labels")
    is_right = answered["response"] == answered["category"]
    refuse(answered["correct"] != is_right, answered, "correct is not whether response is the label in category")
