"""Cue detection: hits, false alarms, d′ and criterion, and which answers people gave to which network.

A hit names the planted cue of a network that relies on it, a false alarm that of a network that relies on the object.
What is compared is the mean of hits and correct rejections, (H + 1 − F)/2: people who answer all networks alike, or at
random, are at 50 %, whatever they answer. A negative criterion leans to naming the cue. Networks are those of the task,
not a sample of networks.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.data.checks import refuse
from analysis.data.export import Export
from analysis.estimation.cells import cells_by, estimate_table, share, table
from analysis.estimation.detection import SENSITIVITY
from analysis.estimation.estimates import Estimate
from analysis.notes import Note, marked
from analysis.tasks.biases import leaning_and_learning
from analysis.tasks.kind import TaskRows
from analysis.tasks.verdicts import Sorts, balanced, detection, difference_of_both, judged_cells
from contracts.cues import CUES, measured
from contracts.foil_text import BETWEEN
from contracts.tasks import KINDS, OBJECT

FACTS = KINDS["cue-detection"]
ANSWERS = FACTS.questions[0].values
CUE, OTHER = marked("cue"), marked("object")
SORTS = Sorts((CUE, OTHER), Note("There are answers to networks of one sort alone."))
RATES = ("hits", "alarms")  # the cue named, of networks of either sort
FOILS = {BETWEEN.join((OBJECT, cue)): CUE for cue in CUES} | {BETWEEN.join((cue, OBJECT)): OTHER for cue in CUES}


def tables(rows: TaskRows) -> dict[str, pd.DataFrame]:
    """`detected` (both sorts of network alike) by method; by method and sort `named` (hits and false alarms) and
    `answers`; `detection` by method; `networks`: the cue named, by network and method;
    `conditions`: hits, false alarms and d′ of each group of people, where there are several."""
    confidence, methods, task = rows.confidence, rows.task.methods, rows.task
    trials = rows.trials.assign(relies=rows.trials["foil"].map(FOILS))
    named, levels = names_cue(trials), {"method": methods, "relies": SORTS.names}
    correct = judged_cells(trials, trials["correct"].to_numpy(float), methods, FOILS, SORTS)
    cells = judged_cells(trials, named, methods, FOILS, SORTS)
    detected = {(m, of): detection(cells, m, of, confidence, SORTS) for m in methods for of in SENSITIVITY}
    of_network = {"network": task.networks, "method": methods}
    answers = [
        table(trials, trials["response"].to_numpy() == answer, levels, share(confidence)).assign(answer=answer)
        for answer in ANSWERS
    ]
    return {
        "detected": estimate_table({m: balanced(correct, m, confidence, sorts=SORTS) for m in methods}, ["method"]),
        "named": table(trials, named, levels, share(confidence)),
        "detection": estimate_table(detected, ["method", "measure"]),
        "networks": table(trials, named, of_network, share(confidence)),
        "answers": pd.concat(answers, ignore_index=True),
        "conditions": by_condition(trials, named, confidence),
        "biases": biases(trials, confidence),
    }


def by_condition(trials: pd.DataFrame, named: np.ndarray, confidence: float) -> pd.DataFrame:
    """Rows `condition` × `measure` ("hits", "alarms", "d-prime") over all methods; empty where people are in one."""
    groups = sorted(trials["condition"].dropna().unique()) if "condition" in trials else []
    if len(groups) < 2:
        return estimate_table({}, ["condition", "measure"])
    cells, of = cells_by(trials, named, {"condition": groups, "relies": SORTS.names}), share(confidence)
    found = {(g, name): of(cells, (g, sort)) for g in groups for name, sort in zip(RATES, SORTS.names, strict=True)}
    return estimate_table(
        found | {(g, "d-prime"): detection(cells, g, "d-prime", confidence, SORTS) for g in groups},
        ["condition", "measure"],
    )


def planted(foil: str) -> str:
    """The planted cue of a trial's network, whether the network relies on it or not."""
    return next(value for value in foil.split(BETWEEN) if value != OBJECT)


def names_cue(trials: pd.DataFrame) -> np.ndarray:
    """Whether each answer names the planted cue (n,)."""
    return (trials["response"] == trials["foil"].map(planted)).to_numpy(float)


def is_right(response: str, foil: str) -> bool:
    """Whether an answer is a hit or a correct rejection."""
    return (response == planted(foil)) == (FOILS[foil] == CUE)


def difference(trials: pd.DataFrame, methods: Sequence[str], a: str, b: str, confidence: float) -> Estimate:
    """Mean of hits and correct rejections with method `a` minus that with `b`."""
    cells = judged_cells(trials, trials["correct"].to_numpy(float), tuple(methods), FOILS, SORTS)
    return difference_of_both(cells, a, b, confidence, SORTS)


def biases(trials: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """How often the cue is named of all networks, and learning or tiring."""
    leaning, learning = marked("cue named"), marked("told apart: second half − first half")
    return leaning_and_learning(trials, FACTS, confidence, leaning, names_cue(trials), learning)


def study_tables(_trials: pd.DataFrame, export: Export) -> dict[str, pd.DataFrame]:
    """`swaps`: by task and network what swapping the cue showed, from the definition; nothing that people answered."""
    told = [task for task in export.definition.get("tasks", ()) if task.get("cues")]
    rows = [
        {"task": task["name"], "network": name, "cue": of.cue, "changed": of.changed, "scenes": of.scenes}
        | {"value": of.share, "low": of.interval[0], "high": of.interval[1]}
        for task in told
        for name, of in measured(task["cues"]).items()
        if name in task["networks"]
    ]
    columns = ["task", "network", "cue", "changed", "scenes", "value", "low", "high"]
    return {"swaps": pd.DataFrame(rows, columns=columns)}


def check(answered: pd.DataFrame, _networks: Sequence[str]) -> None:
    """Raise ExportError where a response or its mark contradicts the row."""
    refuse(~answered["response"].isin(ANSWERS), answered, "response is no answer of this kind")
    refuse(~answered["foil"].isin(FOILS), answered, "foil does not say what the network relies on")
    marks = [is_right(*pair) for pair in zip(answered["response"], answered["foil"], strict=True)]
    refuse(answered["correct"] != marks, answered, "correct is not whether the response fits the network")
