"""`deploy-check`: whether a server can be shown to participants."""

from dataclasses import asdict
from datetime import timedelta

import click

from commands.options import json_option, print_json


@click.command("deploy-check")
@click.option("--origin", required=True, help="Address of the server, like https://study.example.org.")
@click.option(
    "--backup-hours", default=26, show_default=True, type=click.IntRange(1, 8760), help="How old a backup may be."
)
@json_option
def deploy_check(origin: str, backup_hours: int, as_json: bool) -> None:
    """Say of each thing that a server needs whether it is ready, or what to do.

    TLS, forwarded headers, secret, host names, database, pictures, disk, clock, contact and backups. Run it on the
    server with the server's settings, while it serves. Exit status 1 when something is not ready.

    Example: ./manage.py deploy-check --origin https://study.example.org
    """
    from study.deployment import NOT_READY, Deployment

    findings = Deployment(origin, timedelta(hours=backup_hours)).findings()
    problems = sum(finding.state == NOT_READY for finding in findings)
    if as_json:
        print_json({"ready": not problems, "checks": [asdict(finding) for finding in findings]})
    else:
        for finding in findings:
            click.echo(f"{finding.state:<10} {finding.name}: {finding.words}")
    if problems:
        raise click.exceptions.Exit(1)


COMMANDS = (deploy_check,)
