"""An export in memory: frames with declared columns, and what the study's definition says of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pandas as pd

from analysis.config import AnalysisConfig
from analysis.data.history import History
from analysis.data.turned_away import TurnedAway
from contracts.conditions import ConditionConfig
from contracts.foils import ANNOTATED
from contracts.observers import observer_of


class ExportError(Exception):
    """The export cannot be analysed; the message names the file, column or value and says what to do."""


@dataclass(frozen=True)
class Proof:
    """What comparing an export with the server's audit log showed: when it was given out, or what differs."""

    at: datetime | None = None
    difference: str = ""


@dataclass(frozen=True)
class Task:
    """What the analysis needs of a `[[tasks]]` section."""

    name: str
    kind: str
    methods: tuple[str, ...]
    networks: tuple[str, ...]
    wording: str = "paper"  # which words of the kind people read
    foil: str = ANNOTATED  # where the wrong option comes from
    network_threshold: float | None = None  # from which confidence on the network alone accepts; None: its best one
    qualities: Mapping[str, str] = field(default_factory=dict, hash=False)  # language → the study's own word for it
    deferral: float | None = None  # the network's confidence from which on labels were accepted without asking
    explanations: int = 1  # that a trial showed together, each beside its own photograph
    deferred: Mapping[str, int] = field(default_factory=dict, hash=False)  # how many labels, by contracts' DEFERRED


@dataclass(frozen=True)
class Export:
    """One study's data. The frames have the columns of contracts.export; empty texts are missing values."""

    participants: pd.DataFrame
    trials: pd.DataFrame
    answers: pd.DataFrame  # to the questions behind a trial's first
    stimuli: pd.DataFrame
    events: pd.DataFrame
    questionnaire: pd.DataFrame
    definition: dict[str, Any]
    definition_sha256: str
    config: AnalysisConfig
    tasks: tuple[Task, ...]
    description: dict[str, Any]
    provenance: dict[str, Any]
    history: History = field(default_factory=History)
    words: tuple[dict[str, Any], ...] = ()  # that participants read, by task and language; earlier exports lack them
    withdrawn: dict[str, int] = field(default_factory=dict)  # kind of observer → people whose data were deleted

    turned_away: tuple[TurnedAway, ...] = ()
    conditions: tuple[ConditionConfig, ...] = ()
    metrics: pd.DataFrame = field(default_factory=pd.DataFrame)  # of the stimuli, measured without people

    @property
    def earlier_sha256(self) -> tuple[str, ...]:
        """Hashes of the definition before each amendment."""
        return tuple(amendment.previous_sha256 for amendment in self.history.amendments)

    @property
    def observer_kinds(self) -> tuple[str, ...]:
        """The kinds of observer that took part, humans first."""
        return tuple(sorted(self.participants["observer_kind"].unique(), key=observer_of))

    def tasks_of(self, kind: str) -> tuple[Task, ...]:
        """The tasks of one kind."""
        return tuple(task for task in self.tasks if task.kind == kind)

    def of(self, observer_kind: str) -> "Export":
        """The same export with the participants, trials, events and withdrawals of one kind of observer only."""
        participants = self.participants[self.participants["observer_kind"] == observer_kind]
        trials = self.trials[self.trials["observer_kind"] == observer_kind]
        theirs = participants["participant_id"]
        answers, events, questionnaire = (
            table[table["participant_id"].isin(theirs)] for table in (self.answers, self.events, self.questionnaire)
        )
        withdrawn = {kind: n for kind, n in self.withdrawn.items() if kind == observer_kind}
        return replace(
            self,
            participants=participants,
            trials=trials,
            answers=answers,
            events=events,
            questionnaire=questionnaire,
            withdrawn=withdrawn,
            turned_away=tuple(row for row in self.turned_away if row.observer_kind == observer_kind),
        )
