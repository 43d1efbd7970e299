"""`./manage.py recruit …`: a study offered on Prolific or Mechanical Turk, people paid; nothing without --confirm.

What they need is imported inside them: `manage.py --help` must not wait for it.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commands.campaigns import (
    NOTHING_DONE,
    address_option,
    confirm_option,
    hide_from_those_who_handed_in,
    https,
    is_signed,
    money,
    open_campaign,
    outlook,
    recorded,
    retry_option,
    sandbox_option,
    tell,
    tell_codes,
    tell_money,
    tell_only_here,
    tell_strange,
    total,
    when,
)
from commands.options import open_study_option
from commands.recruit_workspace import WORKSPACE_COMMANDS

if TYPE_CHECKING:
    from study.recruitment.campaign import Campaign


@click.group()
def recruit() -> None:
    """Offer a study on Prolific or Mechanical Turk, watch it, approve, pay bonuses, release places.

    \b
    Keys come from the environment: DISCERN_PROLIFIC_TOKEN, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
    (and AWS_SESSION_TOKEN), or AWS_PROFILE.
    """


def _read_settings(_ctx: click.Context, _param: click.Parameter, path: Path | None) -> dict[str, Any] | None:
    if path is None:
        return None
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise click.BadParameter(f"{path} cannot be read as JSON: {error}") from error
    if not isinstance(settings, dict):
        raise click.BadParameter(f'{path} must hold one JSON object, such as {{"naivety_distribution_rate": 1}}')
    return settings


@recruit.command()
@open_study_option
@click.option("--address", callback=https, help="Where the study is served: https://lab.example.")
@click.option("--places", type=click.IntRange(1, 10_000), help="How many people; else [recruitment] places.")
@click.option("--reward", type=click.IntRange(1, 100_000), help="For each, in cents; else [recruitment] reward.")
@click.option("--description", help="Below the title on the platform; else [recruitment] description.")
@click.option(
    "--settings",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    callback=_read_settings,
    help="A JSON file with further fields of the platform's request; they come before all others.",
)
@click.option("--adopt", metavar="ID", help="It is there already under this id: only remember it.")
@sandbox_option
def create(
    slug: str,
    address: str | None,
    places: int | None,
    reward: int | None,
    description: str | None,
    settings: dict[str, Any] | None,
    adopt: str | None,
    sandbox: bool,
) -> None:
    """Make a draft on the definition's platform, which nobody sees and which costs nothing; `publish` offers it.

    Example: ./manage.py recruit create --study my.toml --address https://lab.example --places 90 --reward 250
    """
    from study.recruitment import offering
    from study.recruitment.campaign import platform_id, platform_name

    with open_campaign(slug, sandbox) as c:
        if adopt:
            offering.adopt(c, adopt, places, reward)
            click.echo(f"Study {slug!r} is known to be on {platform_name(c)} as {adopt}.")
            return tell_codes(c)
        if address is None:
            raise click.UsageError("Missing option '--address'")
        posting = offering.posting(c, offering.Asked(address, places, reward, description, settings), is_signed())
        tell_money(c, posting)
        is_new = offering.create(c, posting)
        study_id = platform_id(c)
        if is_new:
            click.echo(f"The draft is there as {study_id}: {c.platform.standing(study_id).link}")
            click.echo("Nobody sees it yet. Look at it, then: ./manage.py recruit publish, with the same --address.")
        else:
            click.echo(f"It is there already as {study_id}; nothing was changed. `recruit add-places` adds places.")
        tell_codes(c)


@recruit.command()
@open_study_option
@address_option
@sandbox_option
@confirm_option
def publish(slug: str, address: str, sandbox: bool, confirm: bool) -> None:
    """Offer the draft to people.

    Example: ./manage.py recruit publish --study my.toml --address https://lab.example --confirm
    """
    from study.recruitment import offering

    with open_campaign(slug, sandbox) as c:
        posting = recorded(c, address)
        tell_money(c, posting)
        if not confirm:
            return click.echo(NOTHING_DONE)
        tell(offering.publish(c, posting))


@recruit.command("add-places")
@open_study_option
@click.argument("more", type=click.IntRange(1, 10_000))
@address_option
@sandbox_option
@confirm_option
def add_places(slug: str, more: int, address: str, sandbox: bool, confirm: bool) -> None:
    """Raise the number of places by MORE.

    Example: ./manage.py recruit add-places 80 --study my.toml --address https://lab.example --confirm
    """
    from dataclasses import replace

    from study.recruitment import offering

    with open_campaign(slug, sandbox) as c:
        posting = recorded(c, address)
        tell_money(c, replace(posting, places=more))
        if not confirm:
            return click.echo(NOTHING_DONE)
        tell(offering.add_places(c, posting, more))


def _switch(name: str, state: str, done: str, help_text: str) -> None:
    @recruit.command(name, help=help_text)
    @open_study_option
    @sandbox_option
    @confirm_option
    def switch(slug: str, sandbox: bool, confirm: bool) -> None:
        from study.recruitment import offering

        with open_campaign(slug, sandbox) as c:
            if not confirm:
                click.echo(NOTHING_DONE)
            else:
                tell(offering.switch(c, state))
                click.echo(done + _switch_here(c, state))


def _switch_here(c: "Campaign", state: str) -> str:
    """The study's own state follows where the definition says so; what is told of it."""
    from study.conduct.actions import set_state
    from study.database.find import find_study
    from study.definition import frozen_definition

    with c.database.writing() as session:
        study = find_study(session, c.slug)
        if not frozen_definition(study).recruitment.with_study or study.state == state:
            return f" Here the study is {study.state}."
        set_state(session, c.slug, state, c.actor, c.clock())
        session.commit()
    return f" Here the study is {state}, too."


_switch(
    "pause",
    "paused",
    "Nobody new comes; people who have begun can finish.",
    "Show the study to nobody new.\n\nExample: ./manage.py recruit pause --study my.toml --confirm",
)
_switch(
    "resume",
    "open",
    "People can come again.",
    "Show a paused study again.\n\nExample: ./manage.py recruit resume --study my.toml --confirm",
)
_switch(
    "stop",
    "closed",
    "It is over on the platform; more places would open it again.",
    "End the study on the platform.\n\nExample: ./manage.py recruit stop --study my.toml --confirm",
)


@recruit.command()
@open_study_option
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@sandbox_option
@confirm_option
def status(slug: str, as_json: bool, sandbox: bool, confirm: bool) -> None:
    """Places, submissions by state, people who finished here but have not handed in there, and money so far.

    It is stored for the dashboard as well, which asks no platform itself. With --confirm, workers of Mechanical Turk
    who handed in get the study's qualification, so that they are not shown its further places.

    Example: ./manage.py recruit status --study my.toml
    """
    from dataclasses import asdict

    from study.recruitment.standing import overview

    with open_campaign(slug, sandbox) as c:
        now, ahead = overview(c), outlook(c)
        hide_from_those_who_handed_in(c, confirm)
    if as_json:
        full_at = ahead.full_at.isoformat() if ahead.full_at else None
        here = {"finished": ahead.finished, "needed": ahead.needed, "full_at": full_at}
        return click.echo(json.dumps(asdict(now) | {"here": here}, indent=2))
    tell(now.standing)
    words = ", ".join(f"{number} {word}" for word, number in sorted(now.words.items()))
    click.echo(f"Submissions: {words or 'none yet'}.")
    click.echo(f"Here: {ahead.finished} finished, {ahead.needed} more are needed{when(ahead.full_at)}.")
    if now.finished_but_not_handed_in:
        click.echo(f"Finished here, not handed in there: {', '.join(now.finished_but_not_handed_in)}; see `approve`.")
    if now.unknown_here:
        click.echo(f"{now.unknown_here} handed in there without ever joining here.")
    rewards = "rewards are not known here" if now.rewards is None else f"{money(now.rewards)} of rewards approved"
    click.echo(f"{rewards}, {money(now.bonuses)} of bonuses.")
    if now.spent is not None:
        click.echo(f"Cost so far: {money(now.spent)} with the platform's fee.")


@recruit.command()
@open_study_option
@sandbox_option
def codes(slug: str, sandbox: bool) -> None:
    """The completion code of each ending, and what the platform does with it.

    Example: ./manage.py recruit codes --study my.toml
    """
    with open_campaign(slug, sandbox) as c:
        tell_codes(c)


@recruit.command()
@open_study_option
@sandbox_option
@confirm_option
def approve(slug: str, sandbox: bool, confirm: bool) -> None:
    """Approve, and so pay, people who finished and handed in. The others are listed, with what can be done.

    Example: ./manage.py recruit approve --study my.toml --confirm
    """
    from study.errors import PlatformError
    from study.recruitment import paying
    from study.recruitment.campaign import everybody, platform_name, reward

    with open_campaign(slug, sandbox) as c:
        people = everybody(c)
        due, each = paying.awaiting_approval(people.known), reward(c)
        cost = total(c, len(due), each) if each is not None else "the reward that the platform knows, for each"
        click.echo(f"{len(due)} submissions to approve on {platform_name(c)}: {cost}")
        for person, advice in paying.left_for_you(people.known):
            click.echo(f"Left for you: {person.public_id} ({person.submission.word}): {advice}")
        tell_strange(people.strange)
        tell_only_here(c, people.only_here)
        if due and not confirm:
            return click.echo(NOTHING_DONE)
        done = 0
        try:
            for done in paying.approve(c, due):  # noqa: B007
                pass
        except PlatformError as error:
            told = f"{done} of {len(due)} approved, then: {error}; the same command goes on"
            raise click.ClickException(told) from error
        click.echo(f"{done} approved.")


@recruit.command()
@open_study_option
@click.argument("participants", nargs=-1, required=True, metavar="PARTICIPANT…")
@click.option("--cents", required=True, type=click.IntRange(1, 100_000), help="For each of them.")
@click.option("--reason", required=True, help="The message to the participant. One bonus per person and reason.")
@sandbox_option
@retry_option
@confirm_option
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
    from study.recruitment import paying
    from study.recruitment.campaign import everybody

    with open_campaign(slug, sandbox) as c:
        chosen = paying.payable(c, everybody(c).known, participants)
        due = [person for person in chosen if not paying.is_paid(c, person, reason)]
        paid = f", {len(chosen) - len(due)} were paid before" if len(due) < len(chosen) else ""
        click.echo(f"{len(due)} bonuses of {money(cents)}{paid}: {total(c, len(due), cents)}")
        for person in due:
            click.echo(f"  {person.public_id}: {person.submission.word}")
        if due and not confirm:
            return click.echo(NOTHING_DONE)
        _pay_each(c, due, cents, reason, retry_uncertain)


@recruit.command()
@open_study_option
@sandbox_option
@confirm_option
def release(slug: str, sandbox: bool, confirm: bool) -> None:
    """Free the places of people who returned their submission or ran out of time; leases do it too, later.

    Places are freed here, without --confirm too. With it, the study is also hidden from workers of Mechanical Turk who
    handed in, as by `status`.

    Example: ./manage.py recruit release --study my.toml
    """
    from study.recruitment.campaign import release as release_places

    with open_campaign(slug, sandbox) as c:
        hide_from_those_who_handed_in(c, confirm)
        click.echo(f"Places of {release_places(c)} people are free.")


def _pay_each(c: "Campaign", due: list[Any], cents: int, reason: str, retry: bool) -> None:
    """Pay each and tell them; one that fails ends it, and the same command goes on from there."""
    from study.errors import PlatformError
    from study.recruitment import paying

    uncertain, untold, done = [], [], 0
    for person in due:
        try:
            is_paid = paying.pay_bonus(c, person, cents, reason, retry)
        except PlatformError as error:
            raise click.ClickException(f"{done} of {len(due)} paid, then: {error}; the same command goes on") from error
        done += is_paid
        if not is_paid:
            uncertain.append(person.public_id)
        elif not paying.tell(c, person, reason):
            untold.append(person.public_id)
    click.echo(f"{done} paid.")
    if untold:
        click.echo(f"The reason did not reach {', '.join(untold)}: write to them on the platform.")
    if uncertain:
        raise click.ClickException(
            f"of {', '.join(uncertain)} it is not known whether an earlier try was paid, because its reply was lost;"
            " look on the platform, then use --retry-uncertain for those that were not"
        )


for _command in WORKSPACE_COMMANDS:
    recruit.add_command(_command)
COMMANDS = (recruit,)
