"""`./manage.py recruit …`: a study offered on Prolific or Mechanical Turk, people paid; nothing without --confirm.

What they need is imported inside them: `manage.py --help` must not wait for it.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from commands.options import open_study_option
from study import clock

if TYPE_CHECKING:
    from study.recruitment.campaign import Campaign

_NOTHING_DONE = "Nothing was done. The same command with --confirm does it."
_sandbox = click.option("--sandbox", is_flag=True, help="Mechanical Turk's sandbox: no real money, no real workers.")
_confirm = click.option("--confirm", is_flag=True, help="Do it. Without this, only say what it would do and cost.")
_retry = click.option(
    "--retry-uncertain", is_flag=True, help="Also what was asked before without a reply; look on the platform first."
)


@click.group()
def recruit() -> None:
    """Offer a study on Prolific or Mechanical Turk, approve, pay bonuses, release places.

    \b
    Keys come from the environment: DISCERN_PROLIFIC_TOKEN, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
    """


@contextmanager
def _campaign(slug: str, sandbox: bool) -> Iterator["Campaign"]:
    from study.database.db import ready_database
    from study.database.find import find_study
    from study.definition import frozen_definition
    from study.recruitment.campaign import Campaign
    from study.recruitment.providers import open_account

    with ready_database() as database:
        with database.reading() as session:
            provider = frozen_definition(find_study(session, slug)).participants.provider
        platform = open_account(provider, os.environ, sandbox)
        account, secret = provider + "-sandbox" * sandbox, os.environ["DISCERN_SECRET_KEY"]
        yield Campaign(database, platform, slug, provider, account, secret, "manage.py", clock.now)


def _https(_ctx: click.Context, _param: click.Parameter, address: str) -> str:
    if not address.startswith("https://"):
        raise click.BadParameter("it must begin with https://, which both platforms ask for")
    return address


@recruit.command()
@open_study_option
@click.option("--address", required=True, callback=_https, help="Where the study is served, like https://lab.example.")
@click.option("--places", required=True, type=click.IntRange(1, 10_000), help="How many people.")
@click.option("--reward", required=True, type=click.IntRange(1, 100_000), help="For each of them, in cents.")
@click.option("--description", default="A study about pictures made by computers.", show_default=True)
@click.option("--adopt", metavar="ID", help="It is there already under this id: only remember it.")
@_sandbox
@_retry
@_confirm
def create(
    slug: str,
    address: str,
    places: int,
    reward: int,
    description: str,
    adopt: str | None,
    sandbox: bool,
    retry_uncertain: bool,
    confirm: bool,
) -> None:
    """Offer the study on the definition's platform, with a completion code for each way to end.

    Example: ./manage.py recruit create --study my.toml --address https://lab.example --places 90 --reward 250 --confirm
    """
    from study.recruitment import campaign

    with _campaign(slug, sandbox) as c:
        if adopt:
            campaign.adopt(c, adopt)
            return click.echo(f"Study {slug!r} is known to be on {campaign.platform_name(c)} as {adopt}.")
        posting = campaign.draft(c, address, places, reward, description)
        click.echo(f"{posting.name}: {posting.url}, {posting.minutes} minutes, on {campaign.platform_name(c)}")
        click.echo(f"{places} places at {_money(reward)} each: {_cost(places * reward)}")
        if not confirm:
            return click.echo(_NOTHING_DONE)
        click.echo(f"It is there as {campaign.offer(c, posting, retry_uncertain)}.")


@recruit.command()
@open_study_option
@_sandbox
@_confirm
def approve(slug: str, sandbox: bool, confirm: bool) -> None:
    """Approve, and so pay, people who finished and handed in. The others are left for you to judge on the platform.

    Example: ./manage.py recruit approve --study my.toml --confirm
    """
    from study.recruitment import campaign

    with _campaign(slug, sandbox) as c:
        everybody = campaign.known_people(c)
        due, reward = campaign.awaiting_approval(everybody), campaign.reward(c)
        cost = _cost(len(due) * reward) if reward is not None else "the reward that the platform knows, for each"
        click.echo(f"{len(due)} submissions to approve on {campaign.platform_name(c)}: {cost}")
        others = [p for p in everybody if p.submission.state == "submitted" and p not in due]
        for person in others:
            click.echo(f"Left for you: {person.public_id} ({'excluded' if person.excluded else 'not finished here'})")
        _each(due, confirm, lambda person: campaign.approve(c, person), "approved")


@recruit.command()
@open_study_option
@click.argument("participants", nargs=-1, required=True, metavar="PARTICIPANT…")
@click.option("--cents", required=True, type=click.IntRange(1, 100_000), help="For each of them.")
@click.option("--reason", required=True, help="The message to the participant. One bonus per person and reason.")
@_sandbox
@_retry
@_confirm
def bonus(
    slug: str,
    participants: tuple[str, ...],
    cents: int,
    reason: str,
    sandbox: bool,
    retry_uncertain: bool,
    confirm: bool,
) -> None:
    """Pay a bonus to participants, named by the participant_id of the export, once for each reason.

    Example: ./manage.py recruit bonus --study my.toml p0123456789abcdef --cents 50 --reason "careful answers" --confirm
    """
    from study.recruitment import campaign

    with _campaign(slug, sandbox) as c:
        chosen = campaign.payable(campaign.known_people(c), participants)
        due = [person for person in chosen if not campaign.is_paid(c, person, reason)]
        paid = f", {len(chosen) - len(due)} were paid before" if len(due) < len(chosen) else ""
        click.echo(f"{len(due)} bonuses of {_money(cents)}{paid}: {_cost(len(due) * cents)}")
        _each(due, confirm, lambda person: campaign.pay_bonus(c, person, cents, reason, retry_uncertain), "paid")


@recruit.command()
@open_study_option
@_sandbox
def release(slug: str, sandbox: bool) -> None:
    """Free the places of people who returned their submission or ran out of time; leases do it too, later.

    Example: ./manage.py recruit release --study my.toml
    """
    from study.recruitment import campaign

    with _campaign(slug, sandbox) as c:
        click.echo(f"Places of {campaign.release(c)} people are free.")


def _each(due: list[Any], confirm: bool, do: Callable[[Any], bool | None], done: str) -> None:
    """Do it for each and tell; one that fails ends it, and the same command goes on from there."""
    if due and not confirm:
        return click.echo(_NOTHING_DONE)
    uncertain = [person.public_id for person in due if do(person) is False]
    click.echo(f"{len(due) - len(uncertain)} {done}.")
    if uncertain:
        raise click.ClickException(
            f"of {', '.join(uncertain)} it is not known whether an earlier try was {done}, because its reply was lost;"
            " look on the platform, then use --retry-uncertain for those that were not"
        )


def _money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"


def _cost(cents: int) -> str:
    return f"{_money(cents)} in all, and the platform's fee"


COMMANDS = (recruit,)
