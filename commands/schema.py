"""Every key of a definition: for editors as JSON Schema, for people as a page."""

import json
from itertools import groupby

import click

from definition.schema import Key, definition_schema, keys

INTRODUCTION = """# Every key of a study definition

`./manage.py schema --as markdown` writes this page from the descriptions that Discern checks a definition with.
`./manage.py schema` prints the same as a JSON Schema, also kept as [definition.schema.json](definition.schema.json):
editors that know TOML complete and check by it. Even Better TOML and Taplo take the line
`#:schema path/to/definition.schema.json` at the top of a definition.

"required" in the column "default" means that there is none. `NAME` is a name of your own. A text for participants has
one entry for each language: `title.en = "…"`.
"""


@click.command()
@click.option(
    "--as", "form", type=click.Choice(["json", "markdown"]), default="json", show_default=True, help="What to print."
)
def schema(form: str) -> None:
    """Print every key of a definition with its values, default and meaning.

    Example: ./manage.py schema > definition.schema.json
    """
    click.echo(as_markdown() if form == "markdown" else as_json(), nl=False)


def as_json() -> str:
    """The JSON Schema with a final newline."""
    return json.dumps(definition_schema(), indent=1, ensure_ascii=False) + "\n"


def as_markdown() -> str:
    """The page: a table for each table of the TOML file."""
    tables = groupby(keys(), lambda key: key.table)
    return INTRODUCTION + "".join(f"\n## `{heading}`\n\n{_table(list(of_it))}" for heading, of_it in tables)


def _table(found: list[Key]) -> str:
    rows = [(f"`{key.name}`", key.values, key.default, key.description) for key in found]
    lines = [("key", "values", "default", "meaning"), ("---",) * 4, *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


COMMANDS = (schema,)
