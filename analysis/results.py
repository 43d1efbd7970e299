"""All numbers of a report, computed for each kind of observer apart."""

from dataclasses import asdict, dataclass, replace

import numpy as np
import pandas as pd

from analysis.config import AnalysisConfig
from analysis.data.completeness import People, Reached, given_by_task, people, planned_responses, reached
from analysis.data.conditions import compared, names, people_by_condition, whose
from analysis.data.course import Course, course, shares
from analysis.data.exclusions import Included, apply_exclusions
from analysis.data.export import Export, Task
from analysis.data.reasons import reasons
from analysis.data.turned_away import turned_away_table
from analysis.estimation.cells import estimate_table
from analysis.estimation.estimates import Estimate, holm
from analysis.estimation.raters import raters
from analysis.estimation.sequential import error_of_repeated_tests, present_look, rejections
from analysis.measured import metric_table
from analysis.notes import Note
from analysis.paper import PAPERS, PaperFigures
from analysis.questionnaires import answers_beside_original, item_table, moderator_table, score_table
from analysis.robustness.balance import attention, balance, dropout, sittings
from analysis.robustness.equivalence import equivalence, withheld
from analysis.robustness.multiverse import multiverse
from analysis.robustness.original import beside_original, original_of
from analysis.robustness.smallest_effect import equivalence_tests
from analysis.tasks.individuals import individuals, response_times
from analysis.tasks.kind import AnalysisKind, TaskResults, TaskRows
from analysis.tasks.kinds import ANALYSIS_KINDS
from contracts.observers import MACHINE, observer_of
from contracts.tasks import KINDS


@dataclass(frozen=True)
class ObserverResults:
    """Everything computed from one kind of observer; other kinds never enter it.

    `people`: who joined and left. `course`: amendments, looks and pauses. `reached`: how many of each task's planned
    ratings were given, where the definition tells how many.
    `tables`: `multiverse`, `equivalence`, `attention-checks`, `browser-events`, `questionnaire-items`,
    `questionnaire-scores`, `moderators`, `metrics`, and those that each kind of task has
    over all its tasks.
    """

    observer_kind: str
    included: Included
    tasks: tuple[TaskResults, ...]
    contrasts: pd.DataFrame
    tables: dict[str, pd.DataFrame]
    reached: tuple[Reached, ...]
    course: Course
    people: People

    @property
    def participants(self) -> int:
        """How many people are in the primary analysis."""
        return self.included.trials["participant_id"].nunique()


def compute(export: Export) -> tuple[ObserverResults, ...]:
    """Results for each kind of observer in the export, humans first; empty when no one took part."""
    return tuple(_observer_results(export.of(kind), kind) for kind in export.observer_kinds)


def paper_figures(config: AnalysisConfig) -> PaperFigures | None:
    """The paper that the definition compares with."""
    return PAPERS[config.paper] if config.paper else None


def _observer_results(export: Export, observer_kind: str) -> ObserverResults:
    included = apply_exclusions(export, export.config.exclusions)
    # The paper's figures are of people: nothing of a machine is compared with them.
    paper = None if observer_of(observer_kind).family == MACHINE else paper_figures(export.config)
    tasks = tuple(_task_results(included, task, export, paper) for task in export.tasks)
    compared = contrasts(included.trials, export, paper)
    means = {(t.task.name, t.task.kind): t.tables[ANALYSIS_KINDS[t.task.kind].means] for t in tasks}
    who = people(export, len(included.excluded))
    without = withheld(observer_kind, export.tasks, reached(export))
    tables = {
        "multiverse": multiverse(export),
        "equivalence": equivalence(means, compared, paper, export.config, without),
        "attention-checks": attention(export.participants),
        "dropout": dropout(export),
        "conditions": people_by_condition(export, included.trials),
        "browser-events": sittings(export.participants, export.events),
        "reasons": reasons(export, included.trials),
        "turned-away": turned_away_table(export.turned_away),
        "metrics": metric_table(export, included.trials),
        **_questionnaires(export, included),
    }
    for kind in ANALYSIS_KINDS.values():
        tables |= _p_where_tested(kind.study_tables(included.trials, export), kind)
    tables["original"] = _beside_original(tasks, tables, export, observer_kind)
    tables["original-answers"] = _answers_beside_original(included, export, observer_kind)
    return ObserverResults(observer_kind, included, tasks, compared, tables, reached(export), course(export), who)


def _beside_original(
    tasks: tuple[TaskResults, ...], of_study: dict[str, pd.DataFrame], export: Export, observer_kind: str
) -> pd.DataFrame:
    """Numbers of people are beside people's; machines have no column there. `of_study`: tables over all tasks."""
    of_machine = observer_of(observer_kind).family == MACHINE
    tables = {} if of_machine else {t.task.name: of_study | t.tables for t in tasks}
    kinds = {t.task.name: t.task.kind for t in tasks}
    return beside_original(original_of(export.definition), tables, kinds, export.config.confidence)


def _answers_beside_original(included: Included, export: Export, observer_kind: str) -> pd.DataFrame:
    """Published answers of people beside people's; machines answer no questionnaires."""
    told = None if observer_of(observer_kind).family == MACHINE else original_of(export.definition)
    people = list(included.trials["participant_id"].unique())
    return answers_beside_original(told, export.questionnaire, people, export.config.confidence)


def _questionnaires(export: Export, included: Included) -> dict[str, pd.DataFrame]:
    people = list(included.trials["participant_id"].unique())
    return {
        "questionnaire-items": item_table(export, people),
        "questionnaire-scores": score_table(export, people),
        "moderators": moderator_table(export, included.trials),
    }


def _task_results(included: Included, task: Task, export: Export, paper: PaperFigures | None) -> TaskResults:
    rows = included.trials[included.trials["task"] == task.name]
    controls = included.controls[included.controls["task"] == task.name]
    kind, facts, confidence = ANALYSIS_KINDS[task.kind], KINDS[task.kind], export.config.confidence
    answers = export.answers[export.answers["trial_id"].isin(rows["trial_id"])]
    agreed, metric = kind.agreed(rows)
    own = kind.tables(TaskRows(rows, controls, answers, task, confidence))
    tables = _with_paper(own, kind, paper) | {
        "raters": raters(rows, task.methods, agreed, metric, confidence),
        "participants": individuals(rows, "participant_id", facts, confidence),
        "images": individuals(rows, "image_id", facts, confidence),
        "times": response_times(rows, task.methods),
        "by-condition": _by_condition(kind, rows, controls, answers, task, export),
        "balance": balance(rows, _sides(kind, rows, task), _planned_ratings(export, task)),
    }
    people, images = rows["participant_id"].nunique(), rows["image_id"].nunique()
    return TaskResults(task, len(rows), people, images, _p_where_tested(tables, kind))


def _by_condition(
    kind: AnalysisKind,
    rows: pd.DataFrame,
    controls: pd.DataFrame,
    answers: pd.DataFrame,
    task: Task,
    export: Export,
) -> pd.DataFrame:
    """The mean of each condition over all that it shows in the task; no rows where fewer than two do it."""
    doing = names(export, task)
    if len(doing) < 2:
        return pd.DataFrame(columns=["condition"])
    seen = TaskRows(
        rows.assign(method=rows["condition"]),
        controls.assign(method=controls["condition"]),
        answers,
        replace(task, methods=doing),
        export.config.confidence,
    )
    return kind.tables(seen)[kind.means].rename(columns={"method": "condition"})


def means_of(results: TaskResults, of: str) -> pd.Series:
    """The task's means by method, or by condition where a contrast is `of` conditions."""
    if of == "conditions":
        return results.tables["by-condition"].set_index("condition")["value"]
    return results.tables[ANALYSIS_KINDS[results.task.kind].means].set_index("method")["value"]


def _p_where_tested(tables: dict[str, pd.DataFrame], kind: AnalysisKind) -> dict[str, pd.DataFrame]:
    """`tables` without the p of what is not tested: a report's files hold none either."""
    return {
        name: table if name in kind.tested | {kind.means} else table.drop(columns="p", errors="ignore")
        for name, table in tables.items()
    }


def _with_paper(
    tables: dict[str, pd.DataFrame], kind: AnalysisKind, paper: PaperFigures | None
) -> dict[str, pd.DataFrame]:
    """`tables`, the means with a column `paper`: what was published of each method."""
    means, published = tables[kind.means], kind.published(paper) if paper else {}
    return tables | {kind.means: means.assign(paper=means["method"].map(published).astype(float))}


def _sides(kind: AnalysisKind, rows: pd.DataFrame, task: Task) -> dict[str, pd.Series]:
    return {kind.texts.sides: kind.sides(rows, task)} if kind.sides else {}


def _planned_ratings(export: Export, task: Task) -> int | None:
    return next((t.get("ratings_per_item") for t in export.definition["tasks"] if t["name"] == task.name), None)


def contrasts(trials: pd.DataFrame, export: Export, paper: PaperFigures | None) -> pd.DataFrame:
    """The definition's contrasts: a row each, with `p_holm` over all of them and the paper's own difference.

    `of`: what is compared, methods or conditions; `people`: whether the two means are of the same ones, by the design.
    `tested`: whether a test was due, `rejected`: whether it tells the difference from 0, by the rule fixed beforehand.
    `smallest`, `p_equivalence`, `p_equivalence_holm` and `equivalent` are those of equivalence_tests.
    Under a sequential rule `look` is the present one (from 1; missing between looks) and `level` what p itself is held
    against. `inflated`: the error of p against 0.05 where the task was extended after answers; else missing.
    """
    tasks = {task.name: task for task in export.tasks}
    estimates: dict[tuple[str, str, str, str], Estimate] = {}
    for contrast in export.config.contrasts:
        task = tasks[contrast.task]
        rows, task = compared(export, contrast, trials[trials["task"] == task.name], task)
        estimates[task.name, task.kind, contrast.a, contrast.b] = ANALYSIS_KINDS[task.kind].difference(
            rows, task.methods, contrast.a, contrast.b, export.config.confidence
        )
    table = estimate_table(estimates, ["task", "kind", "a", "b"])
    corrected = holm([e.p for e in estimates.values()])
    differences = [_published_difference(paper, kind, a, b) for _, kind, a, b in estimates]
    table = table.assign(p_holm=pd.Series(corrected, dtype=float), paper=pd.Series(differences, dtype=float))
    table = table.assign(
        of=[contrast.of for contrast in export.config.contrasts],
        people=[whose(export, contrast) for contrast in export.config.contrasts],
    )
    table = table.assign(inflated=_inflated(table, export), **_decisions(table, export))
    return table.join(equivalence_tests(table, export.config))


def _inflated(table: pd.DataFrame, export: Export) -> pd.Series:
    went = course(export)
    errors = {}
    for task in export.tasks:
        if unplanned := went.unplanned(task.name):
            errors[task.name] = error_of_repeated_tests(shares(unplanned), 1 - export.config.confidence)
    return table["task"].map(errors).astype(float)


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
    published = ANALYSIS_KINDS[kind].published(paper) if paper else {}
    return published[a] - published[b] if a in published and b in published else np.nan


def as_json(results: ObserverResults) -> dict[str, object]:
    """Every number as plain JSON values; None where there is none, and then the row's `note` says why."""
    return {
        "observer_kind": results.observer_kind,
        "participants": results.participants,
        "ratings": {r.task: {"given": r.given, "planned": r.planned} for r in results.reached},
        "course": [row | {"at": str(row["at"])} for row in records(results.course.steps)],
        "flow": records(results.included.flow),
        "excluded": records(results.included.excluded),
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
    """A frame's rows as dictionaries of plain Python values: NaN as None, notes in English."""
    columns = {
        name: [None if missing else _plain(value) for value, missing in zip(column, column.isna(), strict=True)]
        for name, column in table.astype(object).items()
    }
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Note) else value
