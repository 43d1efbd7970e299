"""Class discrimination: accuracy, and d′ with criterion, from right and wrong choices between two categories.

One visualization is shown and one of two categories chosen, so this is a one-interval identification task, and
d′ = z(H) − z(F) with no division by √2, which belongs to two-interval forced choice (Macmillan & Creelman 2005, ch. 7).
The two "signals" are the places of the right option: H is the share of "first option" answers when the first option is
right, F the same when the second is. The criterion −(z(H) + z(F))/2 is then the pull of the option's place: positive
means leaning to the second.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from analysis.data.checks import refuse
from analysis.data.exclusions import analysed
from analysis.data.export import Export, ExportError
from analysis.estimation import detection
from analysis.estimation.cells import Levels, cells_by, estimate_table, of_all, share, table
from analysis.estimation.estimates import (
    CellMeans,
    Estimate,
    difference,
    wilson,
)
from analysis.notes import Note, marked
from analysis.paper import PaperFigures
from analysis.tasks.biases import halves, later_half
from contracts.tasks import KINDS

FACTS = KINDS["class-discrimination"]
CHANCE = FACTS.null


def accuracy(
    export: Export, by: Sequence[str] = ("method",), task: str | None = None, observer_kind: str | None = None
) -> pd.DataFrame:
    """Accuracy in the primary analysis of an export, in the crossing of the columns `by` (method, network, category).

    `task` and `observer_kind` must be named where the export has several. Raises ExportError.
    """
    rows, chosen = analysed(export, FACTS.name, task, observer_kind)
    known = {"method": chosen.methods, "network": chosen.networks, "category": sorted(rows["category"].unique())}
    if unknown := [column for column in by if column not in known]:
        raise ExportError(f"accuracy by {', '.join(unknown)} is not known; by {', '.join(known)} it is")
    return accuracy_table(rows, {column: known[column] for column in by}, export.config.confidence)


def accuracy_table(trials: pd.DataFrame, levels: Levels, confidence: float) -> pd.DataFrame:
    """Accuracy in each cell of `levels`, tested against 50 %, with `naive_low` and `naive_high` (Wilson)."""
    found = table(trials, trials["correct"].to_numpy(), levels, share(confidence, CHANCE))
    naive = [
        wilson(value, n, confidence) if n else (np.nan, np.nan)
        for value, n in zip(found["value"], found["responses"], strict=True)
    ]
    return found.assign(
        correct=np.nan_to_num(np.round(found["value"] * found["responses"])).astype(int),
        naive_low=[low for low, _ in naive],
        naive_high=[high for _, high in naive],
    )


def accuracy_difference(trials: pd.DataFrame, methods: Sequence[str], a: str, b: str, confidence: float) -> Estimate:
    """Accuracy with method `a` minus that with `b`."""
    cells = cells_by(trials, trials["correct"].to_numpy(), {"method": methods})
    return difference(cells, a, b, confidence, FACTS.difference_bounds)


def discriminability(trials: pd.DataFrame, methods: Sequence[str], confidence: float) -> pd.DataFrame:
    """d′ and criterion by method: rows `method` × `measure` ("d-prime", "criterion")."""
    frame = trials.assign(truth_first=truth_first(trials))
    chose_first = (trials["response"] == first_option(trials)).to_numpy()
    cells = cells_by(frame, chose_first, {"method": methods, "truth_first": (True, False)})
    estimates = {
        (method, measure): sensitivity(cells, method, measure, confidence)
        for method in methods
        for measure in detection.SENSITIVITY
    }
    return estimate_table(estimates, ["method", "measure"])


def sensitivity(cells: CellMeans, method: str, measure: str, confidence: float) -> Estimate:
    """ "d-prime" or "criterion" from cells (method, is the right option first?) of "first option" answers."""
    empty = Note("The correct option was never in one of the two places.")
    return detection.sensitivity(cells, (method, True), (method, False), measure, confidence, empty)


def choice_biases(trials: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Pull of the first option, its effect on accuracy, and learning or tiring."""
    frame = trials.assign(truth_first=truth_first(trials), later=later_half(trials))
    chose_first = (trials["response"] == first_option(trials)).to_numpy()
    correct, bounds = trials["correct"].to_numpy(), FACTS.difference_bounds
    rows = {
        marked("first option chosen"): of_all(trials, chose_first, share(confidence, CHANCE)),
        marked("accuracy: correct option first − second"): halves(frame, correct, "truth_first", confidence, bounds),
        marked("accuracy: second half − first half"): halves(frame, correct, "later", confidence, bounds),
    }
    return estimate_table(rows, ["effect"])


def confusion(trials: pd.DataFrame) -> pd.DataFrame:
    """How often each category was chosen for each category shown: rows `shown`, `chosen`, `responses`, `share`.

    Only pairs that were offered together are counted: a category meets no other foil than its image's second one.
    """
    offered = trials[["category", "foil"]].drop_duplicates().set_axis(["shown", "chosen"], axis=1)
    right = offered.assign(chosen=offered["shown"])
    pairs = pd.concat([offered, right]).drop_duplicates().sort_values(["shown", "chosen"], ignore_index=True)
    given = trials.groupby(["category", "response"]).size().rename("responses")
    table = pairs.merge(given, how="left", left_on=["shown", "chosen"], right_index=True)
    table["responses"] = table["responses"].fillna(0).astype(int)
    return table.assign(share=table["responses"] / table.groupby("shown")["responses"].transform("sum"))


def first_option(trials: pd.DataFrame) -> pd.Series:
    """The option that was shown first in each trial."""
    return trials["option_order"].str.split(";").str[0]


def truth_first(trials: pd.DataFrame) -> pd.Series:
    """Whether the right option was shown first in each trial."""
    return first_option(trials) == trials["category"]


def earlier_category(trials: pd.DataFrame) -> tuple[np.ndarray, str]:
    """Which of its image's two categories was named: only these two are on offer, so only these can disagree."""
    earlier = trials["category"].where(trials["category"] < trials["foil"], trials["foil"])
    return (trials["response"] == earlier).to_numpy(), "nominal"


def check(answered: pd.DataFrame, _networks: Sequence[str]) -> None:
    """Raise ExportError where a response or its mark contradicts the row."""
    response, category = answered["response"], answered["category"]
    refuse((response != category) & (response != answered["foil"]), answered, "response is neither category nor foil")
    refuse(answered["correct"] != (response == category), answered, "correct is not whether response equals category")


def published_variance(variance: float, involved: pd.DataFrame, paper: PaperFigures) -> float:
    """Of the paper's accuracies: that of its number of responses, with the design effect of its own size.

    This study's design effect (at least 1) grows with the responses that a person gives (Kish 1965): where people gave
    fewer with a method than the paper's workers, the paper's is larger. It does not shrink with this study's size.
    """
    independent = float((involved["value"] * (1 - involved["value"]) / involved["responses"]).sum())
    excess = max(0.0, variance / independent - 1) if independent else 0.0
    each = float((involved["responses"] / involved["participants"]).mean())
    counts = [paper.accuracy_counts[method][1] for method in involved["method"]]
    theirs = float(np.mean(counts)) / paper.accuracy_workers
    shares = [(paper.accuracies[method], n) for method, n in zip(involved["method"], counts, strict=True)]
    return (1 + excess * max(1.0, theirs / each)) * sum(p * (1 - p) / n for p, n in shares)


def published(paper: PaperFigures) -> Mapping[str, float]:
    """The paper's accuracies by method."""
    return paper.accuracies
