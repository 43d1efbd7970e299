"""Which responses the primary analysis uses, by named rules, and where all the others went."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pandas as pd

from analysis.config import ExclusionsConfig
from analysis.data.careless import longest_run, same_side, times
from analysis.data.export import Export, ExportError, Task
from analysis.display.wording import level, percent
from analysis.notes import Note

FLOW_COLUMNS = ("step", "participants_out", "trials_out", "participants_left", "trials_left")


BY_RESEARCHER = Note("Excluded in the study by the researcher")
"""The rule of people whom the definition's own rules do not name."""


@dataclass(frozen=True)
class Included:
    """`trials`: the responses analysed. `flow`: one row a step (a note), from all who joined to what is analysed.
    `excluded`: a row for each participant left out as a person (`participant_id`; `rule`, a note; `reason`, a note or
    the researcher's words). `controls`: responses of the same people to identical pairs."""

    trials: pd.DataFrame
    flow: pd.DataFrame
    excluded: pd.DataFrame
    controls: pd.DataFrame


def apply_exclusions(
    export: Export, rules: ExclusionsConfig, heed_researcher: bool = True, keep_overflow: bool = False
) -> Included:
    """Keep what the primary analysis uses: answered trials among the k of each item, of people whom no rule names.

    The defaults are the primary analysis; `heed_researcher=False` keeps people whom the researcher excluded in the
    study, and `keep_overflow=True` the responses beyond the k.

    Overflow responses (given after the lease had expired and the place was taken) are real answers, but counting them
    would give some items more than their k ratings for a reason tied to slowness; the primary analysis leaves them out.
    """
    participants, trials = export.participants, export.trials
    steps = _joined(participants, trials, sum(export.withdrawn.values()))

    def keep(step: Note, kept_participants: pd.DataFrame, kept_trials: pd.DataFrame) -> None:
        nonlocal participants, trials
        steps.append(_step(step, participants, trials, kept_participants, kept_trials))
        participants, trials = kept_participants, kept_trials

    keep(_unanswered(participants), participants, trials[trials["state"] == "answered"])
    if not keep_overflow:
        keep(Note("Response beyond the ratings planned (overflow)"), participants, trials[~trials["is_overflow"]])
    excluded = _excluded(export, rules, heed_researcher)
    for rule in dict.fromkeys(excluded["rule"]):
        gone = excluded.loc[excluded["rule"] == rule, "participant_id"]
        keep(
            rule,
            participants[~participants["participant_id"].isin(gone)],
            trials[~trials["participant_id"].isin(gone)],
        )
    if rules.min_rt_ms is not None:
        step = Note("Response time below {ms} ms", {"ms": format(rules.min_rt_ms, "g")})
        keep(step, participants, trials[~(times(trials) < rules.min_rt_ms)])
    if rules.max_rt_ms is not None:
        step = Note("Response time above {ms} ms", {"ms": format(rules.max_rt_ms, "g")})
        keep(step, participants, trials[~(times(trials) > rules.max_rt_ms)])
    is_control = is_identical_pair(trials)
    controls = trials[is_control]
    if is_control.any():
        keep(Note("Control: the same visualization on both sides"), participants, trials[~is_control])
    keep(Note("No response left"), participants[participants["participant_id"].isin(trials["participant_id"])], trials)
    flow = pd.DataFrame(steps, columns=list(FLOW_COLUMNS))
    return Included(trials.reset_index(drop=True), flow, excluded, controls.reset_index(drop=True))


def analysed(export: Export, kind: str, task: str | None, observer_kind: str | None) -> tuple[pd.DataFrame, Task]:
    """The primary analysis' responses of one task of `kind` from one kind of observer. Raises ExportError.

    `task` and `observer_kind` may be left out where there is only one: kinds of observers never mix in a number.
    """
    found = {t.name: t for t in export.tasks if t.kind == kind and task in (None, t.name)}
    if len(found) != 1:
        names = ", ".join(t.name for t in export.tasks if t.kind == kind) or "none"
        raise ExportError(f"name one {kind} task of the study (there are: {names})")
    observers = [k for k in export.observer_kinds if observer_kind in (None, k)]
    if len(observers) != 1:
        kinds = ", ".join(export.observer_kinds) or "none"
        raise ExportError(f"name one observer_kind of those that took part (there are: {kinds})")
    (chosen,) = found.values()
    trials = apply_exclusions(export.of(observers[0]), export.config.exclusions).trials
    return trials[trials["task"] == chosen.name], chosen


def _joined(participants: pd.DataFrame, trials: pd.DataFrame, withdrew: int) -> list[tuple[Note, int, int, int, int]]:
    """The first step, and one for the people who withdrew; how many trials they had is not known any more."""
    people, planned = len(participants), len(trials)
    joined = (Note("Joined, with the trials planned for them"), 0, 0, people + withdrew, planned)
    gone = (Note("Withdrew; their data are deleted, and their trials are not counted"), withdrew, 0, people, planned)
    return [joined, gone] if withdrew else [joined]


def _unanswered(participants: pd.DataFrame) -> Note:
    """The step for trials without an answer, with how many people stopped or were gone before their last trial."""
    gone = ~participants["completed"]
    stopped = gone & participants["stopped_at"].notna()
    if not gone.any():
        return Note("Trial not answered")
    return Note(
        "Trial not answered (people who stopped: {stopped}; others who did not finish: {others})",
        {"stopped": int(stopped.sum()), "others": int((gone & ~stopped).sum())},
    )


def _step(
    name: Note, before: pd.DataFrame, trials_before: pd.DataFrame, after: pd.DataFrame, trials_after: pd.DataFrame
) -> tuple[Note, int, int, int, int]:
    return name, len(before) - len(after), len(trials_before) - len(trials_after), len(after), len(trials_after)


def _excluded(export: Export, rules: ExclusionsConfig, heed_researcher: bool) -> pd.DataFrame:
    """Participants left out, each by the first rule that meets them: the researcher's own, then the definition's."""
    participants = export.participants
    flagged = participants[participants["excluded"] & heed_researcher]
    found = [
        pd.DataFrame(
            {
                "participant_id": flagged["participant_id"],
                "rule": BY_RESEARCHER,
                "reason": flagged["exclusion_reason"],
            }
        )
    ]
    if rules.incomplete:
        unfinished = participants.loc[~participants["completed"], "participant_id"]
        found.append(
            pd.DataFrame({"participant_id": unfinished, "rule": Note("Did not finish the study"), "reason": ""})
        )
    if rules.failed_attention_checks is not None:
        found.append(_inattentive(participants, rules.failed_attention_checks))
    if rules.failed_comprehension:
        failed = participants.loc[participants["comprehension"] == 0, "participant_id"]
        found.append(
            pd.DataFrame({"participant_id": failed, "rule": Note("Failed a comprehension check"), "reason": ""})
        )
    return pd.concat([*found, *_careless(export, rules)], ignore_index=True).drop_duplicates(
        "participant_id", ignore_index=True
    )


def _careless(export: Export, rules: ExclusionsConfig) -> Iterator[pd.DataFrame]:
    """Participants whom a rule about the answers of a task names."""
    ratings = export.trials[~is_identical_pair(export.trials)]
    if rules.min_median_rt_ms is not None:
        rule = Note("Median response time below {ms} ms in a task", {"ms": format(rules.min_median_rt_ms, "g")})
        medians = _medians(ratings)
        yield _in_a_task(medians[medians < rules.min_median_rt_ms], rule, _time)
    if rules.max_median_rt_ms is not None:
        rule = Note("Median response time above {ms} ms in a task", {"ms": format(rules.max_median_rt_ms, "g")})
        medians = _medians(ratings)
        yield _in_a_task(medians[medians > rules.max_median_rt_ms], rule, _time)
    if rules.same_side is not None:
        rule = Note("At least {share} of a task's answers on one side", {"share": level(rules.same_side)})
        shares = same_side(ratings)
        yield _in_a_task(shares[shares >= rules.same_side], rule, _share)
    if rules.longest_run is not None:
        rule = Note("At least {n} answers in a row on one side of a task", {"n": rules.longest_run})
        runs = longest_run(ratings)
        yield _in_a_task(runs[runs >= rules.longest_run], rule, _run)


def failed_checks(participants: pd.DataFrame) -> pd.Series:
    """How many attention checks each participant failed; 0 where none was answered."""
    return (participants["attention_checks"] - participants["attention_checks_passed"]).fillna(0).astype(int)


def _inattentive(participants: pd.DataFrame, most: int) -> pd.DataFrame:
    failed = failed_checks(participants)
    out = participants[failed >= most]
    checks = zip(failed[out.index], out["attention_checks"], strict=True)
    reasons = [Note("{n} of {of} failed", {"n": n, "of": int(of)}) for n, of in checks]
    rule = Note("Failed attention checks: at least {n}", {"n": most})
    return pd.DataFrame({"participant_id": out["participant_id"], "rule": rule, "reason": reasons})


def _medians(ratings: pd.DataFrame) -> pd.Series:
    """Median rt by (participant_id, task); without those of no rt, who cannot be judged and stay."""
    return times(ratings).groupby([ratings["participant_id"], ratings["task"]]).median().dropna()


def _in_a_task(values: pd.Series, rule: Note, reason: Callable[[float, str], Note]) -> pd.DataFrame:
    """A row for each participant of `values`, by (participant_id, task), with the first task that `rule` names."""
    out = values.reset_index(name="value").drop_duplicates("participant_id")
    reasons = [reason(value, task) for task, value in zip(out["task"], out["value"], strict=True)]
    return pd.DataFrame({"participant_id": out["participant_id"], "rule": rule, "reason": reasons})


def _time(rt: float, task: str) -> Note:
    if math.isfinite(rt):
        return Note("{ms} ms in {task}", {"ms": format(rt, ".0f"), "task": task})
    return Note("more than an hour in {task}", {"task": task})


def _share(share: float, task: str) -> Note:
    return Note("{share} in {task}", {"share": percent(share), "task": task})


def _run(length: float, task: str) -> Note:
    return Note("{n} in a row in {task}", {"n": int(length), "task": task})


def is_identical_pair(trials: pd.DataFrame) -> pd.Series:
    """Trust trials that show one visualization on both sides: controls, whose mean answer must be 0."""
    left = trials["left_stimulus_id"]
    return left.notna() & (left == trials["right_stimulus_id"])
