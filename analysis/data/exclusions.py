"""Which responses the primary analysis uses, by named rules, and where all the others went."""

import math
from dataclasses import dataclass

import pandas as pd

from analysis.config import ExclusionsConfig
from analysis.data.export import Export, ExportError, Task
from analysis.notes import Note
from contracts.export import BEFORE_ONSET, TOO_LONG

FLOW_COLUMNS = ("step", "participants_out", "trials_out", "participants_left", "trials_left")


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

    keep(Note("Trial not answered"), participants, trials[trials["state"] == "answered"])
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
                "rule": Note("Excluded in the study by the researcher"),
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
    if rules.min_median_rt_ms is not None:
        rule = Note("Median response time below {ms} ms in a task", {"ms": format(rules.min_median_rt_ms, "g")})
        medians = _medians(export)
        found.append(_by_median(medians[medians < rules.min_median_rt_ms], rule))
    if rules.max_median_rt_ms is not None:
        rule = Note("Median response time above {ms} ms in a task", {"ms": format(rules.max_median_rt_ms, "g")})
        medians = _medians(export)
        found.append(_by_median(medians[medians > rules.max_median_rt_ms], rule))
    return pd.concat(found, ignore_index=True).drop_duplicates("participant_id", ignore_index=True)


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


def _medians(export: Export) -> pd.Series:
    """Median rt by (participant_id, task); without those of no rt, who cannot be judged and stay.

    A time that is missing because it was too long is longer than all others, as one before the onset is shorter.
    """
    ratings = export.trials[~is_identical_pair(export.trials)]
    extremes = ratings["rt_missing"].map({TOO_LONG: math.inf, BEFORE_ONSET: 0.0}).astype(float)
    rt = ratings["rt"].fillna(extremes)
    return rt.groupby([ratings["participant_id"], ratings["task"]]).median().dropna()


def _by_median(medians: pd.Series, rule: Note) -> pd.DataFrame:
    out = medians.reset_index(name="rt").drop_duplicates("participant_id")
    reasons = [
        Note("{ms} ms in {task}", {"ms": format(rt, ".0f"), "task": task})
        if math.isfinite(rt)
        else Note("more than an hour in {task}", {"task": task})
        for task, rt in zip(out["task"], out["rt"], strict=True)
    ]
    return pd.DataFrame({"participant_id": out["participant_id"], "rule": rule, "reason": reasons})


def is_identical_pair(trials: pd.DataFrame) -> pd.Series:
    """Trust trials that show one visualization on both sides: controls, whose mean answer must be 0."""
    left = trials["left_stimulus_id"]
    return left.notna() & (left == trials["right_stimulus_id"])
