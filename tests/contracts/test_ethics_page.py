"""The page for ethics boards names each column of the database and of the export, in its own table, and no other."""

import re
from collections import defaultdict

import pytest

from contracts.export import TABLES
from study.database.erasing import tables_of_people
from study.database.schema import Base
from tests.contracts.test_docs import ROOT

PAGE = (ROOT / "docs" / "how-to" / "ethics.md").read_text(encoding="utf-8")
DATABASE, EXPORT = (PAGE.split(f"## What the {name} holds")[1].split("\n## ")[0] for name in ("database", "export"))
ROW = re.compile(r"^\| `(\w+)`: ([^|]+)\|(.*)$", re.MULTILINE)


def told(section: str) -> dict[str, list[str]]:
    columns = defaultdict(list)
    for table, listed, _ in ROW.findall(section):
        columns[table] += re.findall(r"`(\w+)`", listed)
    return {table: sorted(names) for table, names in columns.items()}


def test_each_column_of_the_database_is_told_once() -> None:
    tables = Base.metadata.tables
    assert told(DATABASE) == {name: sorted(column.name for column in table.columns) for name, table in tables.items()}


def test_each_column_of_the_export_is_told_once() -> None:
    assert told(EXPORT) == {name: sorted(columns) for name, columns in TABLES.items()}


def test_what_is_said_to_be_deleted_with_a_person_is_what_is_deleted() -> None:
    """Oracle: the tables that erasing goes through."""
    said = {table for table, _, rest in ROW.findall(DATABASE) if rest.split("|")[-2].strip() == "yes"}
    assert said == {table.name for table in tables_of_people()}


@pytest.mark.parametrize("hidden", ["recruitment_hash", "token", "withdrawal_code", "completion_code", "parameters"])
def test_the_export_lacks_what_the_page_says_it_lacks(hidden: str) -> None:
    assert not [table for table, columns in TABLES.items() if hidden in columns]
