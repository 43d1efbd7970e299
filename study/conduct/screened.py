"""What the overview tells of the screening: how many people were turned away and why, and how full the quotas are."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from study.database.schema import ANSWER, EARLIER, QUOTA, TEST, Study
from study.definition import FrozenDefinition
from study.taking_part.quotas import places_held
from study.taking_part.turning_away import turned_away

_REASONS = {ANSWER: "answer to “%s”", TEST: "entry test%s", QUOTA: "quota full: %s", EARLIER: "took part in “%s”"}


@dataclass(frozen=True)
class Quota:
    """How many participants with an answer hold a place, of those wanted at most."""

    question: str
    option: str
    held: int
    wanted: int


@dataclass(frozen=True)
class Screened:
    """`reasons`: (why people were turned away, how many), the most frequent first."""

    reasons: tuple[tuple[str, int], ...]
    quotas: tuple[Quota, ...]

    @property
    def turned_away(self) -> int:
        return sum(people for _, people in self.reasons)


def screened(
    session: Session, study: Study, definition: FrozenDefinition, observer_kind: str, now: datetime
) -> Screened:
    """Of one kind of observer."""
    counts = [count for count in turned_away(session, study) if count.observer_kind == observer_kind]
    quotas = [(q.name, *quota) for q in definition.screening.questions for quota in q.quotas.items()]
    held = places_held(session, study.id, observer_kind, now) if quotas else {}
    return Screened(
        reasons=tuple((_REASONS[count.why] % count.what, count.people) for count in counts),
        quotas=tuple(Quota(name, option, held.get((name, option), 0), most) for name, option, most in quotas),
    )
