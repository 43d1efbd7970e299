"""What must hold between the tables of an export before a number is computed from them."""

from analysis.data.checks import refuse, require_known, require_unique
from analysis.data.exclusions import is_identical_pair
from analysis.data.export import Export
from analysis.tasks.kinds import ANALYSIS_KINDS
from contracts.observers import parse

PURPOSES = ("main", "practice", "attention", "control")
STATES = ("answered", "open", "released")


def check(export: Export) -> None:
    """Raise ExportError when ids repeat or dangle, or when an answer contradicts its own row."""
    participants, trials, stimuli = export.participants, export.trials, export.stimuli
    require_unique(participants, "participants", "participant_id")
    require_unique(trials, "trials", "trial_id")
    require_unique(stimuli, "stimuli", "stimulus_id")
    require_unique(export.answers, "answers", "answer_id")
    require_known(export.answers, "answers", "trial_id", trials["trial_id"])
    require_unique(export.events, "events", "event_id")
    hashes = (export.definition_sha256, *export.earlier_sha256)
    require_known(
        participants, "participants", "observer_kind", list(filter(parse, participants["observer_kind"].unique()))
    )
    require_known(participants, "participants", "definition_sha256", hashes)
    require_known(trials, "trials", "definition_sha256", hashes)
    require_known(trials, "trials", "participant_id", participants["participant_id"])
    require_known(export.events, "events", "participant_id", participants["participant_id"])
    require_known(trials, "trials", "state", STATES)
    require_known(trials, "trials", "purpose", PURPOSES)
    require_known(trials, "trials", "task", [task.name for task in export.tasks])
    for column in ("stimulus_id", "left_stimulus_id", "right_stimulus_id"):
        require_known(trials[trials[column].notna()], "trials", column, stimuli["stimulus_id"])
    kinds = participants.set_index("participant_id")["observer_kind"]
    refuse(
        trials["observer_kind"] != trials["participant_id"].map(kinds), trials, "observer_kind is not its participant's"
    )
    answered = trials["state"] == "answered"
    refuse(answered != trials["response"].notna(), trials, "answered rows must have a response, and no others")
    refuse(trials["rt"] < 0, trials, "rt is negative")
    for task in export.tasks:
        rows = trials[trials["task"] == task.name]
        require_known(rows, "trials", "trial_type", (task.kind,))
        require_known(rows, "trials", "method", task.methods)
        check_kind = ANALYSIS_KINDS[task.kind].check
        check_kind(rows[(rows["state"] == "answered") & rows["purpose"].isin(("main", "practice"))], task.networks)
    controls = trials[trials["purpose"] == "control"]
    refuse(~is_identical_pair(controls), controls, "a control does not show one visualization on both sides")
    for task in export.tasks:
        rows = controls[(controls["task"] == task.name) & (controls["state"] == "answered")]
        ANALYSIS_KINDS[task.kind].check_controls(rows)
