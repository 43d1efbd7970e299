"""Reliance: what people make of advice that contradicts their own answer, and what they gain by it.

Schemmer et al. (2023): RAIR is the share of wrong own answers that were corrected after right advice, RSR that of right
own answers that were kept against wrong advice. A case where answer and advice agree counts in neither. Both are shares
of cases, not means of the ratios of single people, which are undefined for people without such a case.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.data.checks import refuse
from analysis.estimation.cells import cells_by, estimate_table, mean, share, table
from analysis.estimation.estimates import Estimate, difference, no_estimate
from analysis.notes import Note, marked
from analysis.tasks.biases import leaning_and_learning
from analysis.tasks.kind import TaskRows
from analysis.tasks.reliance.crossed import by_random_effects
from analysis.tasks.reliance.stratified import at_equal_confidence, with_confidence
from analysis.tasks.unexplained import compared
from contracts.tasks import KINDS, OWN, REQUEST, YES

FACTS = KINDS["reliance"]
RAIR, RSR, SWITCHED, OVER, UNDER = MEASURES = ("rair", "rsr", "switched", "over-reliance", "under-reliance")
GAIN, FINAL = "gain", "final"
GAIN_BOUNDS = (-1.0, 1.0)
NO_OWN = Note("Nobody was asked for an own answer.")


def tables(rows: TaskRows) -> dict[str, pd.DataFrame]:
    """`accuracy` of final answers; `reliance` by measure; `gain`, final − own; `against` others, and so at
    `equal-confidence` and by `random-effects`; `requests`."""
    confidence, methods = rows.confidence, rows.task.methods
    trials, levels = with_confidence(with_own(rows.trials, rows.answers), rows.answers), {"method": methods}
    owned = trials[trials["own"].notna()]
    return {
        "accuracy": table(trials, trials["correct"].to_numpy(float), levels, share(confidence, FACTS.null)),
        "reliance": reliance(trials, methods, confidence),
        "gain": table(owned, gains(owned), levels, mean(confidence, GAIN_BOUNDS)),
        "against": against(trials, methods, confidence),
        "equal-confidence": equal_confidence(trials, methods, confidence),
        "random-effects": random_effects(trials, methods, confidence),
        "requests": requests(rows, confidence),
        "biases": biases(trials, confidence),
    }


def with_own(trials: pd.DataFrame, answers: pd.DataFrame) -> pd.DataFrame:
    """`trials` with `own` (empty where it was not asked), `own_right`, and whether the advice was right, `advised`."""
    given = answers[answers["question"] == OWN].set_index("trial_id")["response"] if len(answers) else pd.Series()
    own = trials["trial_id"].map(given).astype(object)
    right = right_option(trials)
    return trials.assign(own=own, own_right=own == right, advised=trials["category"] == right)


def right_option(trials: pd.DataFrame) -> pd.Series:
    """What each photograph shows."""
    return _options(trials).str[1]


def _options(trials: pd.DataFrame) -> pd.Series:
    pairs = zip(trials["category"], trials["foil"], strict=True)
    return pd.Series([FACTS.both_options(*pair) for pair in pairs], trials.index, object)


def cases(trials: pd.DataFrame) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Measure → (which of `trials` (n,) are its cases, the value of each (n,))."""
    owned, own_right, advised = (trials[name].to_numpy(bool) for name in ("owned", "own_right", "advised"))
    final = trials["correct"].to_numpy(bool)
    disagree = owned & (own_right != advised)
    return {
        RAIR: (disagree & advised, final),
        RSR: (disagree & ~advised, final),
        SWITCHED: (disagree, final != own_right),
        OVER: (~advised, ~final),
        UNDER: (advised, ~final),
    }


def reliance(trials: pd.DataFrame, methods: Sequence[str], confidence: float) -> pd.DataFrame:
    """Each measure with each method; `without`: people with such trials and none of the measure's cases."""
    found, without = {}, []
    frame = trials.assign(owned=trials["own"].notna())
    people = frame.groupby("method")["participant_id"].nunique()
    for measure, (which, values) in cases(frame).items():
        rows = frame[which]
        cells = cells_by(rows, values[which], {"method": methods})
        for method in methods:
            is_asked = measure in (OVER, UNDER) or frame["owned"].any()
            found[measure, method] = share(confidence)(cells, method) if is_asked else no_estimate(NO_OWN)
            with_case = rows.loc[rows["method"] == method, "participant_id"].nunique()
            without.append(int(people.get(method, 0)) - with_case)
    return estimate_table(found, ["measure", "method"]).assign(without=without)


def gains(owned: pd.DataFrame) -> np.ndarray:
    """1 for a corrected answer, −1 for one that became wrong, else 0 (n,)."""
    return owned["correct"].to_numpy(float) - owned["own_right"].to_numpy(float)


def against(trials: pd.DataFrame, methods: Sequence[str], confidence: float) -> pd.DataFrame:
    """RAIR, RSR, over-reliance and gain with a method minus those with advice alone or with a control."""
    frame = trials.assign(owned=trials["own"].notna())
    parts = {measure: (frame[which], values[which].astype(float)) for measure, (which, values) in cases(frame).items()}
    parts[GAIN] = frame[frame["owned"]], gains(frame[frame["owned"]])
    found: dict[tuple[str, str, str], Estimate] = {}
    for measure in (RAIR, RSR, OVER, GAIN):
        rows, values = parts[measure]
        cells = cells_by(rows, values, {"method": methods})
        reach = (-2.0, 2.0) if measure == GAIN else FACTS.difference_bounds
        for method, other in compared(methods):
            found[measure, method, other] = difference(cells, method, other, confidence, reach)
    return estimate_table(found, ["measure", "method", "against"])


def equal_confidence(trials: pd.DataFrame, methods: Sequence[str], confidence: float) -> pd.DataFrame:
    """RAIR and RSR `against` others, at equal confidence in the own answer; empty where it was not asked."""
    every = cases(trials.assign(owned=trials["own"].notna()))
    parts = {measure: (trials[which], values[which].astype(float)) for measure, (which, values) in every.items()}
    return at_equal_confidence({m: parts[m] for m in (RAIR, RSR)}, methods, compared(methods), confidence)


def random_effects(trials: pd.DataFrame, methods: Sequence[str], confidence: float) -> pd.DataFrame:
    """RAIR, RSR and right final answers `against` others, by a logit model with crossed random effects."""
    every = cases(trials.assign(owned=trials["own"].notna()))
    parts = {measure: (trials[which], values[which].astype(float)) for measure, (which, values) in every.items()}
    parts[FINAL] = trials, trials["correct"].to_numpy(float)
    asked = (RAIR, RSR, FINAL) if trials["own"].notna().any() else (FINAL,)
    return by_random_effects({m: parts[m] for m in asked}, methods, compared(methods), confidence)


def is_advised(trials: pd.DataFrame) -> np.ndarray:
    """Whether the advice of each trial was right (n,)."""
    return (trials["category"] == right_option(trials)).to_numpy()


def requests(rows: TaskRows, confidence: float) -> pd.DataFrame:
    """The share of trials in which advice was asked for, by method; empty where people were not asked."""
    told = rows.answers[rows.answers["question"] == REQUEST] if len(rows.answers) else rows.answers
    asked = rows.trials.merge(told[["trial_id", "response"]].rename(columns={"response": "request"}), on="trial_id")
    if asked.empty:
        return estimate_table({}, ["method"])
    wanted = (asked["request"] == YES).to_numpy(float)
    return table(asked, wanted, {"method": rows.task.methods}, share(confidence))


def accuracy_difference(trials: pd.DataFrame, methods: Sequence[str], a: str, b: str, confidence: float) -> Estimate:
    """Share of right final answers with method `a` minus that with `b`."""
    cells = cells_by(trials, trials["correct"].to_numpy(), {"method": methods})
    return difference(cells, a, b, confidence, FACTS.difference_bounds)


def earlier_option(trials: pd.DataFrame) -> np.ndarray:
    """Whether each final answer is the first of its two options by name (n,)."""
    return (trials["response"] == _options(trials).map(min)).to_numpy()


def biases(trials: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Leaning to the option that is listed first, and learning or tiring."""
    leaning, learning = marked("first option chosen"), marked("answered rightly: second half − first half")
    return leaning_and_learning(trials, FACTS, confidence, leaning, earlier_option(trials), learning)


def check(answered: pd.DataFrame, _networks: Sequence[str]) -> None:
    """Raise ExportError where a response or its mark contradicts the row."""
    if answered.empty:
        return
    options = _options(answered)
    refuse(options.str.len() != 2, answered, "foil is not the wrong and the right option")
    offered = [category in pair for category, pair in zip(answered["category"], options, strict=True)]
    refuse(~np.array(offered), answered, "category, which the network predicts, is not among the two options")
    chosen = [response in pair for response, pair in zip(answered["response"], options, strict=True)]
    refuse(~np.array(chosen), answered, "response is neither of the two options")
    is_right = answered["response"] == options.str[1]
    refuse(answered["correct"] != is_right, answered, "correct is not whether response is the right option")
