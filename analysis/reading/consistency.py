"""What must hold between the tables of an export before a number is computed from them."""

import numpy as np
import pandas as pd

from analysis.data.checks import refuse, require_known, require_unique
from analysis.data.exclusions import is_identical_pair
from analysis.data.export import Export, ExportError
from analysis.tasks.kinds import ANALYSIS_KINDS
from contracts.observers import HUMAN, SIMULATED, parse
from contracts.tasks import KINDS, Kind

_PICTURES = {"stimulus_id": "network", "left_stimulus_id": "left_network", "right_stimulus_id": "right_network"}
_BOTH_SIDES = ("left_stimulus_id", "right_stimulus_id", "left_network", "right_network")


def check(export: Export) -> None:
    """Raise ExportError when rows repeat, ids dangle, or an answer contradicts its own row or its task."""
    participants, trials, stimuli = export.participants, export.trials, export.stimuli
    require_unique(participants, "participants", "participant_id")
    require_unique(trials, "trials", "trial_id")
    require_unique(stimuli, "stimuli", "stimulus_id")
    require_unique(export.answers, "answers", "answer_id")
    require_known(export.answers, "answers", "trial_id", trials["trial_id"])
    require_unique(export.events, "events", "event_id")
    require_unique(export.questionnaire, "questionnaire", "item_answer_id")
    require_known(export.questionnaire, "questionnaire", "participant_id", participants["participant_id"])
    hashes = (export.definition_sha256, *export.earlier_sha256)
    require_known(
        participants, "participants", "observer_kind", list(filter(parse, participants["observer_kind"].unique()))
    )
    require_known(participants, "participants", "definition_sha256", hashes)
    _check_counts(participants)
    require_known(trials, "trials", "definition_sha256", hashes)
    require_known(trials, "trials", "participant_id", participants["participant_id"])
    require_known(export.events, "events", "participant_id", participants["participant_id"])
    require_known(trials, "trials", "task", [task.name for task in export.tasks])
    for column in ("stimulus_id", "left_stimulus_id", "right_stimulus_id"):
        require_known(trials[trials[column].notna()], "trials", column, stimuli["stimulus_id"])
    _check_conditions(export)
    whose = participants.set_index("participant_id")
    for column in ("observer_kind", "condition"):
        theirs = trials["participant_id"].map(whose[column])
        refuse(trials[column].fillna("") != theirs.fillna(""), trials, f"{column} is not its participant's")
    answered = trials["state"] == "answered"
    refuse(answered != trials["response"].notna(), trials, "answered rows must have a response, and no others")
    refuse(trials["is_overflow"] & ~answered, trials, "is_overflow is 1, but the trial is not answered")
    _refuse_repeated(trials)
    for task in export.tasks:
        rows = trials[trials["task"] == task.name]
        require_known(rows, "trials", "trial_type", (task.kind,))
        require_known(rows, "trials", "method", task.methods)
        for column in ("network", "left_network", "right_network"):
            require_known(rows[rows[column].notna()], "trials", column, task.networks)
        _check_task(rows[rows["purpose"] != "learning"], KINDS[task.kind])
        check_kind = ANALYSIS_KINDS[task.kind].check
        check_kind(rows[(rows["state"] == "answered") & rows["purpose"].isin(("main", "practice"))], task.networks)
    controls = trials[trials["purpose"] == "control"]
    refuse(~is_identical_pair(controls), controls, "a control does not show one visualization on both sides")
    for task in export.tasks:
        rows = controls[(controls["task"] == task.name) & (controls["state"] == "answered")]
        ANALYSIS_KINDS[task.kind].check_controls(rows)
    for column, network in _PICTURES.items():
        _refuse_other_pictures(trials[trials[column].notna()], stimuli, column, network)
    _refuse_mixed_items(trials[trials["purpose"] == "main"])


def _check_conditions(export: Export) -> None:
    """Whether everybody is in a condition of the definition, and was shown what it shows."""
    people = export.participants[export.participants["observer_kind"].isin((HUMAN, SIMULATED))]
    names = [condition.name for condition in export.conditions] or [""]
    require_known(people.assign(condition=people["condition"].fillna("")), "participants", "condition", names)
    for condition in export.conditions:
        theirs = export.trials[export.trials["condition"] == condition.name]
        for task in export.tasks:
            rows = theirs[theirs["task"] == task.name]
            shown = condition.changes(task.name).get("methods", task.methods) if condition.does(task.name) else ()
            refuse(~rows["method"].isin(shown), rows, f"condition {condition.name} does not show this method")


def _refuse_other_pictures(trials: pd.DataFrame, stimuli: pd.DataFrame, picture: str, network: str) -> None:
    """Rows that say something else of a picture than the table of stimuli does."""
    shown = stimuli.set_index("stimulus_id").loc[trials[picture]]
    for column in ("image_id", "category", "method", network):
        of_picture = shown["network" if column == network else column].to_numpy()
        refuse(trials[column] != of_picture, trials, f"{column} is not that of its {picture} in the table of stimuli")


def _refuse_mixed_items(rated: pd.DataFrame) -> None:
    """An item_id that is given to two items, or an item that has two."""
    pair = np.sort(rated[["left_network", "right_network"]].fillna("").to_numpy(str), axis=1)  # on whichever sides
    rated = rated.assign(first=pair[:, 0], second=pair[:, 1])
    facts = ["condition", "task", "image_id", "category", "foil", "method", "network", "first", "second"]
    items = rated.drop_duplicates(["item_id", *facts])
    refuse(items.duplicated("item_id"), items, "its item_id is another item's too")
    refuse(items.duplicated(facts), items, "its item has another item_id too")


def _check_counts(participants: pd.DataFrame) -> None:
    """Of parts no more than of the whole."""
    for part, whole in (("trials_answered", "trials_planned"), ("attention_checks_passed", "attention_checks")):
        wrong = participants[part] > participants[whole]
        if wrong.any():
            name = participants.loc[wrong, "participant_id"].iloc[0]
            raise ExportError(f"participants: {part} is more than {whole} (participant_id {name}); export again")


def _refuse_repeated(trials: pd.DataFrame) -> None:
    """Rows that were pasted again, even under another trial_id: a trial has one place, and nobody rates an item twice.

    Practice and checks may show an item that is rated too.
    """
    places = trials.duplicated(["participant_id", "trial_index"])
    refuse(places, trials, "the participant has another trial with this trial_index, so rows occur twice")
    rated = trials[trials["purpose"] == "main"]
    again = rated.duplicated(["participant_id", "task", "item_id"])
    refuse(again, rated, "the participant has another trial with this item_id, so rows occur twice")


def _check_task(rows: pd.DataFrame, kind: Kind) -> None:
    """Whether the rows of one task show and ask what its kind does."""
    shown = ("network", "stimulus_id") if kind.pictures == 1 else _BOTH_SIDES
    for column in shown:
        refuse(rows[column].isna(), rows, f"{column} is empty")
    refuse(~_is_between(rows[kind.value], *kind.bounds), rows, f"{kind.value} is not {kind.least:g} to {kind.most:g}")
    options = rows["option_order"].str.split(";").map(sorted)
    if kind.points:
        own = [sorted(kind.values_of(len(given))) for given in options]
        offered = pd.Series(own, rows.index, object)
    elif values := kind.questions[0].values:
        offered = pd.Series([sorted(values)] * len(rows), rows.index, object)
    else:
        pairs = zip(rows["category"].map(str), rows["foil"].map(str), strict=True)
        offered = pd.Series([sorted(kind.options_of(*pair)) for pair in pairs], rows.index, object)
    refuse(options != offered, rows, "option_order is not the options in some order")
    refuse(options.map(lambda given: len(set(given)) < len(given)), rows, "option_order holds an option twice")


def _is_between(values: pd.Series, least: float, most: float) -> pd.Series:
    return values.isna() | values.between(least, most)
