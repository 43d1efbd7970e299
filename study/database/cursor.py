"""PostgreSQL's cursor: what is prepared for a connection does not outlive a change of the tables."""

from typing import Any

from psycopg import Cursor
from psycopg.errors import FeatureNotSupported


class LastingCursor(Cursor[Any]):
    """Runs statements though a migration has changed the type of a column since they were prepared.

    PostgreSQL refuses such a statement before it does anything ("cached plan must not change result type"). One that is
    committed by itself is therefore prepared anew and sent again. In a transaction the refusal would undo what came
    before, so nothing is prepared there.
    """

    def execute(self, query: Any, params: Any = None, **options: Any) -> "LastingCursor":
        """As the driver's own, its errors included."""
        if not self.connection.autocommit:
            return super().execute(query, params, **{"prepare": False} | options)
        try:
            return super().execute(query, params, **options)
        except FeatureNotSupported:
            self.connection.execute("DEALLOCATE ALL")  # psycopg forgets what it had prepared, too
            return super().execute(query, params, **options)
