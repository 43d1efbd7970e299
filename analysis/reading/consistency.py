"""What must hold between the tables of an export before a number is computed from them."""

from analysis.data.checks import refuse, unique, within
from analysis.data.exclusions import is_identical_pair
from analysis.data.export import Export
from analysis.tasks.kinds import ANALYSIS_KINDS
from contracts.observers import parse

PURPOSES = ("main", "practice", "attention", "control")
STATES = ("answered", "open", "released")


def check(export: Export) -> None:
    """Raise ExportError when ids repeat or dangle, or when an answer contradicts its own row."""
    participants, trials, stimuli = export.participants, export.trials, export.stimuli
    unique(participants, "participants", "participant_id")
    unique(trials, "trials", "trial_id")
    unique(stimuli, "stimuli", "stimulus_id")
    unique(export.answers, "answers", "answer_id")
    within(export.answers, "answers", "trial_id", trials["trial_id"])
    unique(export.events, "events", "event_id")
    hashes = (export.definition_sha256, *export.earlier_sha256)
    within(participants, "participants", "observer_kind", list(filter(parse, participants["observer_kind"].unique())))
    within(participants, "participants", "definition_sha256", hashes)
    within(trials, "trials", "definition_sha256", hashes)
    within(trials, "trials", "participant_id", participants["participant_id"])
    within(export.events, "events", "participant_id", participants["participant_id"])
    within(trials, "trials", "state", STATES)
    within(trials, "trials", "purpose", PURPOSES)
    within(trials, "trials", "task", [task.name for task in export.tasks])
    for column in ("stimulus_id", "left_stimulus_id", "right_stimulus_id"):
        within(trials[trials[column].notna()], "trials", column, stimuli["stimulus_id"])
    kinds = participants.set_index("participant_id")["observer_kind"]
    refuse(
        trials["observer_kind"] != trials["participant_id"].map(kinds), trials, "observer_kind is not its participant's"
    )
    answered = trials["state"] == "answered"
    refuse(answered != trials["response"].notna(), trials, "a response must stand in answered rows and in no others")
    refuse(trials["rt"] < 0, trials, "rt is negative")
    for task in export.tasks:
        rows = trials[trials["task"] == task.name]
        within(rows, "trials", "trial_type", (task.kind,))
        within(rows, "trials", "method", task.methods)
        check_kind = ANALYSIS_KINDS[task.kind].check
        check_kind(rows[(rows["state"] == "answered") & rows["purpose"].isin(("main", "practice"))], task.networks)
    controls = trials[trials["purpose"] == "control"]
    refuse(~is_identical_pair(controls), controls, "a control does not show one visualization on both sides")
    for task in export.tasks:
        rows = controls[(controls["task"] == task.name) & (controls["state"] == "answered")]
        ANALYSIS_KINDS[task.kind].check_controls(rows)
