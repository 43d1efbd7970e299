"""Commands of manage.py that tell the state of studies, to people and to programs.

What they need is imported inside them: `manage.py --help` must not wait for it.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from commands.options import json_option, open_study_option, print_json
from study import clock

if TYPE_CHECKING:
    from study.conduct.status import Status


@click.command("list")
@json_option
def list_command(as_json: bool) -> None:
    """List the studies of the database, the newest first: state, finished people, ratings.

    Example: ./manage.py list --json
    """
    from study.conduct.status import studies
    from study.database.db import ready_database

    with ready_database() as database, database.reading() as session:
        found = studies(session)
    print_json(found) if as_json else _print_studies(found)


def _print_studies(found: list[dict[str, Any]]) -> None:
    table = Table("study", "state", "opened", "finished", "ratings", "title", box=None, pad_edge=False)
    for one in found:
        ratings = f"{one['ratings']} of {one['ratings_wanted']}"
        table.add_row(
            one["slug"],
            _coloured(one["state"]),
            one["opened_at"][:10],
            str(one["finished"]),
            ratings,
            escape(one["title"]),
        )
    Console().print(table if found else "No study has been opened.")


def _coloured(state: str) -> str:
    colour = {"open": "green", "paused": "yellow"}.get(state, "dim")
    return f"[{colour}]{state}[/{colour}]"


@click.command("status")
@open_study_option
@json_option
def status_command(slug: str, as_json: bool) -> None:
    """Tell the state of a study: people, ratings, when it is full, missing pictures, the last backup.

    Example: ./manage.py status --study examples/demo.toml --json
    """
    from study.conduct.status import as_json as told
    from study.conduct.status import status
    from study.database.db import ready_database

    with ready_database() as database, database.reading() as session:
        found = status(session, slug, clock.now())
    if as_json:
        return print_json(told(found))
    grid = Table.grid(padding=(0, 2))
    for name, value in _lines(found):
        grid.add_row(name, value)
    Console().print(grid)


def _lines(found: "Status") -> Iterator[tuple[str, str]]:
    yield "study", f"{found.slug}, {_coloured(found.state)}{', full' if found.full else ''}"
    yield "people", f"{found.consented} consented, {_counts(found)}"
    if found.turned_away:
        yield "turned away", str(found.turned_away)
    for task in found.tasks:
        yield f"task {task.task}", f"{task.ratings} of {task.ratings_wanted} ratings, {task.items} items"
    yield "needed", f"{found.needed} people{_when(found)}"
    if found.pictures_missing:
        yield "pictures", f"[red]{found.pictures_missing} are missing[/red]; `./manage.py check` says where"
    yield "last backup", f"{found.last_backup:%Y-%m-%d %H:%M} UTC" if found.last_backup else "[red]none[/red]"


def _counts(found: "Status") -> str:
    names = ("finished", "taking_part", "stopped", "expired", "withdrew", "excluded")
    return ", ".join(f"{getattr(found, name)} {name.replace('_', ' ')}" for name in names)


def _when(found: "Status") -> str:
    return f", full about {found.full_at:%Y-%m-%d} at {found.people_per_day:g} a day" if found.full_at else ""


COMMANDS = (list_command, status_command)
