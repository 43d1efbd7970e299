"""`./manage.py recruit …` about the workspace: who took part, test participants, webhooks. Nobody is paid by these."""

import os
from typing import TYPE_CHECKING

import click

from commands.campaigns import NOTHING_DONE, address_option, confirm_option, open_campaign, retry_option, sandbox_option
from commands.options import open_study_option

if TYPE_CHECKING:
    from study.recruitment.campaign import Campaign
    from study.recruitment.sona_credit import Office, Student

_HOOK = "/hooks/prolific"
_UNKNOWN = (
    "it is not known whether SONA gave credit, because its reply was lost; look there, then use --retry-uncertain"
)


@click.command("keep-group")
@open_study_option
@click.argument("name")
@sandbox_option
@confirm_option
def keep_group_command(slug: str, name: str, sandbox: bool, confirm: bool) -> None:
    """Put everybody who joined into the platform's list NAME: a participant group, or a qualification.

    The list stays on the platform. With its id as `[recruitment] not_groups`, a later study is not shown to them.

    Example: ./manage.py recruit keep-group "Took part in study A" --study my.toml --confirm
    """
    from study.recruitment.campaign import everybody, platform_name
    from study.recruitment.groups import keep_group

    with open_campaign(slug, sandbox) as c:
        if not confirm:
            click.echo(f"{len(everybody(c).known)} people joined here and are known on {platform_name(c)}.")
            return click.echo(NOTHING_DONE)
        group = keep_group(c, name)
        click.echo(f"{group.added} people were added to {name!r}; it has {group.members} now.")
        click.echo(f'For a later study that they are not shown: not_groups = ["{group.id}"] in its [recruitment].')


@click.command()
@open_study_option
@click.argument("participants", nargs=-1, metavar="[ID]…")
@click.option(
    "--email", help="Make a test participant on Prolific with this address, which Prolific must not know yet."
)
@confirm_option
def tester(slug: str, participants: tuple[str, ...], email: str | None, confirm: bool) -> None:
    """Mark people of your lab, by their ids on the platform: they are never counted as participants.

    They take the study as everybody does, and are shown under "Simulated participants". Mark them before they come.

    Example: ./manage.py recruit tester 5f0c1e2d3a4b5f0c1e2d3a4b --study my.toml --confirm
    """
    number = len(participants) + bool(email)
    if not number:
        raise click.UsageError("give ids of the platform, or --email for a new test participant")
    with open_campaign(slug, sandbox=False) as c:
        if not confirm:
            return click.echo(f"{number} would be marked. {NOTHING_DONE}")
        _mark(c, participants, email)
        click.echo(f"{number} marked: they are counted in no study here.")


def _mark(c: "Campaign", participants: tuple[str, ...], email: str | None) -> None:
    from study.recruitment.testers import make_tester, mark_tester

    for key in participants:
        mark_tester(c, key)
    if email:
        click.echo(f"The test participant is there as {make_tester(c, email)}; reset the password, then log in.")


@click.command("test-study")
@open_study_option
@confirm_option
def test_study(slug: str, confirm: bool) -> None:
    """Copy the draft on Prolific into a study for your test participants, who are never counted.

    Prolific enables this for some workspaces only.

    Example: ./manage.py recruit test-study --study my.toml --confirm
    """
    from study.recruitment.testers import make_test_study

    with open_campaign(slug, sandbox=False) as c:
        if not confirm:
            return click.echo(f"The draft would be copied for the workspace's test participants. {NOTHING_DONE}")
        click.echo(f"The test study is there: {make_test_study(c)}")


@click.command()
@open_study_option
@address_option
@confirm_option
def webhook(slug: str, address: str, confirm: bool) -> None:
    """Have Prolific tell the server of each change of a submission, so that `status` need not be run so often.

    It prints the secret of the workspace, which the server needs to verify what it is told.

    Example: ./manage.py recruit webhook --study my.toml --address https://lab.example --confirm
    """
    with open_campaign(slug, sandbox=False) as c:
        url = f"{address.rstrip('/')}{_HOOK}"
        if not confirm:
            return click.echo(f"Prolific would tell {url} of each change of a submission. {NOTHING_DONE}")
        subscription = c.platform.subscribe(url)
        click.echo(f"Prolific {'tells' if subscription.is_new else 'told already'} {url} of each change.")
        click.echo("Set this for the server, keep it secret, and restart the server:")
        click.echo(f"DISCERN_PROLIFIC_HOOK_SECRET={subscription.secret}")


@click.command()
@open_study_option
@retry_option
@confirm_option
def credit(slug: str, retry_uncertain: bool, confirm: bool) -> None:
    """Give credit on SONA to people who finished, from here to SONA's server, each once.

    DISCERN_SONA_SERVER_URL is the "Server-Side Completion URL" that SONA shows for the study. It takes the place of
    `sona_completion_url`: give credit in one of the two ways.

    Example: ./manage.py recruit credit --study my.toml --confirm
    """
    from study import clock
    from study.database.db import ready_database
    from study.recruitment.sona_credit import Office, due

    with ready_database() as database:
        office = Office.of(os.environ, database, slug, "manage.py", clock.now)
        people = due(database, slug)
        if not confirm:
            return click.echo(f"{len(people)} people finished and are not excluded. {NOTHING_DONE}")
        states = _give_all(office, people, retry_uncertain)
    lacking = {public_id: why for public_id, why in states.items() if why}
    click.echo(f"{len(people) - len(lacking)} of {len(people)} have credit.")
    if lacking:
        raise click.ClickException("\n".join(f"{public_id}: {why}" for public_id, why in lacking.items()))


def _give_all(office: "Office", people: "list[Student]", retry: bool) -> dict[str, str]:
    """participant_id → why SONA gave no credit, as far as is known; empty where it did. A lost reply ends it."""
    from study.errors import PlatformError, PlatformRefusedError

    states: dict[str, str] = {}
    for person in people:
        try:
            states[person.public_id] = "" if office.give(person, retry) else _UNKNOWN
        except PlatformRefusedError as refusal:
            states[person.public_id] = str(refusal)
        except PlatformError as error:
            given = sum(not why for why in states.values())
            raise click.ClickException(f"{given} have credit; {person.public_id}: {error}") from error
    return states


WORKSPACE_COMMANDS = (credit, keep_group_command, tester, test_study, webhook)
