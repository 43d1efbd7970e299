"""All numbers of a report, computed for each kind of observer apart."""

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from analysis.config import AnalysisConfig
from analysis.data.completeness import Reached, given_by_task, planned_responses, reached
from analysis.data.exclusions import Kept, apply_exclusions
from analysis.data.export import Export, Task
from analysis.estimation.agreement import agreement
from analysis.estimation.cells import estimate_table
from analysis.estimation.estimates import Estimate, holm
from analysis.estimation.ordinal import odds_ratio
from analysis.estimation.ranking import ranking
from analysis.estimation.sequential import present_look, rejections
from analysis.paper import PAPERS, PaperFigures
from analysis.robustness.balance import attention, balance, sittings
from analysis.robustness.equivalence import equivalence
from analysis.robustness.multiverse import multiverse
from analysis.tasks.biases import choice_biases, trust_biases
from analysis.tasks.class_discrimination.confidence import by_confidence, overconfidence
from analysis.tasks.class_discrimination.estimates import accuracy_difference, accuracy_table, discriminability
from analysis.tasks.individuals import confusion, individuals, response_times
from analysis.tasks.trust.estimates import answer_shares, mean_score_table, score_difference
from contracts.observers import MACHINE, parse

DIFFERENCES = {"class-discrimination": accuracy_difference, "trust": score_difference}
MANY_NETWORKS = 3  # from here on networks are ranked


@dataclass(frozen=True)
class TaskResults:
    """One task: how much data there is, and its tables by name.

    Class discrimination has `accuracy`, `discriminability`, `networks`, `categories`, `crossed`, `method-networks` and
    `category-networks` (empty for one network), `confusion`, `confidence` and `overconfidence` (empty where nobody was
    asked), trust `scores` and `shares`; both have `biases`, `agreement`, `participants`, `images`, `times`, `balance`.
    """

    task: Task
    responses: int
    participants: int
    images: int
    tables: dict[str, pd.DataFrame]


@dataclass(frozen=True)
class ObserverResults:
    """Everything computed from one kind of observer; other kinds never enter it.

    `reached`: how many of each task's planned ratings were given, where the definition tells how many.
    `tables`: `multiverse`, `equivalence`, `odds-ratios`, `strengths`, `network-pairs`,
    `attention-checks` and `browser-events`.
    """

    observer_kind: str
    kept: Kept
    tasks: tuple[TaskResults, ...]
    contrasts: pd.DataFrame
    tables: dict[str, pd.DataFrame]
    reached: tuple[Reached, ...]

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
    # The paper's figures are of people: nothing of a machine is set beside them.
    paper = None if parse(observer_kind).family == MACHINE else paper_figures(export.config)
    tasks = tuple(_task_results(kept, task, export, paper) for task in export.tasks)
    compared = contrasts(kept.trials, export, paper)
    means = {(t.task.name, t.task.kind): t.tables["scores" if t.task.kind == "trust" else "accuracy"] for t in tasks}
    strengths, pairs = _ranking(kept.trials, export)
    tables = {
        "multiverse": multiverse(export),
        "equivalence": equivalence(means, compared, paper, export.config),
        "odds-ratios": odds_ratios(kept.trials, export),
        "strengths": strengths,
        "network-pairs": pairs,
        "attention-checks": attention(export.participants),
        "browser-events": sittings(export.participants, export.events),
    }
    return ObserverResults(observer_kind, kept, tasks, compared, tables, reached(export))


def _task_results(kept: Kept, task: Task, export: Export, paper: PaperFigures | None) -> TaskResults:
    rows = kept.trials[kept.trials["task"] == task.name]
    confidence = export.config.confidence
    if task.kind == "trust":
        controls = kept.controls[kept.controls["task"] == task.name]
        tables = _trust_tables(rows, controls, task, confidence, paper)
        value, agreed, metric = "score", rows["score"].to_numpy(), "ordinal"
    else:
        tables = _discrimination_tables(rows, task, confidence, paper)
        # Which of its image's two categories was named: only these two are on offer, so only these can disagree.
        earlier = rows["category"].where(rows["category"] < rows["foil"], rows["foil"])
        agreed = (rows["response"] == earlier).to_numpy()
        value, metric = "correct", "nominal"
    tables |= {
        "agreement": agreement(rows, task.methods, agreed, metric, confidence),
        "participants": individuals(rows, "participant_id", value, confidence),
        "images": individuals(rows, "image_id", value, confidence),
        "times": response_times(rows, task.methods),
        "balance": balance(rows, task.kind, _planned_ratings(export, task), task.networks[0]),
    }
    return TaskResults(task, len(rows), rows["participant_id"].nunique(), rows["image_id"].nunique(), tables)


def _trust_tables(
    rows: pd.DataFrame, controls: pd.DataFrame, task: Task, confidence: float, paper: PaperFigures | None
) -> dict[str, pd.DataFrame]:
    scores = mean_score_table(rows, {"method": task.methods}, confidence)
    published = paper.trust_scores if paper else {}
    return {
        "scores": scores.assign(paper=scores["method"].map(published).astype(float)),
        "shares": answer_shares(rows, task.methods, confidence),
        "biases": trust_biases(rows, controls, task.networks[0], confidence),
    }


def _discrimination_tables(
    rows: pd.DataFrame, task: Task, confidence: float, paper: PaperFigures | None
) -> dict[str, pd.DataFrame]:
    right = accuracy_table(rows, {"method": task.methods}, confidence)
    published = paper.accuracies if paper else {}
    categories = sorted(rows["category"].unique())
    several = task.networks if len(task.networks) > 1 else ()
    crossed = rows if several else rows.iloc[:0]
    return {
        "accuracy": right.assign(paper=right["method"].map(published).astype(float)),
        "discriminability": discriminability(rows, task.methods, confidence),
        "networks": accuracy_table(rows, {"network": task.networks}, confidence),
        "method-networks": accuracy_table(crossed, {"method": task.methods, "network": several}, confidence),
        "category-networks": accuracy_table(crossed, {"category": categories, "network": several}, confidence),
        "categories": accuracy_table(rows, {"category": categories}, confidence),
        "crossed": accuracy_table(rows, {"category": categories, "method": task.methods}, confidence),
        "confusion": confusion(rows),
        "biases": choice_biases(rows, confidence),
        "confidence": by_confidence(rows, confidence),
        "overconfidence": overconfidence(rows, task.methods, confidence),
    }


def _planned_ratings(export: Export, task: Task) -> int | None:
    return next((t.get("ratings_per_item") for t in export.definition["tasks"] if t["name"] == task.name), None)


def _ranking(trials: pd.DataFrame, export: Export) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Strengths of all networks over all trust tasks; empty tables for fewer than three networks."""
    tasks = [task for task in export.tasks if task.kind == "trust"]
    networks = list(dict.fromkeys(name for task in tasks for name in task.networks))
    if len(networks) < MANY_NETWORKS:
        return estimate_table({}, ["network"]), estimate_table({}, ["a", "b"])
    return ranking(trials[trials["trial_type"] == "trust"], networks, export.config.confidence)


def odds_ratios(trials: pd.DataFrame, export: Export) -> pd.DataFrame:
    """Trust contrasts by the proportional-odds model, on the log scale; `ratio`, `ratio_low`, `ratio_high` beside."""
    tasks = {task.name: task for task in export.tasks if task.kind == "trust"}
    estimates = {
        (c.task, c.a, c.b): odds_ratio(
            trials[trials["task"] == c.task], tasks[c.task].methods, c.a, c.b, export.config.confidence
        )
        for c in export.config.contrasts
        if c.task in tasks
    }
    table = estimate_table(estimates, ["task", "a", "b"])
    return table.assign(ratio=np.exp(table["value"]), ratio_low=np.exp(table["low"]), ratio_high=np.exp(table["high"]))


def contrasts(trials: pd.DataFrame, export: Export, paper: PaperFigures | None) -> pd.DataFrame:
    """The definition's contrasts: a row each, with `p_holm` over all of them and the paper's own difference.

    `tested`: whether a test was due, `rejected`: whether it tells the difference from 0, by the rule fixed beforehand.
    Under a sequential rule `look` is the present one (from 1; missing between looks) and `level` what p itself is held
    against.
    """
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
    table = table.assign(p_holm=pd.Series(corrected, dtype=float), paper=pd.Series(differences, dtype=float))
    return table.assign(**_decisions(table, export))


def _decisions(table: pd.DataFrame, export: Export) -> dict[str, pd.Series]:
    level, rule = 1 - export.config.confidence, export.config.sequential
    if rule is None:
        nothing = pd.Series(np.nan, table.index)
        return {"rejected": table["p_holm"] < level, "tested": table["p"].notna(), "look": nothing, "level": nothing}
    given = given_by_task(export)
    fractions = [given.get(task, 0) / planned_responses(export, task) for task in table["task"]]
    looks = [present_look(fraction, rule.looks) for fraction in fractions]
    p_values = [None if np.isnan(p) else p for p in table["p"]]
    rejected, held = rejections(p_values, looks, rule.looks, level)
    return {
        "rejected": pd.Series(rejected, table.index, bool),
        "tested": pd.Series([look is not None for look in looks], table.index, bool) & table["p"].notna(),
        "look": pd.Series([np.nan if look is None else look + 1 for look in looks], table.index, float),
        "level": pd.Series(held, table.index, float),
    }


def _published_difference(paper: PaperFigures | None, kind: str, a: str, b: str) -> float:
    published = {} if paper is None else paper.trust_scores if kind == "trust" else paper.accuracies
    return published[a] - published[b] if a in published and b in published else np.nan


def as_json(results: ObserverResults) -> dict[str, object]:
    """Every number as plain JSON values; None where there is none, and then the row's `note` says why."""
    return {
        "observer_kind": results.observer_kind,
        "participants": results.participants,
        "ratings": {r.task: {"given": r.given, "planned": r.planned} for r in results.reached},
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
        **{name: records(table) for name, table in results.tables.items()},
    }


def records(table: pd.DataFrame) -> list[dict[str, object]]:
    """A frame's rows as dictionaries of plain Python values, NaN as None."""
    return table.astype(object).where(table.notna(), None).to_dict("records")
