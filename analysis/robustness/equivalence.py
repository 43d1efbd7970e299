"""Does this study repeat the paper's figures? For each of them the difference, and a verdict by one stated rule.

The rule, with E the error of the difference (below) and a margin of a tenth of the scale unless the definition says
otherwise: **replicated** when the difference is within the margin by two one-sided tests at 5 % (Schuirmann 1987:
the 90 % interval is inside ±margin) and, for a comparison, its own interval excludes 0 on the paper's side, because a
margin may be wider than the paper's difference; else **not replicated** when the difference from the paper is not 0 at
the study's confidence; else **inconclusive**.

No error was published for the paper's figures; each kind of task says which its own are given (`published_variance`).
It does not shrink with this study's size, and the degrees of freedom are at most the paper's people less one.

No verdict is given for observers who are not people, because simulated ones are drawn from the paper's figures, and
none while less than nine tenths of the planned ratings are in.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from analysis.config import AnalysisConfig
from analysis.data.completeness import Reached
from analysis.data.export import Task
from analysis.display.wording import level, percent
from analysis.estimation.estimates import cut_note
from analysis.notes import Note, marked
from analysis.paper import PaperFigures
from analysis.tasks.kinds import ANALYSIS_KINDS
from contracts.observers import HUMAN, observer_of
from contracts.tasks import KINDS

TOST_LEVEL = 0.05
NO_VERDICT = marked("no verdict")
ENOUGH = 0.9  # of the planned ratings, for a verdict
COLUMNS = (
    "task", "kind", "figure", "paper", "value", "difference", "low", "high", "se", "margin", "verdict", "note",
)  # fmt: skip


def withheld(observer_kind: str, tasks: Sequence[Task], ratings: Sequence[Reached]) -> dict[str, Note]:
    """Tasks without verdicts, and why."""
    if observer_of(observer_kind).family != HUMAN:
        why = Note("No verdict: simulated participants are drawn from the paper's figures.")
        return {task.name: why for task in tasks}
    return {
        r.task: Note(
            "No verdict: {share} of the planned ratings were in, and {enough} are needed.",
            {"share": percent(r.given / r.planned), "enough": level(ENOUGH)},
        )
        for r in ratings
        if r.given < ENOUGH * r.planned
    }


def equivalence(
    means: dict[tuple[str, str], pd.DataFrame],
    contrasts: pd.DataFrame,
    paper: PaperFigures | None,
    rules: AnalysisConfig,
    without: Mapping[str, Note],
) -> pd.DataFrame:
    """A row for each figure of the paper that the study has too. `means`: (task, kind) → its table by method.

    `without`: tasks without verdicts, and why.
    """
    if paper is None:
        return pd.DataFrame([], columns=list(COLUMNS))
    rows = []
    for (task, kind), table in means.items():
        for entry in table[table["paper"].notna()].itertuples():
            rows.append(_row(task, kind, entry.method, [entry.method], entry, table, paper, rules))
    for entry in contrasts[contrasts["paper"].notna()].itertuples():
        table = means[entry.task, entry.kind]
        rows.append(
            _row(entry.task, entry.kind, f"{entry.a} − {entry.b}", [entry.a, entry.b], entry, table, paper, rules)
        )
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    silent = table["task"].isin(without)
    table.loc[silent, "verdict"] = NO_VERDICT
    table["note"] = [without.get(task, note) for task, note in zip(table["task"], table["note"], strict=True)]
    return table


def _row(
    task: str,
    kind: str,
    figure: str,
    methods: list[str],
    entry: Any,
    table: pd.DataFrame,
    paper: PaperFigures,
    rules: AnalysisConfig,
) -> tuple[object, ...]:
    margin = rules.equivalence_margin * KINDS[kind].length
    head = task, kind, figure, entry.paper, entry.value
    if np.isnan(entry.value) or np.isnan(entry.se):
        return *head, entry.value - entry.paper, np.nan, np.nan, np.nan, margin, NO_VERDICT, entry.note
    involved = table[table["method"].isin(methods)]
    se = float(np.sqrt(entry.se**2 + ANALYSIS_KINDS[kind].published_variance(entry.se**2, involved, paper)))
    difference = entry.value - entry.paper
    df = min(entry.df, ANALYSIS_KINDS[kind].published_people(paper) - 1)
    reach = se * special.stdtrit(df, 0.5 + rules.confidence / 2)
    inner = se * special.stdtrit(df, 1 - TOST_LEVEL)
    widest = KINDS[kind].length * len(methods)  # two means are a scale apart at most, two differences two
    low, high = difference - reach, difference + reach
    near = abs(difference) + inner < margin and (len(methods) == 1 or _shows_effect(entry))
    verdict = (
        marked("replicated")
        if near
        else marked("not replicated")
        if abs(difference) > reach
        else marked("inconclusive")
    )
    note = cut_note((low, high), (-widest, widest))
    return *head, difference, max(low, -widest), min(high, widest), se, margin, verdict, note


def _shows_effect(contrast: Any) -> bool:
    """Whether this study's own interval of the comparison excludes 0 on the paper's side."""
    return contrast.low > 0 if contrast.paper > 0 else contrast.high < 0
