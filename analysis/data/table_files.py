"""The tables of an export: which columns each has (docs/reference/contracts.md, 5), reading and writing one."""

from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.data.export import ExportError
from contracts.export import TABLES, Column

DTYPES = {"text": "str", "time": "str", "count": "int64", "flag": "int8", "number": "float64"}
_MOST = 2**53  # of a count; a floating-point number holds every whole number up to it


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
            converted[title] = _convert(frame[title], column)
        except (ValueError, OverflowError) as error:
            expected = f"expected {_expected(column)} ({error})"
            raise ExportError(f"data/{name}, column {title}: {expected}; export again") from None
    return pd.DataFrame(converted, index=frame.index)


def _convert(cells: pd.Series, column: Column) -> pd.Series:
    """`cells` with the column's type. Raises ValueError at the first one that it may not hold, with its row."""
    missing = cells.isna().to_numpy()
    if column.needed or column.type in ("count", "flag"):
        _require(~missing, cells)
    if column.type == "time":
        return pd.to_datetime(cells, format="ISO8601", utc=True)
    if column.type == "text":
        texts = cells.astype("str")
        if column.values:
            _require(texts.isin(column.values).to_numpy() | missing, texts)
        return texts
    numbers = pd.to_numeric(cells)
    # Whole numbers of any length are no int64.
    if column.type == "number" or not pd.api.types.is_signed_integer_dtype(numbers):
        numbers = numbers.astype("float64")
    values = numbers.to_numpy()
    _require(np.isnan(values) | _is_allowed(values, column), numbers)
    if column.type == "number":
        return numbers
    return numbers.astype(bool if column.type == "flag" else "int64")


def _is_allowed(numbers: np.ndarray, column: Column) -> np.ndarray:
    least, most = _bounds(column)
    whole = column.is_whole or column.type in ("count", "flag")
    finite = np.isfinite(numbers) & (numbers >= least) & (numbers <= most)
    return finite & (np.floor(numbers) == numbers) if whole else finite


def _bounds(column: Column) -> tuple[float, float]:
    if column.type == "flag":
        return 0, 1
    if column.type == "count":
        return column.least or 0, _MOST if column.most is None else column.most
    return -np.inf if column.least is None else column.least, np.inf if column.most is None else column.most


def _require(fine: np.ndarray, cells: pd.Series) -> None:
    if not fine.all():
        row = int((~fine).argmax())
        value = cells.iloc[row]
        raise ValueError(f"{'empty' if pd.isna(value) else value} in row {row + 2}")


def _expected(column: Column) -> str:
    """Which values the column may have, in words."""
    match column.type:
        case "time":
            return "a UTC time such as 2026-01-31T09:30:00Z"
        case "flag":
            return "0 or 1 in every row"
        case "text":
            words = " or ".join(column.values) or "text"
            return f"{words} in every row" if column.needed else words
    least, most = _bounds(column)
    ends = [f"from {least:g}"] * bool(np.isfinite(least)) + [f"to {most:g}"] * bool(most < _MOST)
    words = " ".join([f"a {'whole' if column.is_whole or column.type == 'count' else 'finite'} number", *ends])
    return f"{words} in every row" if column.type == "count" else f"{words}, or nothing"
