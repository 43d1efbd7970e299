"""What must hold between the tables of an export before a number is computed from them."""

import pandas as pd

from analysis.data.export import Export, ExportError
from analysis.tasks.biases import is_identical_pair
from contracts.observers import parse

PURPOSES = ("main", "practice", "attention", "control")
STATES = ("answered", "open", "released")
TRUST_SCORES = (-2.0, -1.0, 0.0, 1.0, 2.0)


def check(export: Export) -> None:
    """Raise ExportError when ids repeat or dangle, or when an answer contradicts its own row."""
    participants, trials, stimuli = export.participants, export.trials, export.stimuli
    _unique(participants, "participants", "participant_id")
    _unique(trials, "trials", "trial_id")
    _unique(stimuli, "stimuli", "stimulus_id")
    _unique(export.events, "events", "event_id")
    hashes = (export.definition_sha256, *export.earlier_sha256)
    _within(participants, "participants", "observer_kind", list(filter(parse, participants["observer_kind"].unique())))
    _within(participants, "participants", "definition_sha256", hashes)
    _within(trials, "trials", "definition_sha256", hashes)
    _within(trials, "trials", "participant_id", participants["participant_id"])
    _within(export.events, "events", "participant_id", participants["participant_id"])
    _within(trials, "trials", "state", STATES)
    _within(trials, "trials", "purpose", PURPOSES)
    _within(trials, "trials", "task", [task.name for task in export.tasks])
    for column in ("stimulus_id", "left_stimulus_id", "right_stimulus_id"):
        _within(trials[trials[column].notna()], "trials", column, stimuli["stimulus_id"])
    kinds = participants.set_index("participant_id")["observer_kind"]
    _refuse(
        trials["observer_kind"] != trials["participant_id"].map(kinds), trials, "observer_kind is not its participant's"
    )
    answered = trials["state"] == "answered"
    _refuse(answered != trials["response"].notna(), trials, "a response must stand in answered rows and in no others")
    _refuse(trials["rt"] < 0, trials, "rt is negative")
    for task in export.tasks:
        rows = trials[trials["task"] == task.name]
        _within(rows, "trials", "trial_type", (task.kind,))
        _within(rows, "trials", "method", task.methods)
        answers = {"class-discrimination": _check_choices, "trust": _check_scores}[task.kind]
        answers(rows[(rows["state"] == "answered") & rows["purpose"].isin(("main", "practice"))], task.networks)
    controls = trials[trials["purpose"] == "control"]
    _refuse(~is_identical_pair(controls), controls, "a control does not show one visualization on both sides")
    _degrees(controls[controls["state"] == "answered"])


def _check_choices(answered: pd.DataFrame, _networks: tuple[str, ...]) -> None:
    response, category = answered["response"], answered["category"]
    _refuse((response != category) & (response != answered["foil"]), answered, "response is neither category nor foil")
    _refuse(answered["correct"] != (response == category), answered, "correct is not whether response equals category")


def _check_scores(answered: pd.DataFrame, networks: tuple[str, ...]) -> None:
    response = _degrees(answered)
    side = answered["left_network"].map({networks[0]: 1, networks[1]: -1})
    _refuse(side.isna(), answered, f"left_network is neither {networks[0]} nor {networks[1]}")
    _refuse(answered["score"] != response * side, answered, f"score is not the response turned towards {networks[0]}")


def _degrees(answered: pd.DataFrame) -> pd.Series:
    response = pd.to_numeric(answered["response"], errors="coerce")
    _refuse(~response.isin(TRUST_SCORES), answered, "response is not a whole number from -2 to 2")
    return response


def _unique(frame: pd.DataFrame, table: str, column: str) -> None:
    if (missing := frame[column].isna()).any():
        raise ExportError(f"{table}: {column} is empty in row {int(missing.argmax()) + 2}; export again")
    if (repeated := frame[column].duplicated()).any():
        raise ExportError(f"{table}: {column} {frame.loc[repeated, column].iloc[0]} occurs twice; export again")


def _within(frame: pd.DataFrame, table: str, column: str, allowed: object) -> None:
    if (strange := ~frame[column].isin(allowed)).any():
        value = frame.loc[strange, column].iloc[0]
        raise ExportError(f"{table}: {column} {value!r} is not known to this export; export again")


def _refuse(wrong: pd.Series, trials: pd.DataFrame, why: str) -> None:
    if wrong.any():
        raise ExportError(f"trials: {why} (trial_id {trials.loc[wrong, 'trial_id'].iloc[0]}); export again")
