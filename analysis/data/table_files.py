"""The tables of an export: which columns each has (docs/reference/contracts.md, 5), reading and writing one."""

from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.data.export import ExportError
from contracts.export import TABLES, Column, ColumnType

DTYPES = {"text": "str", "time": "str", "count": "int64", "flag": "int8", "number": "float64"}
EXPECTED = {
    "text": "text",
    "time": "a UTC time such as 2026-01-31T09:30:00Z",
    "count": "a whole number in every row",
    "flag": "0 or 1 in every row",
    "number": "a number or nothing",
}


def read_table(file: Traversable, table: str) -> pd.DataFrame:
    """Read one table; "NA" and the like are texts, only an empty cell is missing. Raises ExportError."""
    columns = TABLES[table]
    try:
        absent = _check_header(file.name, list(_read(file, nrows=0).columns), table)
        try:
            frame = _read(file, dtype={c: DTYPES[column.type] for c, column in columns.items() if c not in absent})
        except (ValueError, OverflowError):  # pandas does not say which column it stumbled over; _typed will
            frame = _read(file, dtype="str")
    except pd.errors.EmptyDataError:
        raise ExportError(f"data/{file.name} is empty, without even a header; export again") from None
    except (pd.errors.ParserError, UnicodeDecodeError) as error:
        raise ExportError(f"data/{file.name} cannot be read as CSV in UTF-8 ({error}); export again") from None
    if not isinstance(frame.index, pd.RangeIndex):
        raise ExportError(f"data/{file.name}: rows have more cells than the header; export again")
    return _typed(file.name, frame.reindex(columns=list(columns)) if absent else frame, columns)


def conform(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    """`frame` with exactly the columns and types of `table`; columns it lacks are empty. Raises ExportError."""
    columns = TABLES[table]
    return _typed(table, frame.reindex(columns=list(columns)).reset_index(drop=True), columns)


def write_table(frame: pd.DataFrame, table: str, path: Path) -> None:
    """Write `frame` as `read_table` reads it back."""
    written = frame.copy()
    for name, column in TABLES[table].items():
        if column.type == "flag":
            written[name] = written[name].astype(int)
        elif column.type == "time":
            written[name] = written[name].dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    written.to_csv(path, index=False, lineterminator="\n")


def _read(file: Traversable, **options: Any) -> pd.DataFrame:
    with file.open("rb") as stream:
        return pd.read_csv(stream, keep_default_na=False, na_values=[""], encoding="utf-8", **options)


def _check_header(name: str, header: list[str], table: str) -> list[str]:
    """The optional columns that are absent. Raises ExportError when others are, and for unknown ones."""
    columns = TABLES[table]
    absent, unknown = [c for c in columns if c not in header], [c for c in header if c not in columns]
    missing = [c for c in absent if not columns[c].is_new]
    words = [f"lacks {', '.join(missing)}"] * bool(missing) + [f"has unknown {', '.join(unknown)}"] * bool(unknown)
    if words:
        raise ExportError(f"data/{name} {' and '.join(words)}; export again, with the version of Discern that analyses")
    return absent


def _typed(name: str, frame: pd.DataFrame, columns: dict[str, Column]) -> pd.DataFrame:
    converted = {}
    for title, column in columns.items():
        try:
            converted[title] = _convert(frame[title], column.type)
        except (ValueError, OverflowError) as error:
            raise ExportError(
                f"data/{name}, column {title}: expected {EXPECTED[column.type]} ({error}); export again"
            ) from None
    return pd.DataFrame(converted, index=frame.index)


def _convert(column: pd.Series, kind: ColumnType) -> pd.Series:
    if kind == "text":
        return column.astype("str")
    if kind == "time":
        return pd.to_datetime(column, format="ISO8601", utc=True)
    numbers = pd.to_numeric(column)
    if kind == "number":
        return numbers.astype("float64")
    if numbers.isna().any():
        raise ValueError(f"empty in row {int(numbers.isna().argmax()) + 2}")
    if kind == "flag":
        if not (fine := numbers.isin((0, 1))).all():
            raise ValueError(f"{numbers[~fine].iloc[0]} in row {int((~fine).argmax()) + 2}")
        return numbers.astype(bool)
    if not (fine := numbers % 1 == 0).all():
        raise ValueError(f"{numbers[~fine].iloc[0]} in row {int((~fine).argmax()) + 2}")
    return numbers.astype("int64")
