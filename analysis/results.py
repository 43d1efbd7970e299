"""All numbers of a report, computed for each kind of observer apart."""

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from analysis.cells import estimate_table
from analysis.config import AnalysisConfig
from analysis.discrimination import accuracy, accuracy_difference, discriminability
from analysis.estimates import Estimate, holm
from analysis.exclusions import Kept, apply_exclusions
from analysis.export import Export, Task
from analysis.paper import PAPERS, PaperFigures
from analysis.trust import answer_shares, mean_score, score_difference

DIFFERENCES = {"class-discrimination": accuracy_difference, "trust": score_difference}


@dataclass(frozen=True)
class TaskResults:
    """One task: how much data there is, and its tables by name.

    Class discrimination has `accuracy` and `discriminability`, trust `scores` and `shares`.
    """

    task: Task
    responses: int
    participants: int
    images: int
    tables: dict[str, pd.DataFrame]


@dataclass(frozen=True)
class ObserverResults:
    """Everything computed from one kind of observer; other kinds never enter it."""

    observer_kind: str
    kept: Kept
    tasks: tuple[TaskResults, ...]
    contrasts: pd.DataFrame

    @property
    def participants(self) -> int:
        """How many people are in the primary analysis."""
        return self.kept.trials["participant_id"].nunique()


def compute(export: Export) -> tuple[ObserverResults, ...]:
    """Results for each kind of observer in the export, humans first; empty when nobody took part."""
    return tuple(_observer_results(export.of(kind), kind) for kind in export.observer_kinds)


def paper_figures(config: AnalysisConfig) -> PaperFigures | None:
    """The paper that the definition asks to be set beside."""
    return PAPERS[config.paper] if config.paper else None


def _observer_results(export: Export, observer_kind: str) -> ObserverResults:
    kept = apply_exclusions(export, export.config.exclusions)
    paper = paper_figures(export.config)
    tasks = tuple(_task_results(kept.trials, task, export.config.confidence, paper) for task in export.tasks)
    return ObserverResults(observer_kind, kept, tasks, contrasts(kept.trials, export, paper))


def _task_results(trials: pd.DataFrame, task: Task, confidence: float, paper: PaperFigures | None) -> TaskResults:
    rows = trials[trials["task"] == task.name]
    levels = {"method": task.methods}
    if task.kind == "trust":
        published = paper.trust_scores if paper else {}
        scores = mean_score(rows, levels, confidence)
        tables = {"scores": scores, "shares": answer_shares(rows, task.methods, confidence)}
        tables["scores"]["paper"] = scores["method"].map(published).astype(float)
    else:
        published = paper.accuracies if paper else {}
        right = accuracy(rows, levels, confidence)
        tables = {"accuracy": right, "discriminability": discriminability(rows, task.methods, confidence)}
        tables["accuracy"]["paper"] = right["method"].map(published).astype(float)
    return TaskResults(task, len(rows), rows["participant_id"].nunique(), rows["image_id"].nunique(), tables)


def contrasts(trials: pd.DataFrame, export: Export, paper: PaperFigures | None) -> pd.DataFrame:
    """The definition's contrasts: a row each, with `p_holm` over all of them and the paper's own difference."""
    tasks = {task.name: task for task in export.tasks}
    estimates: dict[tuple[str, str, str, str], Estimate] = {}
    for contrast in export.config.contrasts:
        task = tasks[contrast.task]
        rows = trials[trials["task"] == task.name]
        estimates[task.name, task.kind, contrast.a, contrast.b] = DIFFERENCES[task.kind](
            rows, task.methods, contrast.a, contrast.b, export.config.confidence
        )
    table = estimate_table(estimates, ["task", "kind", "a", "b"])
    corrected = holm([e.p for e in estimates.values()])
    differences = [_published_difference(paper, kind, a, b) for _, kind, a, b in estimates]
    return table.assign(p_holm=pd.Series(corrected, dtype=float), paper=pd.Series(differences, dtype=float))


def _published_difference(paper: PaperFigures | None, kind: str, a: str, b: str) -> float:
    published = {} if paper is None else paper.trust_scores if kind == "trust" else paper.accuracies
    return published[a] - published[b] if a in published and b in published else np.nan


def as_json(results: ObserverResults) -> dict[str, object]:
    """Every number as plain JSON values; None where there is none, and then the row's `note` says why."""
    return {
        "observer_kind": results.observer_kind,
        "participants": results.participants,
        "flow": records(results.kept.flow),
        "excluded": records(results.kept.excluded),
        "tasks": {
            t.task.name: {
                **asdict(t.task),
                "responses": t.responses,
                "participants": t.participants,
                "images": t.images,
                **{name: records(table) for name, table in t.tables.items()},
            }
            for t in results.tasks
        },
        "contrasts": records(results.contrasts),
    }


def records(table: pd.DataFrame) -> list[dict[str, object]]:
    """A frame's rows as dictionaries of plain Python values, NaN as None."""
    return table.astype(object).where(table.notna(), None).to_dict("records")
