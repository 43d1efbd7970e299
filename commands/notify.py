"""`./manage.py notify`: tells researchers, by e-mail or to an address of their own, what cannot wait. Off by default.

What it needs is imported inside: `manage.py --help` must not wait for it.
"""

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.options import HERE
from study import clock

if TYPE_CHECKING:
    from study.conduct.messengers import Messenger
    from study.conduct.notices import Notice, Told

_NO_ADDRESS = (
    "No address is set, so nothing is sent: DISCERN_NOTIFY_TO (e-mail) or DISCERN_NOTIFY_WEBHOOK, see"
    " docs/how-to/watch.md."
)


@click.command("notify")
@click.option("--stuck-hours", default=24, show_default=True, type=click.IntRange(1), help="Without anybody joining.")
@click.option(
    "--errors", default=0, show_default=True, type=click.IntRange(0), help="Failures an hour that are not told."
)
@click.option(
    "--state",
    default=HERE / "var" / "notified.json",
    type=click.Path(path_type=Path, dir_okay=False),
    show_default="var/notified.json",
    help="What was told already.",
)
@click.option("--test", "is_test", is_flag=True, help="Send one message that says that messages arrive.")
def notify_command(stuck_hours: int, errors: int, state: Path, is_test: bool) -> None:
    """Tell researchers that a study is full, that the server failed, or that nobody joins; each thing once.

    Run it by a timer. Without an address in the environment it only prints what it would tell.

    Example: ./manage.py notify --stuck-hours 12
    """
    from study.conduct.messengers import messengers
    from study.conduct.notices import Told

    channels, now = messengers(os.environ), clock.now()
    found = [_test_notice()] if is_test else [*_found(now, timedelta(hours=stuck_hours), errors)]
    for notice in found:
        click.echo(notice.text)
    if not channels:
        click.echo(_NO_ADDRESS)
        return
    told = None if is_test else Told(state)
    refused = [words for channel in channels for words in _send(channel, found, told, now)]
    if refused:
        raise click.ClickException("\n".join(refused))


def _test_notice() -> "Notice":
    from study.conduct.notices import Notice

    return Notice("test", "", "Messages arrive", "This is a test: messages of Discern arrive here.")


def _found(now: datetime, stuck_after: timedelta, errors: int) -> "Iterator[Notice]":
    from study.conduct.failures import FILE, Failures
    from study.conduct.notices import of_failures, of_studies
    from study.database.db import connect, database_url

    if file := os.environ.get(FILE):
        yield from of_failures(Failures(now, Path(file)), now, errors)
    database = connect(database_url())
    try:
        yield from of_studies(database, now, stuck_after)
    finally:
        database.engine.dispose()


def _send(channel: "Messenger", found: "list[Notice]", told: "Told | None", now: datetime) -> Iterator[str]:
    """Send what is new; why a message was not taken."""
    from study.errors import NotSentError

    for notice in told.new(channel.name, found, now) if told else found:
        try:
            channel.send(notice, now)
        except NotSentError as error:
            yield f"not sent: {error}; it is sent again the next time"
        else:
            click.echo(f"Sent by {channel.name}: {notice.subject}")
            if told:
                told.add(channel.name, notice, now)


COMMANDS = (notify_command,)
