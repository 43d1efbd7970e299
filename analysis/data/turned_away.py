"""People who were turned away before they joined: how many, and why. No other data of them exist."""

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from analysis.notes import Note

COLUMNS = ("reason", "people")


@dataclass(frozen=True)
class TurnedAway:
    """`why` is one of contracts.export.WHY_TURNED_AWAY; `what` names the question, the quota or the earlier study."""

    observer_kind: str
    why: str
    what: str
    people: int

    @property
    def reason(self) -> Note:
        return {
            "answer": Note("Answer to the screening question “{what}”", {"what": self.what}),
            "test": Note("Too few correct answers in the entry test"),
            "quota": Note("Quota full: {what}", {"what": self.what}),
            "earlier-study": Note("Took part in the earlier study “{what}”", {"what": self.what}),
        }[self.why]


def turned_away_table(rows: Iterable[TurnedAway]) -> pd.DataFrame:
    """A row for each reason."""
    return pd.DataFrame([(row.reason, row.people) for row in rows], columns=list(COLUMNS))
