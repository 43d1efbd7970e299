"""A study's campaign as the commands open it, and what they tell of money, places and codes."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from study import clock

if TYPE_CHECKING:
    from study.recruitment.campaign import Campaign
    from study.recruitment.platform import Posting, Standing

NOTHING_DONE = "Nothing was done. The same command with --confirm does it."
sandbox_option = click.option(
    "--sandbox", is_flag=True, help="Mechanical Turk's sandbox: no real money, no real workers."
)
confirm_option = click.option(
    "--confirm", is_flag=True, help="Do it. Without this, only say what it would do and cost."
)

retry_option = click.option(
    "--retry-uncertain", is_flag=True, help="Also what was asked before without a reply; look on the platform first."
)


def https(_ctx: click.Context, _param: click.Parameter, address: str | None) -> str | None:
    if address is not None and not address.startswith("https://"):
        raise click.BadParameter("it must begin with https://, which both platforms ask for")
    return address


address_option = click.option(
    "--address", required=True, callback=https, help="Where the study is served, like https://lab.example."
)


@contextmanager
def open_campaign(slug: str, sandbox: bool) -> Iterator["Campaign"]:
    from study.database.db import ready_database
    from study.database.find import find_study
    from study.definition import frozen_definition
    from study.recruitment.campaign import Campaign
    from study.recruitment.providers import open_account
    from study.security import identity_key

    with ready_database() as database:
        with database.reading() as session:
            provider = frozen_definition(find_study(session, slug)).participants.provider
        platform = open_account(provider, os.environ, sandbox)
        account, secret = provider + "-sandbox" * sandbox, identity_key(os.environ)
        yield Campaign(database, platform, slug, provider, account, secret, "manage.py", clock.now)


def recorded(c: "Campaign", address: str) -> "Posting":
    from study.recruitment import offering
    from study.recruitment.campaign import offered

    about = offered(c)
    asked = offering.Asked(address, about.get("places"), about.get("cents"))
    return offering.posting(c, asked, is_signed())


def is_signed() -> bool:
    """Where the server verifies who comes, the platform is asked to sign its links."""
    return bool(os.environ.get("DISCERN_PROLIFIC_JWKS"))


def tell_money(c: "Campaign", posting: "Posting") -> None:
    """What is offered, to how many, what it costs and what people get for an hour."""
    from study.recruitment.campaign import platform_name
    from study.recruitment.offering import worth

    click.echo(f"{posting.name}: {posting.url}, {posting.minutes} minutes, on {platform_name(c)}")
    click.echo(f"{posting.places} places at {money(posting.reward)} each: {total(c, posting.places, posting.reward)}")
    found = worth(c, posting)
    currency = found.currency or "in the account's currency"
    click.echo(f"That is {money(found.per_hour)} {currency} an hour.")
    for warning in found.warnings:
        click.echo(warning)
    needed = outlook(c).needed
    if posting.places > needed:
        click.echo(f"The study here needs {needed} more people: those who come later are sent back.")


def total(c: "Campaign", people: int, cents: int) -> str:
    cost = c.platform.cost(people, cents)
    return f"{money(cost.total)} in all, {cost.how}"


def tell(standing: "Standing") -> None:
    taken = "" if standing.taken is None else f", {standing.taken} taken"
    click.echo(f"It is {standing.state} there ({standing.word}): {standing.places} places{taken}. {standing.link}")


def tell_codes(c: "Campaign") -> None:
    from study.recruitment.offering import ending_codes

    for line in ending_codes(c):
        click.echo(line)


def tell_strange(strange: tuple[Any, ...]) -> None:
    from study.recruitment.platform import SUBMITTED

    handed_in = sum(submission.state == SUBMITTED for submission in strange)
    if handed_in:
        click.echo(f"{handed_in} handed in there without ever joining here: look at their codes on the platform.")


def tell_only_here(c: "Campaign", only_here: tuple[str, ...]) -> None:
    from study.recruitment.campaign import platform_name

    for public_id in only_here:
        click.echo(
            f"Left for you: {public_id}: finished here, and {platform_name(c)} tells of no submission. It was a preview"
            " or another study's link, or they have not handed in yet; a preview is left out with"
            " `./manage.py exclude`."
        )


def hide_from_those_who_handed_in(c: "Campaign", confirm: bool) -> None:
    """With `confirm` they are shown no further place; where that fails the rest is told all the same."""
    from study.errors import PlatformError
    from study.recruitment.groups import keep_out, still_shown

    try:
        shown = still_shown(c)
        if shown and confirm:
            keep_out(c, shown)
            click.echo(f"{len(shown.people)} people who handed in are shown the study no more.", err=True)
        elif shown:
            told = f"{len(shown.people)} people who handed in may be shown the study once more"
            click.echo(f"{told}; the same command with --confirm hides it from them.", err=True)
    except PlatformError as error:
        click.echo(f"People who handed in may be shown the study once more: {error}", err=True)


def money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"


def outlook(c: "Campaign") -> Any:
    from study.conduct.progress import progress
    from study.database.find import find_study

    with c.database.reading() as session:
        return progress(session, find_study(session, c.slug), c.clock()).outlook


def when(full_at: Any) -> str:
    return f"; at this rate it is full on {full_at:%Y-%m-%d}" if full_at else ""
