"""Alembic's environment: runs the revisions on the connection that `study.database.db.upgrade` hands over."""

from typing import Any, Literal

from alembic import context

from study.database.columns import UtcDateTime
from study.database.schema import Base


def _without_our_types(kind: str, item: object, _context: Any) -> str | Literal[False]:
    """Revisions name SQLAlchemy's own types only, so that they stay true when ours change."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite alters a table by making a new one
    render_item=_without_our_types,
)
with context.begin_transaction():
    context.run_migrations()
