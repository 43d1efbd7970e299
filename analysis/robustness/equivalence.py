"""Does this study repeat the paper's figures? For each of them the difference, and a verdict by one stated rule.

The rule, with E the error of the difference (below) and a margin of a tenth of the scale unless the definition says
otherwise: **replicated** when the difference is within the margin by two one-sided tests at 5 % (Schuirmann 1987:
the 90 % interval is inside ±margin) and, for a comparison, its own interval excludes 0 on the paper's side, because a
margin may be wider than the paper's difference; else **not replicated** when the difference from the paper is not 0 at
the study's confidence; else **inconclusive**.

No error was published for the paper's figures. An accuracy of the paper is given the error that the paper's number of
responses would have with this study's design effect (this study's variance over that of independent responses, at
least 1); a mean trust score, whose number of responses is not known, the error it has in this study.
"""

from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from analysis.config import AnalysisConfig
from analysis.estimation.estimates import cut_note
from analysis.notes import marked
from analysis.paper import PaperFigures
from analysis.tasks.kinds import ANALYSIS_KINDS
from contracts.tasks import KINDS

TOST_LEVEL = 0.05
COLUMNS = (
    "task", "kind", "figure", "paper", "value", "difference", "low", "high", "se", "margin", "verdict", "note",
)  # fmt: skip


def equivalence(
    means: dict[tuple[str, str], pd.DataFrame],
    contrasts: pd.DataFrame,
    paper: PaperFigures | None,
    rules: AnalysisConfig,
) -> pd.DataFrame:
    """A row for each figure of the paper that the study has too. `means`: (task, kind) → its table by method."""
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
    return pd.DataFrame(rows, columns=list(COLUMNS))


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
        return *head, entry.value - entry.paper, np.nan, np.nan, np.nan, margin, marked("no verdict"), entry.note
    involved = table[table["method"].isin(methods)]
    se = float(np.sqrt(entry.se**2 + ANALYSIS_KINDS[kind].published_variance(entry.se**2, involved, paper)))
    difference = entry.value - entry.paper
    reach = se * special.stdtrit(entry.df, 0.5 + rules.confidence / 2)
    inner = se * special.stdtrit(entry.df, 1 - TOST_LEVEL)
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
