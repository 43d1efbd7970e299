"""A crowd for tests of size: participants copied within the database, with their trials, answers, events and texts."""

from sqlalchemy import text
from sqlalchemy.orm import Session

_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :copies)"
_COPIED = {  # table → the columns that must differ, as SQL over the row `t` and the copy's number `n.i`
    "participant": {
        "id": "t.id + n.i * :participants",
        "token": "printf('%022d', t.id + n.i * :participants)",
        "public_id": "printf('p%016x', t.id + n.i * :participants)",
        "recruitment_hash": "printf('%064d', t.id + n.i * :participants)",
        "withdrawal_code": "printf('W%d', t.id + n.i * :participants)",
    },
    "trial": {
        "id": "t.id + n.i * :trials",
        "participant_id": "t.participant_id + n.i * :participants",
        "trial_token": "printf('t%021d', t.id + n.i * :trials)",
        "left_image_token": "printf('l%021d', t.id + n.i * :trials)",
        "right_image_token": "CASE WHEN t.right_image_token IS NULL THEN NULL"
        " ELSE printf('r%021d', t.id + n.i * :trials) END",
    },
    "response": {"trial_id": "t.trial_id + n.i * :trials"},
    "event": {"id": "t.id + n.i * :events", "trial_id": "t.trial_id + n.i * :trials"},
    "demographic": {"participant_id": "t.participant_id + n.i * :participants"},
}


def copy_participants(session: Session, copies: int) -> None:
    """So many copies of everybody who is in this SQLite database. The caller commits."""
    sizes = {f"{table}s": session.scalar(text(f"SELECT coalesce(max(id), 0) FROM {table}")) for table in _WITH_ID}
    for table, changed in _COPIED.items():
        columns = [row[1] for row in session.execute(text(f"PRAGMA table_info({table})"))]
        values = ", ".join(changed.get(column, f't."{column}"') for column in columns)
        names = ", ".join(f'"{column}"' for column in columns)
        statement = f"INSERT INTO {table} ({names}) {_NUMBERS} SELECT {values} FROM n CROSS JOIN {table} t"
        wanted = {name: size for name, size in sizes.items() if f":{name}" in statement}
        session.execute(text(statement), wanted | {"copies": copies})


_WITH_ID = ("participant", "trial", "event")
