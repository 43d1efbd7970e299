"""Statements through the database's own driver, for what happens at every answer.

SQLAlchemy writes each statement once, and says how its values are stored and read; to run it is one call of the driver.
"""

from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Dialect, Executable, Select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

_Converter = Callable[[Any], Any]


@dataclass(frozen=True)
class Driver:
    """One connection of the driver's own. The errors of both methods are the driver's."""

    connection: Any
    dialect: Dialect

    def row(self, statement: Select[Any], **values: Any) -> Any:
        """The first row of a selection, a named tuple; None where there is none."""
        prepared = _prepared(statement, self.dialect)
        cursor = self.connection.execute(prepared.sql, prepared.stored(values))
        found = cursor.fetchone()
        return found and prepared.loaded(found, cursor)

    def change(self, statement: Executable, **values: Any) -> int:
        """How many rows were inserted, updated or deleted."""
        prepared = _prepared(statement, self.dialect)
        return self.connection.execute(prepared.sql, prepared.stored(values)).rowcount


@contextmanager
def driver_of(session: Session) -> Iterator[Driver]:
    """That of the session's connection and transaction. The driver's errors come out of the block as SQLAlchemy's."""
    connection = session.connection()
    try:
        yield Driver(connection.connection.dbapi_connection, connection.dialect)
    except connection.dialect.loaded_dbapi.Error as error:
        raise OperationalError(None, None, error) from error


class _Prepared:
    """A statement's SQL, and what SQLAlchemy would do with its values."""

    def __init__(self, statement: Any, dialect: Dialect) -> None:
        named: Any = type(dialect)  # whose protocol leaves out what it is made with
        self._dialect: Dialect = dialect if dialect.paramstyle == "pyformat" else named(paramstyle="named")
        compiled = statement.compile(dialect=self._dialect)
        self.sql: str = compiled.string
        self._fixed: dict[str, Any] = {}  # values that are written into the statement itself
        self._to_store: dict[str, _Converter] = {}
        for bind, name in compiled.bind_names.items():
            convert = self._own(bind.type).bind_processor(self._dialect)
            if not bind.required:
                self._fixed[name] = convert(bind.effective_value) if convert else bind.effective_value
            elif convert:
                self._to_store[name] = convert
        columns = list(statement.selected_columns) if isinstance(statement, Select) else []
        self._types = [self._own(column.type) for column in columns]
        self._row = _maker([str(column.key) for column in columns])
        self._to_load: list[tuple[int, _Converter]] | None = None  # known with the first row

    def _own(self, general: TypeEngine[Any]) -> TypeEngine[Any]:
        return general.dialect_impl(self._dialect)

    def stored(self, values: dict[str, Any]) -> dict[str, Any]:
        for name, convert in self._to_store.items():
            values[name] = convert(values[name])
        return values | self._fixed if self._fixed else values

    def loaded(self, row: tuple[Any, ...], cursor: Any) -> Any:
        if self._to_load is None:
            described = zip(self._types, cursor.description, strict=True)
            converters = [column.result_processor(self._dialect, about[1]) for column, about in described]
            self._to_load = [(at, convert) for at, convert in enumerate(converters) if convert]
        values = list(row)
        for at, convert in self._to_load:
            values[at] = convert(values[at])
        return self._row(values)


def _maker(names: Sequence[str]) -> Callable[[Iterable[Any]], Any]:
    """Makes named tuples of values in the order of `names`."""
    row: Any = namedtuple("Row", names)  # type: ignore[misc]  # mypy wants the names written out
    return row._make


_prepared = lru_cache(maxsize=64)(_Prepared)
