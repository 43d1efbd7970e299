"""The load of each item: its ratings given and promised, kept as a sum, so that people who join wait for no count.

An answer to an open trial changes no load, because the rating had been promised. The study must be locked by everybody
who changes one.
"""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, func, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from study.database.schema import ANSWERED, MAIN, OPEN, RELEASED, Item, Load, Participant, Trial

_QUIETLY = {"synchronize_session": False}
COLUMNS = ("item_id", "observer_kind", "ratings")
_INSERT: dict[str, Callable[[type[Load]], Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def loads(session: Session, study_id: int, observer_kind: str) -> dict[int, int]:
    """item id → ratings given and promised by this kind of observer; items without any may be left out."""
    kept = select(Load.item_id, Load.ratings).join(Item, Load.item_id == Item.id)
    rows = session.execute(kept.where(Item.study_id == study_id, Load.observer_kind == observer_kind))
    return {item_id: ratings for item_id, ratings in rows}


def add_loads(session: Session, which: ColumnElement[bool]) -> None:
    """Count these trials: they were planned, or reopened."""
    _add(session, which, 1)


def take_off_loads(session: Session, which: ColumnElement[bool]) -> None:
    """The opposite, before these trials are released or deleted, or their participants excluded."""
    _add(session, which, -1)
    items = select(Trial.item_id).join(Participant, Trial.participant_id == Participant.id).where(which)
    # Nothing is left of who withdrew.
    session.execute(delete(Load).where(Load.ratings == 0, Load.item_id.in_(items)).execution_options(**_QUIETLY))


def give_back(session: Session, participant_ids: Sequence[int]) -> None:
    """Release all open trials of these participants. The study and they must be locked."""
    held = Trial.participant_id.in_(participant_ids) & (Trial.state == OPEN)
    take_off_loads(session, held)
    session.execute(update(Trial).where(held).values(state=RELEASED).execution_options(**_QUIETLY))
    gone = update(Participant).where(Participant.id.in_(participant_ids)).values(released=True)
    session.execute(gone.execution_options(**_QUIETLY))


def counted(sign: int = 1) -> Select[int, str, int]:
    """(item, kind of observer, ratings given and promised), as the trials say; excluded people have none."""
    return (
        select(Trial.item_id, Participant.observer_kind, literal(sign) * func.count())
        .join(Participant, Trial.participant_id == Participant.id)
        .where(
            Participant.excluded.is_(False),
            Trial.purpose == MAIN,
            Trial.is_overflow.is_(False),
            or_(Trial.state == ANSWERED, Trial.state == OPEN),
        )
        .group_by(Trial.item_id, Participant.observer_kind)
    )


def _add(session: Session, which: ColumnElement[bool], sign: int) -> None:
    row = _INSERT[session.get_bind().dialect.name](Load).from_select(COLUMNS, counted(sign).where(which))
    kept = row.on_conflict_do_update(
        index_elements=list(Load.__table__.primary_key), set_={"ratings": Load.ratings + row.excluded.ratings}
    )
    session.execute(kept)
