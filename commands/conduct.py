"""Commands of manage.py by which researchers conduct a study; the researchers' pages have the same as buttons.

What they need is imported inside them: `manage.py --help` must not wait for it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from commands.options import open_study_option, study_option
from definition import Definition
from study import clock

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_ACTOR = "manage.py"


@contextmanager
def _writing() -> Iterator["Session"]:
    from study.database.db import ready_database

    with ready_database() as database, database.writing() as session:
        yield session
        session.commit()


def _set_state(slug: str, state: str, words: str) -> None:
    from study.conduct.actions import set_state

    with _writing() as session:
        set_state(session, slug, state, _ACTOR, clock.now())
    click.echo(f"Study {slug!r} {words}")


@click.command("pause-study")
@open_study_option
def pause_study(slug: str) -> None:
    """Let no one join for now. People already taking part can finish.

    Example: ./manage.py pause-study --study examples/demo.toml
    """
    _set_state(slug, "paused", "is paused; `./manage.py resume-study` lets people join again.")


@click.command("resume-study")
@open_study_option
def resume_study(slug: str) -> None:
    """Open a paused or closed study again. Refused once its estimates have been looked at.

    Example: ./manage.py resume-study --study examples/demo.toml
    """
    _set_state(slug, "open", "is open again.")


@click.command("close-study")
@open_study_option
def close_study(slug: str) -> None:
    """End the study: no one can join any more, and the estimates may be looked at. People already taking part
    can finish.

    Example: ./manage.py close-study --study examples/demo.toml
    """
    _set_state(slug, "closed", "is closed.")


@click.command("extend-study")
@open_study_option
@click.option("--task", required=True, help="Name of the task.")
@click.option("--ratings-per-item", required=True, type=click.IntRange(1, 10_000), help="Ratings wanted from now on.")
@click.option("--reason", required=True, help="Why; kept with the amendment.")
def extend_study(slug: str, task: str, ratings_per_item: int, reason: str) -> None:
    """Want more ratings of each item: another wave, as an amendment of the frozen definition.

    Example: ./manage.py extend-study --study demo.toml --task seeing --ratings-per-item 12 --reason "second wave"
    """
    from study.conduct.actions import extend

    with _writing() as session:
        amendment = extend(session, slug, task, ratings_per_item, reason, _ACTOR, clock.now())
    before, after = amendment.change["ratings_per_item"]
    click.echo(f"Task {task!r} of study {slug!r} wants {after} ratings an item instead of {before}.")
    click.echo(f"Definition {amendment.previous_sha256[:12]} → {amendment.sha256[:12]}")


@click.command("raise-limit")
@open_study_option
@click.option("--limit", required=True, type=click.IntRange(1, 1_000_000), help="Participants from now on, at most.")
@click.option("--reason", required=True, help="Why; kept with the amendment.")
def raise_limit(slug: str, limit: int, reason: str) -> None:
    """Let more people take part than `[participants] limit` says, as an amendment of the frozen definition.

    Example: ./manage.py raise-limit --study demo.toml --limit 40 --reason "eight were excluded"
    """
    from study.conduct import actions

    with _writing() as session:
        amendment = actions.raise_limit(session, slug, limit, reason, _ACTOR, clock.now())
    click.echo(f"Study {slug!r} takes {limit} participants instead of {amendment.change['limit'][0]}.")


@click.command("amend-study")
@study_option
@click.option("--reason", required=True, help="Why; kept with the amendment.")
def amend_study(definition: Definition, reason: str) -> None:
    """Take over what an ethics board may change in an open study: texts, contact, minutes, pay, limit, lease, time of
    deletion.

    Change them in the definition's file first. Where the consent text changes, raise consent_version. All else must be
    as the study has it now.

    Example: ./manage.py amend-study --study examples/demo.toml --reason "new address, approved on 3 May"
    """
    from study.conduct.amending import amend

    with _writing() as session:
        amendment = amend(session, definition.study.slug, definition.document, reason, _ACTOR, clock.now())
    click.echo(f"Study {definition.study.slug!r} is amended: {', '.join(amendment.change)}.")
    click.echo(f"Definition {amendment.previous_sha256[:12]} → {amendment.sha256[:12]}")


@click.command("exclude")
@open_study_option
@click.argument("participant")
@click.option("--reason", required=True, help="Why; it appears in the export.")
def exclude_participant(slug: str, participant: str, reason: str) -> None:
    """Leave a participant out with a reason. Nothing is deleted; their places are free for others.

    PARTICIPANT is the participant_id of the export and of the researchers' pages.

    Example: ./manage.py exclude --study examples/demo.toml p0123456789abcdef --reason "asked to be left out"
    """
    from study.conduct.actions import exclude

    with _writing() as session:
        exclude(session, slug, participant, reason, _ACTOR, clock.now())
    click.echo(f"Participant {participant} of study {slug!r} is excluded.")


@click.command("share-study")
@open_study_option
@click.argument("researcher")
@click.option("--end", is_flag=True, help="They see it no more, from their next request on.")
def share_study(slug: str, researcher: str, end: bool) -> None:
    """Let a researcher see a study, whose account was made with `add-researcher --study`.

    Example: ./manage.py share-study --study examples/demo.toml ada
    """
    from study.conduct.access import end_sharing, share

    with _writing() as session:
        (end_sharing if end else share)(session, slug, researcher, _ACTOR, clock.now())
    click.echo(f"Researcher {researcher!r} {'no longer sees' if end else 'sees'} study {slug!r}.")


COMMANDS = (
    *(pause_study, resume_study, close_study, extend_study, raise_limit, amend_study),
    *(exclude_participant, share_study),
)
