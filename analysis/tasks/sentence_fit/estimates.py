"""Sentence fit: how often the sentence of the network's own units was chosen, against one with shuffled names.

One of two sentences is right and both change places at random, so guessing gives 50 %.
"""

from collections.abc import Sequence

import pandas as pd

from analysis.data.checks import refuse
from analysis.estimation.cells import cells_by, estimate_table, of_all, share, table
from analysis.estimation.estimates import Estimate, difference
from analysis.notes import marked
from analysis.tasks.biases import chose_first, halves, later_half
from analysis.tasks.kind import TaskRows
from contracts.sentences import is_pair
from contracts.tasks import KINDS

FACTS = KINDS["sentence-fit"]


def tables(rows: TaskRows) -> dict[str, pd.DataFrame]:
    """`fits` by method, tested against 50 %; `categories`: the same by explained category and method."""
    trials, methods = rows.trials, rows.task.methods
    correct, of = trials["correct"].to_numpy(float), share(rows.confidence, FACTS.null)
    names = sorted(trials["category"].unique())
    return {
        "fits": table(trials, correct, {"method": methods}, of),
        "categories": table(trials, correct, {"category": names, "method": methods}, share(rows.confidence)),
        "biases": biases(trials, rows.confidence),
    }


def right_sentence(foil: str) -> str:
    """That of the network's own units."""
    return FACTS.both_options("", foil)[1]


def difference_of_shares(trials: pd.DataFrame, methods: Sequence[str], a: str, b: str, confidence: float) -> Estimate:
    """Share of right sentences with method `a` minus that with `b`."""
    cells = cells_by(trials, trials["correct"].to_numpy(float), {"method": methods})
    return difference(cells, a, b, confidence, FACTS.difference_bounds)


def first_option(trials: pd.DataFrame) -> pd.Series:
    """The sentence that was listed first in each trial."""
    return trials["option_order"].str.split(";").str[0]


def truth_first(trials: pd.DataFrame) -> pd.Series:
    """Whether the right sentence was listed first in each trial."""
    return first_option(trials) == trials["foil"].map(right_sentence)


def biases(trials: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Pull of the first sentence, its effect, and learning or tiring."""
    frame = trials.assign(truth_first=truth_first(trials), later=later_half(trials))
    correct, bounds = trials["correct"].to_numpy(float), FACTS.difference_bounds
    rows = {
        marked("first sentence chosen"): of_all(trials, chose_first(trials), share(confidence, FACTS.null)),
        marked("fitting sentence: listed first − second"): halves(frame, correct, "truth_first", confidence, bounds),
        marked("fitting sentence: second half − first half"): halves(frame, correct, "later", confidence, bounds),
    }
    return estimate_table(rows, ["effect"])


def check(answered: pd.DataFrame, _networks: Sequence[str]) -> None:
    """Raise ExportError where a response or its mark contradicts the row."""
    refuse(~answered["foil"].map(is_pair), answered, "foil has not two different sentences")
    options = [FACTS.both_options("", foil) for foil in answered["foil"]]
    given = answered["response"]
    unknown = [response not in both for response, both in zip(given, options, strict=True)]
    refuse(pd.Series(unknown, answered.index), answered, "response is neither sentence")
    right = [response == both[1] for response, both in zip(given, options, strict=True)]
    refuse(answered["correct"] != right, answered, "correct is not whether the response is the right sentence")
